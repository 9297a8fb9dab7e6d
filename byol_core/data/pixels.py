"""Converts raw arrays to uint8 images: which axis is which, the range of the values, and an antialiased resize."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from byol_core.errors import InputError
from byol_core.messages import Message

Array = NDArray[Any]

CHANNELS = (1, 3, 4)
MOST_PIXELS = 100_000_000
# Values that a resize may hold at once.
MOST_AT_ONCE = 2**25
# Pixels of a single image that may be resized before it is cropped, where cropping first would change its pixels.
MOST_RESIZED = 2**24


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
        "{what} has the shape {shape}, and should be (N, height, width), (N, height, width, C) "
        "or (N, C, height, width) with C of 1, 3 or 4.",
        what=what,
        shape=str(shape),
    )


def check_shape(shape: tuple[int, ...], what: str) -> None:
    """Raise InputError if the shape is not that of images, or the images are too large."""
    height, width = shape[2:] if layout(shape, what) == "NCHW" else shape[1:3]
    if not 0 < height * width <= MOST_PIXELS:
        raise InputError(
            "{what} has images of {height} x {width} pixels, and between 1 and 100 million are read.",
            what=what,
            height=height,
            width=width,
        )


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


AS_STORED = Scale(0.0, 1.0, Message("values from {low} to {high}", low="0", high="255"))
UNIT = Scale(0.0, 255.0, Message("values from {low} to {high}", low="0", high="1"))
SIGNED = Scale(1.0, 127.5, Message("values from {low} to {high}", low="-1", high="1"))
SIXTEEN_BIT = Scale(0.0, 1 / 257, Message("{bits}-bit values", bits=16))


def to_tensor(chunk: NDArray[np.uint8], what: str) -> Tensor:
    """(n, H, W), (n, H, W, C) or (n, C, H, W) -> (n, C, H, W), without a copy."""
    axes = layout(chunk.shape, what)
    tensor = torch.from_numpy(chunk)
    if axes == "NHW":
        return tensor[:, None]
    return tensor.permute(0, 3, 1, 2) if axes == "NHWC" else tensor


def fit(images: Tensor, size: int, alpha: bool = True) -> Tensor:
    """(n, C, H, W) uint8 -> (n, 3, size, size) uint8: shorter side to ``size``, center crop.

    A fourth channel is transparency over white, or is left out without ``alpha``.
    """
    if images.shape[2:] != (size, size):
        images, target, corner = _cropped(images, size)
        parts = torch.split(images, _at_once(images, target))
        images = torch.cat([_resized(part, target, corner, size, alpha) for part in parts])
    else:
        images = _three(images, alpha)
    # Grayscale gets its three channels as a view; nothing is copied before the images are stored.
    return images.expand(-1, 3, -1, -1)


def _three(images: Tensor, alpha: bool) -> Tensor:
    if images.shape[1] != 4:
        return images
    return _over_white(images) if alpha else images[:, :3]


def _at_once(images: Tensor, target: tuple[int, int]) -> int:
    """How many images are resized together."""
    return max(1, MOST_AT_ONCE // (images.shape[1] * max(images.shape[2] * images.shape[3], target[0] * target[1])))


def _resized(images: Tensor, target: tuple[int, int], corner: tuple[int, int], size: int, alpha: bool) -> Tensor:
    images = interpolate(_three(images, alpha), target, mode="bilinear", antialias=True, align_corners=False)
    return images[:, :, corner[0] : corner[0] + size, corner[1] : corner[1] + size]


def _cropped(images: Tensor, size: int) -> tuple[Tensor, tuple[int, int], tuple[int, int]]:
    """Leave out what the center crop does not need; with the size to resize to, and where the crop then begins."""
    shorter = min(images.shape[2:])
    target, corner = [size, size], [0, 0]
    for axis in (0, 1):
        if images.shape[2 + axis] != shorter:
            first, count, target[axis], corner[axis] = _window(images.shape[2 + axis], shorter, size)
            images = images.narrow(2 + axis, first, count)
    return images, (target[0], target[1]), (corner[0], corner[1])


def _window(length: int, shorter: int, size: int) -> tuple[int, int, int, int]:
    """The part of the longer side that is resized: its first pixel and their count, resized to how many, and where the
    crop begins in these.

    The pixels of the crop are those that resizing the whole side would give: the part begins and ends where a pixel of
    the resized side does, and the crop stays away from its ends by what the filter sees.
    """
    whole = round(length * size / shorter)
    if math.gcd(length, whole) == 1 and whole * size > MOST_RESIZED:
        spare = length % shorter  # without these pixels at the ends, a whole number of squares is left
        first, count, target, corner = _window(length - spare, shorter, size)
        return first + spare // 2, count, target, corner
    left = (whole - size) // 2
    step = whole // math.gcd(length, whole)
    margin = 1 + -(-whole // length)
    begin = max(0, (left - margin) // step * step)
    end = min(whole, -(-(left + size + margin) // step) * step)
    return begin * length // whole, (end - begin) * length // whole, end - begin, left - begin


def _over_white(images: Tensor) -> Tensor:
    color, alpha = images[:, :3].float(), images[:, 3:].float() / 255
    return (color * alpha + 255 * (1 - alpha)).round().to(torch.uint8)
