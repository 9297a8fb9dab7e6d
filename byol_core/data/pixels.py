"""Converts raw arrays to uint8 images: which axis is which, the range of the values, and an antialiased resize."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from byol_core.errors import InputError

Array = NDArray[Any]

CHANNELS = (1, 3, 4)
MOST_PIXELS = 100_000_000
# An earlier resize may have overshot the range slightly.
SLACK = 0.01


def layout(shape: tuple[int, ...], what: str) -> str:
    """The order of the axes: "NHW", "NHWC" or "NCHW"; InputError if the shape is none of them."""
    if len(shape) == 3 and shape[2] not in CHANNELS:
        return "NHW"
    if len(shape) == 4:
        last, second = shape[3] in CHANNELS, shape[1] in CHANNELS
        # Both axes may look like channels. Then the one that leaves square images is chosen.
        if last and not (second and shape[2] == shape[3] and shape[1] != shape[2]):
            return "NHWC"
        if second:
            return "NCHW"
    raise InputError(
        f"{what} has the shape {shape}, and should be (N, height, width), (N, height, width, C) "
        "or (N, C, height, width) with C of 1, 3 or 4."
    )


def check_shape(shape: tuple[int, ...], what: str) -> None:
    """Raise InputError if the shape is not that of images, or the images are too large."""
    height, width = shape[2:] if layout(shape, what) == "NCHW" else shape[1:3]
    if not 0 < height * width <= MOST_PIXELS:
        raise InputError(f"{what} has images of {height} x {width} pixels, and between 1 and 100 million are read.")


@dataclass(frozen=True)
class Scale:
    """Converts stored values to 0 … 255 as (value + shift) * factor; ``words`` describes the assumed range."""

    shift: float
    factor: float
    words: str

    def __call__(self, values: Array) -> NDArray[np.uint8]:
        """Values as uint8, rounded and clipped; bytes that need no change are returned without a copy."""
        if values.dtype == np.uint8 and self.factor == 1:
            return values
        scaled = (values.astype(np.float32) + np.float32(self.shift)) * np.float32(self.factor)
        rounded: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return rounded


AS_STORED = Scale(0.0, 1.0, "values from 0 to 255")
UNIT = Scale(0.0, 255.0, "values from 0 to 1")
SIGNED = Scale(1.0, 127.5, "values from -1 to 1")
SIXTEEN_BIT = Scale(0.0, 1 / 257, "16-bit values")


def find_scale(kind: str, low: float, high: float, what: str) -> Scale:
    """The scale for values between low and high, with NumPy's ``kind``; InputError if they fit no usual range."""
    slack = SLACK if kind == "f" else 0
    if -slack <= low and high <= 1 + slack:
        return UNIT
    if kind == "f" and -1 - slack <= low and high <= 1 + slack:
        return SIGNED
    if -100 * slack <= low and high <= 255 + 100 * slack:
        return AS_STORED
    if kind != "f" and low >= 0 and high <= 65535:
        return SIXTEEN_BIT
    raise InputError(
        f"{what} has values from {low:g} to {high:g}, and should lie in 0 to 1, -1 to 1 or 0 to 255, or be 16-bit."
    )


def to_tensor(chunk: NDArray[np.uint8], what: str) -> Tensor:
    """(n, H, W), (n, H, W, C) or (n, C, H, W) -> (n, C, H, W), without a copy."""
    axes = layout(chunk.shape, what)
    tensor = torch.from_numpy(chunk)
    if axes == "NHW":
        return tensor[:, None]
    return tensor.permute(0, 3, 1, 2) if axes == "NHWC" else tensor


def fit(images: Tensor, size: int) -> Tensor:
    """(n, C, H, W) uint8 -> (n, 3, size, size) uint8: alpha over white, shorter side to ``size``, center crop."""
    if images.shape[1] == 4:
        images = _over_white(images)
    height, width = images.shape[2:]
    if (height, width) != (size, size):
        shorter = min(height, width)
        target = (round(height * size / shorter), round(width * size / shorter))
        images = interpolate(images, target, mode="bilinear", antialias=True, align_corners=False)
        top, left = (target[0] - size) // 2, (target[1] - size) // 2
        images = images[:, :, top : top + size, left : left + size]
    # Grayscale gets its three channels as a view; nothing is copied before the images are stored.
    return images.expand(-1, 3, -1, -1)


def _over_white(images: Tensor) -> Tensor:
    color, alpha = images[:, :3].float(), images[:, 3:].float() / 255
    return (color * alpha + 255 * (1 - alpha)).round().to(torch.uint8)
