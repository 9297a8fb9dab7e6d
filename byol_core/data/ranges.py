"""The range of the values of a set: found once for all images of one data type, so that they are scaled alike.

Of each image the outermost values are not counted (0.1 % at either end, two at least), nor is the outermost image of a
hundred: a hot pixel, or an overshoot of an earlier resize, does not decide how all others are seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from byol_core.config import value_range
from byol_core.data.pixels import AS_STORED, SIGNED, SIXTEEN_BIT, UNIT, Array, Scale
from byol_core.errors import InputError
from byol_core.messages import Listing, Message

# Shares that are not counted at either end: of the values of an image, and of the images of a set.
OUTLIERS, ODD_IMAGES = 0.001, 0.01
LEAST_OUTLIERS = 2
# Values of one image that are looked at.
SAMPLED = 2**18
# How far values may leave a range at which they are recognized, as a share of it; they are clipped.
SLACK = 0.1
# Floats that stay below this are not seen as shares of 1, and those that do not reach this are no bytes.
DIM, BRIGHT = 0.125, 64


def _bits(count: int) -> Scale:
    return Scale(0.0, 255 / (2**count - 1), Message("{bits}-bit values", bits=count))


TEN_BIT, TWELVE_BIT, FOURTEEN_BIT = _bits(10), _bits(12), _bits(14)
DEPTHS = ((255, AS_STORED), (1023, TEN_BIT), (4095, TWELVE_BIT), (16383, FOURTEEN_BIT), (65535, SIXTEEN_BIT))
NAMED = {
    "0-1": UNIT,
    "-1-1": SIGNED,
    "0-255": AS_STORED,
    "10-bit": TEN_BIT,
    "12-bit": TWELVE_BIT,
    "14-bit": FOURTEEN_BIT,
    "16-bit": SIXTEEN_BIT,
}
INT8 = Scale(128.0, 1.0, Message("values from {low} to {high}", low="-128", high="127"))


@dataclass(frozen=True)
class Edges:
    """The values at the ends of one image: all of them (``lowest``, ``highest``), and without the outliers."""

    dtype: str
    low: float
    high: float
    lowest: float
    highest: float


def data_type(dtype: np.dtype[np.generic]) -> str:
    """What is scaled alike: floats of any size, and integers of the same type."""
    return "float" if dtype.kind == "f" else dtype.newbyteorder("=").name


def edges_of(image: Array) -> Edges:
    """The edges of one image."""
    return edges_of_each(image[None])[0]


def edges_of_each(images: Array) -> list[Edges]:
    """The edges of each image (n, …); values that are not numbers show in ``lowest`` or ``highest``."""
    values = images.reshape(len(images), -1)
    lowest, highest = values.min(axis=1), values.max(axis=1)
    values = values[:, :: _step(values.shape[1])]
    last = values.shape[1] - 1
    cut = min(max(LEAST_OUTLIERS, int(OUTLIERS * last)), last // 4)
    ordered = np.partition(values, (cut, last - cut), axis=1)
    columns = (ordered[:, cut], ordered[:, last - cut], lowest, highest)
    dtype = data_type(images.dtype)
    return [Edges(dtype, *map(float, each)) for each in zip(*columns, strict=True)]


def _step(count: int) -> int:
    """An odd step, so that it does not stay in one column of the image."""
    return max(1, count // SAMPLED) | 1


class Survey:
    """Collects the edges of the images of a set, and finds the scale of each data type."""

    def __init__(self) -> None:
        self._edges: dict[str, list[Edges]] = {}

    def add(self, edges: Edges) -> None:
        """Count an image."""
        self._edges.setdefault(edges.dtype, []).append(edges)

    def scales(self, wanted: str, what: str) -> dict[str, Scale]:
        """The scale of each data type; ``wanted`` as ``data.range``. InputError if there is none."""
        return {dtype: _scale(dtype, edges, wanted, what) for dtype, edges in self._edges.items()}


def words(scales: Mapping[str, Scale]) -> str:
    """The ranges that were assumed."""
    return Listing(dict.fromkeys(scale.words for scale in scales.values()), "comma")


def _scale(dtype: str, edges: list[Edges], wanted: str, what: str) -> Scale:
    limits = value_range.limits(wanted)
    if limits is not None:
        return NAMED.get(wanted) or between(*limits, what)
    low = sorted(each.low for each in edges)[int(ODD_IMAGES * len(edges))]
    high = sorted(each.high for each in edges)[-1 - int(ODD_IMAGES * len(edges))]
    lowest, highest = min(each.lowest for each in edges), max(each.highest for each in edges)
    if low >= high or (dtype != "float" and high <= 1):  # a few values may differ, or all are zeros and ones
        low, high = lowest, highest
    return between(low, high, what) if wanted == value_range.MIN_MAX else find_scale(dtype, low, high, what)


def between(low: float, high: float, what: str) -> Scale:
    """The scale that takes these values to black and white."""
    if low >= high:
        raise InputError(
            "All values of {what} are {value:g}, so that nothing is seen: set data.range to the values of black and "
            "white, such as 0-255.",
            what=what,
            value=low,
        )
    said = Message("values from {low} to {high}", low=_short(low), high=_short(high))
    return Scale(-low, 255 / (high - low), said)


def _short(value: float) -> str:
    return f"{float(f'{value:.3g}'):g}"


def find_scale(dtype: str, low: float, high: float, what: str) -> Scale:
    """The scale for values between low and high: of a usual range if they fit one, else their own."""
    if dtype == "float":
        return _of_floats(low, high, what)
    if dtype == "int8" and low < 0:
        return INT8
    if low >= 0:
        fitting = [scale for top, scale in DEPTHS if high <= top]
        return UNIT if high <= 1 else fitting[0] if fitting else between(low, high, what)
    return between(low, high, what)


def _of_floats(low: float, high: float, what: str) -> Scale:
    if low >= -SLACK * high and (low == high == 0 or DIM <= high <= 1 + SLACK):
        return UNIT
    if -1 - SLACK <= low <= -0.5 and high <= 1 + SLACK:
        return SIGNED
    if low >= -SLACK * high and BRIGHT <= high <= 255 * (1 + SLACK):
        return AS_STORED
    # Dim values keep their black: they are dark, and not of low contrast.
    return between(0.0 if low >= 0 and high < DIM else low, high, what)
