"""Names of classes as texts: those of named sets can be said in another language, those that somebody gave stay."""

from __future__ import annotations

from collections.abc import Mapping

from byol_core.data.catalog import find
from byol_core.data.given_names import as_given
from byol_core.messages import Message

_EUROSAT = (
    Message("AnnualCrop"),
    Message("Forest"),
    Message("HerbaceousVegetation"),
    Message("Highway"),
    Message("Industrial"),
    Message("Pasture"),
    Message("PermanentCrop"),
    Message("Residential"),
    Message("River"),
    Message("SeaLake"),
)
_PHOTOS = (  # of CIFAR-10 and STL-10
    Message("airplane"),
    Message("automobile"),
    Message("bird"),
    Message("car"),
    Message("cat"),
    Message("deer"),
    Message("dog"),
    Message("frog"),
    Message("horse"),
    Message("monkey"),
    Message("ship"),
    Message("truck"),
)
_CLOTHES = (
    Message("T-shirt/top"),
    Message("Trouser"),
    Message("Pullover"),
    Message("Dress"),
    Message("Coat"),
    Message("Sandal"),
    Message("Shirt"),
    Message("Sneaker"),
    Message("Bag"),
    Message("Ankle boot"),
)
_DIGITS = (
    Message("0 - zero"),
    Message("1 - one"),
    Message("2 - two"),
    Message("3 - three"),
    Message("4 - four"),
    Message("5 - five"),
    Message("6 - six"),
    Message("7 - seven"),
    Message("8 - eight"),
    Message("9 - nine"),
)
_IMAGENETTE = (
    Message("tench"),
    Message("English springer"),
    Message("cassette player"),
    Message("chain saw"),
    Message("church"),
    Message("French horn"),
    Message("garbage truck"),
    Message("gas pump"),
    Message("golf ball"),
    Message("parachute"),
)
_OF_SET: Mapping[str, tuple[Message, ...]] = {
    "eurosat": _EUROSAT,
    "eurosat-full": _EUROSAT,
    "cifar10": _PHOTOS,
    "stl10": _PHOTOS,
    "fashion-mnist": _CLOTHES,
    "mnist": _DIGITS,
    "imagenette": _IMAGENETTE,
}


def text_of(source: str, name: str) -> Message:
    """The name of a class of the set with this name or path, to be told where it is shown."""
    entry = find(source)
    known = _OF_SET.get(entry.name, ()) if entry else ()
    return next((text for text in known if text == name), as_given(name))
