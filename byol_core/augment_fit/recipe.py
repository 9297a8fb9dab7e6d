"""From what was measured of a set to plain settings, with the reason for each."""

from __future__ import annotations

from collections.abc import Iterator

from byol_core.augment_fit.choices import Choice, Why
from byol_core.augment_fit.measures import DETAIL_SIDE, Measures
from byol_core.augment_fit.symmetry import Symmetry

PLACED = 0.5  # of the shifted images foreign, from which on the things in a set have their place in the frame
SMALL = 0.6  # of the edges left at 32 pixels, from which on little is lost: photos of 64 pixels keep 0.4
TELLS = 0.6  # color follows shape: 0.5 is chance
# Under this, color says nothing of what is shown, and two views of an image share it all the same: a network learns it
# instead of the shapes. Textures of any color, 850 steps: 0.52 with changes of color twice the paper's, 0.33 with them.
ANY = 0.53
# The classroom's encoder averages over the frame and so forgets where strokes are; this one, as fast, does not. Written
# characters, untrained: 0.25 with the one, 0.55 with the other. After 150 steps on them, crops of 0.25 did better than
# of 0.5 (0.44 and 0.37), and blur, noise and cutout worse (0.29).
_SUBJECT_VIEWS = {
    "views.crop": 0.25,
    "views.rotation": 0.1,
    "views.translation": 0.5,
    "network.encoder": "conv-quarter",
}
_SCENE_VIEWS = {"views.crop": 0.8, "views.rotation": 0.0, "views.translation": 0.0}
_NEVER = {"views.blur": 0.0, "views.solarize": 0.0, "views.noise": 0.0, "views.cutout": 0.0}


def choices(found: Measures | None) -> tuple[Choice, ...]:
    """What suits a set of which this was measured; None: of too few images to tell."""
    return tuple(_choices(found)) if found else (_of_few(),)


def _choices(found: Measures) -> Iterator[Choice]:
    yield _mirroring("views.flip_horizontal", found.mirrored, Why.MIRRORED_ALIKE, Why.MIRRORED_FOREIGN)
    yield _mirroring("views.flip_vertical", found.upside_down, Why.UPSIDE_DOWN_ALIKE, Why.UPSIDE_DOWN_FOREIGN)
    yield _colors(found)
    yield from _framing(found)


def _mirroring(key: str, symmetry: Symmetry, alike: Why, foreign: Why) -> Choice:
    why = alike if symmetry.alike else foreign
    return Choice(why, {key: float(symmetry.alike)}, {"share": max(0.0, symmetry.foreign)})


def _colors(found: Measures) -> Choice:
    light = {"views.brightness": 1.0, "views.contrast": 1.0}
    if found.colored < 0.05:
        return Choice(Why.GRAY, light)
    follows = found.color_follows_shape
    why, strength = Why.COLOR_FREE, 1.0
    if follows >= TELLS:
        why, strength = Why.COLOR_TELLS, 0.5
    elif follows < ANY:
        why, strength = Why.COLOR_ANY, 2.0
    color = dict.fromkeys(("views.saturation", "views.hue", "views.grayscale"), strength)
    return Choice(why, light | color, {"share": follows})


def _framing(found: Measures) -> Iterator[Choice]:
    placed = found.shifted.foreign >= PLACED
    share = {"share": max(0.0, found.shifted.foreign)}
    yield Choice(Why.SUBJECT, _SUBJECT_VIEWS, share) if placed else Choice(Why.SCENE, _SCENE_VIEWS, share)
    small = {"data.image_size": DETAIL_SIDE}
    values = {"share": found.detail, "side": DETAIL_SIDE}
    if found.detail >= SMALL:
        yield Choice(Why.SMALL_DETAIL, small, values)
    elif placed:
        yield Choice(Why.SEEN_WHOLE, small, values)
    else:
        yield Choice(Why.FINE_DETAIL, {}, values)


def _of_few() -> Choice:
    light = {"views.brightness": 1.0, "views.contrast": 1.0}
    return Choice(Why.TOO_FEW, light | _SCENE_VIEWS | {"views.flip_horizontal": 1.0})
