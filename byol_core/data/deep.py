"""Pixels of more than 8 bits: their values as the file holds them. Of color, Pillow alone gives the upper bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from byol_core.data.pixels import Array, Scale

# What Pillow calls the bytes of 16-bit color, and what the same bytes are called in the other order: read in that
# order, the upper byte of a value is what was its lower one.
_OTHER = "B" if sys.byteorder == "little" else "L"
SWAPPED = {
    f"{bands};16{order}": f"{bands};16{other}"
    for bands in ("RGB", "RGBA", "RGBX")
    for order, other in (("B", "L"), ("L", "B"), ("N", _OTHER))
}
GRAY_ALPHA = "LA;16B"  # four bytes a pixel: read as they are, they are both bytes of both bands
# Tags of a TIFF.
PHOTOMETRIC, SAMPLES, EXTRA_SAMPLES = 262, 277, 338
WHITE_IS_ZERO, COLORED, UNSPECIFIED = 0, 2, 0


@dataclass(frozen=True)
class Deep:
    """Values (H, W) or (H, W, 3), transparency (H, W) uint8 or None, and whether low values are bright."""

    values: Array
    alpha: NDArray[np.uint8] | None = None
    inverted: bool = False

    def picture(self, scale: Scale) -> Image.Image:
        """As RGB or RGBA of 8 bits."""
        pixels = scale(self.values)
        found = Image.fromarray(255 - pixels if self.inverted else pixels).convert("RGB")
        if self.alpha is not None:
            found.putalpha(Image.fromarray(self.alpha))
        return found


def values_of(picture: ImageFile, again: Callable[[], ImageFile]) -> Deep | None:
    """The values of a loaded or unloaded picture, None if they are bytes; ``again`` opens it a second time."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return Deep(np.asarray(picture), inverted=_tag(picture, PHOTOMETRIC) == WHITE_IS_ZERO)
    raw = _raw_mode(picture)
    if raw == GRAY_ALPHA:
        return _gray_alpha(picture)
    if raw in SWAPPED and "transparency" not in picture.info:
        return _color(picture, again(), SWAPPED[raw])
    return None


def has_other_band(picture: ImageFile) -> bool:
    """Whether a TIFF has a fourth band that it does not call transparency."""
    if picture.format != "TIFF" or _tag(picture, PHOTOMETRIC) != COLORED or len(picture.getbands()) < 3:
        return False
    if _tag(picture, SAMPLES) in (None, 1, 2, 3):
        return False
    extra = _tag(picture, EXTRA_SAMPLES)
    return extra is None or (extra[0] if isinstance(extra, tuple) else extra) == UNSPECIFIED


def _tag(picture: ImageFile, number: int) -> int | tuple[int, ...] | None:
    tags = getattr(picture, "tag_v2", None)
    return None if tags is None else tags.get(number)


def _raw_mode(picture: ImageFile) -> str:
    """What Pillow calls the bytes of the file, where all its tiles are alike; else nothing."""
    found = {_arguments(tile)[:1] for tile in picture.tile} if picture.mode in ("RGB", "RGBA") else set()
    only = found.pop() if len(found) == 1 else ("",)
    return only[0] if only and isinstance(only[0], str) else ""


def _arguments(tile: Any) -> tuple[Any, ...]:
    return tile.args if isinstance(tile.args, tuple) else (tile.args,)


def _with_raw_mode(picture: ImageFile, raw: str) -> ImageFile:
    picture.tile = [
        tile._replace(args=(raw, *_arguments(tile)[1:]) if isinstance(tile.args, tuple) else raw)
        for tile in picture.tile
    ]
    return picture


def _gray_alpha(picture: ImageFile) -> Deep:
    upper, lower, alpha, _ = np.moveaxis(np.asarray(_with_raw_mode(picture, "RGBA")), 2, 0)
    return Deep(upper.astype(np.uint16) * 256 + lower, np.ascontiguousarray(alpha))


def _color(picture: ImageFile, twin: ImageFile, raw: str) -> Deep:
    with twin:
        lower = np.asarray(_with_raw_mode(twin, raw))
    upper = np.asarray(picture)
    values = upper[..., :3].astype(np.uint16) * 256 + lower[..., :3]
    alpha = upper[..., 3] if upper.shape[2] == 4 and not has_other_band(picture) else None
    return Deep(values, None if alpha is None else np.ascontiguousarray(alpha))
