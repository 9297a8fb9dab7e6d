"""Arrays with four bands: whether the fourth is transparency, or something else such as near infrared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from byol_core.data.pixels import Array, Scale, layout
from byol_core.data.ranges import data_type

# At least this share of transparency is wholly opaque or wholly clear; only edges lie between.
EXTREME = 0.5
# Values of one image that are looked at.
SAMPLED = 256


def bands(shape: tuple[int, ...], what: str) -> int:
    """How many bands images of this shape have."""
    return {"NHW": 1, "NHWC": shape[-1], "NCHW": shape[1]}[layout(shape, what)]


def color(images: Array, what: str) -> Array:
    """Images without their fourth band, if they have one."""
    if bands(images.shape, what) != 4:
        return images
    return images[..., :3] if layout(images.shape, what) == "NHWC" else images[:, :3]


def _fourth(images: Array, what: str) -> Array:
    return images[..., 3] if layout(images.shape, what) == "NHWC" else images[:, 3]


class Sample:
    """Some values of the fourth band of a set."""

    def __init__(self) -> None:
        self._values: dict[str, list[Array]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no image had a fourth band."""
        return not self._values

    def add(self, images: Array, what: str) -> None:
        """Look at some images."""
        if bands(images.shape, what) == 4:
            values = _fourth(images, what).reshape(len(images), -1)
            values = values[:, :: max(1, values.shape[1] // SAMPLED) | 1]
            self._values.setdefault(data_type(images.dtype), []).append(values.ravel())

    def is_alpha(self, scales: Mapping[str, Scale]) -> bool:
        """Whether the fourth band is transparency; so it is called where there is none."""
        found = [scales[dtype](np.concatenate(values)) for dtype, values in self._values.items()]
        if not found:
            return True
        values = np.concatenate(found)
        low, high = int(values.min()), int(values.max())
        extreme = float(np.isin(values, (0, 255)).mean())
        return low == high or (high == 255 and extreme >= EXTREME)
