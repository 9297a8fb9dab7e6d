"""The weights that a run, or a classifier, starts from: a run, a folder, a file, or those of torchvision and timm.

Where they lie, and whether they fit, is told without torch, so that a form can say it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byol_core.config import NetworkConfig, RunConfig, build
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing
from byol_core.system import paths

if TYPE_CHECKING:
    from byol_core.networks import Encoder

KEY = "network.pretrained"  # the setting that names them
SHIPPED = "byol-tiny"  # the finished run that comes along
CLASSIFIER = "model.safetensors"  # what a saved classifier's folder holds
_HUB = re.compile(r"(torchvision|timm):(\w+)(\.[\w.-]+)?")
RESNETS = ("resnet18", "resnet34", "resnet50")  # that other libraries have, too
_ID = re.compile(r"[\w-]{1,64}")
_MOST_HEADER_BYTES = 2**20


@dataclass(frozen=True)
class Start:
    """An encoder on the CPU, in evaluation mode.

    ``digest`` names its weights: 16 hexadecimal digits. ``image_size`` is that of the images it learned from, in
    pixels; None where nobody says. ``objective`` is what its run learned by; empty where nobody says.
    """

    encoder: Encoder
    title: str
    digest: str
    image_size: int | None = None
    objective: str = ""


# Without torch


def is_hub(spec: str) -> bool:
    """Whether the weights are those of a library, by name, and not something on this machine."""
    return _HUB.fullmatch(spec) is not None


def find(spec: str, home: Path | None = None) -> Path | None:
    """The folder or file of ``byol-tiny``, of a run's id in a home, or at a path; None when there is none."""
    if spec == SHIPPED:
        return paths.bundled(f"assets/{SHIPPED}")
    folder = (home or paths.home()) / spec
    with suppress(OSError, ValueError):
        if _ID.fullmatch(spec) and (folder / "config.json").is_file():
            return folder
        path = paths.typed(spec)
        if path.is_file() or (path.is_dir() and _can_be_loaded(path)):
            return path.resolve()
    return None


def _can_be_loaded(folder: Path) -> bool:
    return (folder / "config.json").is_file() or (folder / CLASSIFIER).is_file()


def mismatch(config: RunConfig, home: Path | None = None) -> InputError | None:
    """What to say when the weights that the settings start from are of another network, as far as that is known."""
    spec = config.network.pretrained
    hub = _HUB.fullmatch(spec)
    if hub and hub[2] not in RESNETS:
        return InputError(
            "Setting 'network.pretrained' should name {names} of {hub}, but is '{value}'.",
            setting=KEY,
            names=Listing(RESNETS, "comma"),
            hub=hub[1],
            value=spec,
        )
    found = network_of(spec, home) if spec else None
    return None if found is None else differs(config.network, config.data.image_size, found, spec)


def network_of(spec: str, home: Path | None = None) -> dict[str, Any] | None:
    """The settings of the network whose weights these are: encoder, stem, encoder_norm; None when nobody can tell yet.

    The stem is ``small`` or ``imagenet`` for a ResNet, and ``auto`` for a conv net, which has none.
    """
    if hub := _HUB.fullmatch(spec):
        return {"encoder": hub[2], "stem": "imagenet", "encoder_norm": "batch"}
    path = find(spec, home)
    try:
        if path is not None and path.suffix == ".safetensors":
            header = _header(path)
            return described(NetworkConfig.model_validate_json(header["network"]), int(header["image_size"]))
        if path is not None and path.is_dir():
            return _of_folder(json.loads((path / "config.json").read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, LabError):  # read again, and complained of, when it starts
        return None
    return None


def _of_folder(tree: Any) -> dict[str, Any]:
    if "architectures" in tree:  # of a saved classifier
        return described(NetworkConfig.model_validate(tree["network"]), int(tree["image_size"]))
    config = build(tree)
    return described(config.network, config.data.image_size)


def _header(path: Path) -> Mapping[str, str]:
    """The text that a safetensors file carries: its length in 8 bytes, then JSON."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        tree = json.loads(file.read(min(length, _MOST_HEADER_BYTES)))
    found: Mapping[str, str] = tree["__metadata__"]
    return found


def described(network: NetworkConfig, image_size: int) -> dict[str, Any]:
    """The settings that decide which weights fit."""
    stem = ("small" if network.small_stem(image_size) else "imagenet") if "resnet" in network.encoder else "auto"
    return {"encoder": network.encoder, "stem": stem, "encoder_norm": network.encoder_norm}


def differs(network: NetworkConfig, image_size: int, found: Mapping[str, Any], title: str) -> InputError | None:
    """What to say of the first setting that is not as the weights have it; None when they fit."""
    mine = described(network, image_size)
    for key, value in found.items():
        if mine[key] != value:
            name = f"network.{key}"
            return InputError(
                "Setting '{key}' should be {wanted} to start from '{title}', but is {value}.",
                setting=name,
                key=name,
                wanted=value,
                title=title,
                value=mine[key],
            )
    return None


def settled(config: RunConfig, home: Path, run_id: Callable[[str], str]) -> RunConfig:
    """The settings with a start that another folder and another day still find: a run's whole id, a file's whole path.

    ``run_id`` gives the id of a run by its name or the beginning of its id, and raises InputError when there is none.
    InputError when there are no such weights, or when they are known to be of another network.
    """
    spec = config.network.pretrained
    if not spec:
        return config
    if spec != SHIPPED and not is_hub(spec):
        path = find(spec, home)
        config = config.changed(**{"network.pretrained": _whole(spec, path, home, run_id)})
    if complaint := mismatch(config, home):
        raise complaint
    return config


def _whole(spec: str, path: Path | None, home: Path, run_id: Callable[[str], str]) -> str:
    if path is not None:
        return path.name if path.parent == home else str(path)
    try:
        found = run_id(spec)
    except InputError:
        raise refused(spec) from None
    if find(found, home) is None:  # of another home, in a database of several
        raise refused(spec)
    return found


def refused(spec: str) -> InputError:
    """What is said of weights that are nowhere."""
    return InputError(
        "Setting 'network.pretrained' should be a run, a file of weights, torchvision:NAME or timm:NAME, but there is "
        "no '{value}'.",
        setting=KEY,
        value=spec,
    )


# With torch


def load(spec: str, home: Path | None = None) -> Start:
    """The encoder that ``spec`` names; InputError when there is none, LabError when it cannot be read or fetched."""
    from byol_core.weights import hubs

    if spec.partition(":")[0] in hubs.HUBS:
        return _start(hubs.from_hub(spec), None, "", spec)
    path = find(spec, home)
    if path is None:
        raise refused(spec)
    return _start(*_read(path), spec)


def _read(path: Path) -> tuple[Encoder, int | None, str]:
    """The encoder, the side of its images, and the objective of its run."""
    from byol_core.weights import encoder_files, hubs

    if path.is_dir() and (path / CLASSIFIER).is_file():
        return *encoder_files.of_classifier(path / "config.json", path / CLASSIFIER), ""  # it was trained further since
    if path.is_dir():
        found = encoder_files.load_encoder(path)
        return found.encoder, found.config.data.image_size, found.config.method.objective
    header: Mapping[str, str] = {}
    with suppress(OSError, ValueError, KeyError, TypeError):
        if path.suffix == ".safetensors":
            header = _header(path)
    size = header.get("image_size", "")
    ours = (
        "network" in header and "mean" not in header
    )  # a mean: under the names of torchvision, without the first layer
    encoder = encoder_files.load_weights(path) if ours else hubs.from_file(path)
    return encoder, int(size) if size.isdecimal() else None, ""


def _start(encoder: Encoder, image_size: int | None, objective: str, title: str) -> Start:
    found = hashlib.sha256()
    for name, value in sorted(encoder.state_dict().items()):
        found.update(name.encode())
        found.update(value.contiguous().numpy().tobytes())
    return Start(encoder, title, found.hexdigest()[:16], image_size, objective)


def check(start: Start, config: RunConfig) -> None:
    """InputError in one sentence when the weights are of another network than the settings name."""
    from byol_core.weights import hubs

    found = described(hubs.network_of(start.encoder.body.state_dict(), start.title), config.data.image_size)
    if complaint := differs(config.network, config.data.image_size, found, start.title):
        raise complaint
