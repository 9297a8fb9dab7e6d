"""What each subject knows of an image, as a vector: an encoder's representation, raw pixels, a histogram of colors."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.data.mapped import take
from byol_core.errors import LabError
from byol_core.health import is_finite
from byol_core.jobs.context import Told, no_one
from byol_core.networks import Encoder
from byol_core.networks.features import represent

PIXEL_SIDE = 16  # of the raw-pixel baseline: a classifier on more pixels only takes longer to find out as little
_BITS = 3  # of red, green and blue each that are told apart
COLORS = 2 ** (3 * _BITS)
_FIRST, _MOST = 16, 512  # images in one forward pass
_SECONDS = 0.25  # that one pass should take, so that a wish to stop is heard
_CHUNK = 2**21  # pixels at a time, whether of many pictures or of a few large ones


def of_encoder(encoder: Encoder, images: Tensor, rows: Tensor, progress: Told = no_one) -> Tensor:
    """Representations (n, feature_dim) float32 of images (N, 3, H, W) uint8, in evaluation mode, on its device.

    ``progress`` is told the share that is done, several times a second, and may raise to break off.
    """
    found, at, size = [], 0, _FIRST
    while at < len(rows):
        started = time.perf_counter()
        found.append(represent(encoder, images, rows=rows[at : at + size]))
        at += size
        size = _next_size(size, time.perf_counter() - started)
        progress(min(1.0, at / len(rows)))
    return torch.cat(found)


def _next_size(size: int, seconds: float) -> int:
    """Twice as many images while a pass is short, half as many when it is long."""
    if seconds > 2 * _SECONDS:
        return max(1, size // 2)
    return min(_MOST, 2 * size) if seconds < _SECONDS / 2 else size


def checked(features: Tensor) -> Tensor:
    """The same features; LabError when they cannot be judged."""
    if not is_finite(features):
        raise LabError(
            "The encoder answers some images with values that are not finite, so it cannot be judged: its training "
            "diverged; lower optimizer.lr and train again."
        )
    return features


def of_pixels(images: Tensor, rows: Tensor, progress: Told = no_one) -> Tensor:
    """Raw pixels (n, 768) in [0, 1] of images (N, 3, H, W) uint8, made 16 pixels wide."""
    return _in_chunks(shrunk, images, rows, progress)


def of_colors(images: Tensor, rows: Tensor, progress: Told = no_one) -> Tensor:
    """Histograms (n, 512) of images (N, 3, H, W) uint8."""
    return _in_chunks(histogram, images, rows, progress)


def _in_chunks(plain: Callable[[Tensor], Tensor], images: Tensor, rows: Tensor, progress: Told) -> Tensor:
    found, size = [], max(1, _CHUNK // (images.shape[2] * images.shape[3]))
    for number, part in enumerate(torch.split(rows, size)):
        progress(number * size / len(rows))
        found.append(plain(take(images, part)))
    return torch.cat(found)


def shrunk(images: Tensor) -> Tensor:
    """Images (B, 3, H, W) uint8, or float in [0, 1] -> (B, 3 * s * s) in [0, 1], s at most 16."""
    pixels = images if images.is_floating_point() else images.float() / 255
    if max(images.shape[2:]) > PIXEL_SIDE:
        pixels = F.interpolate(pixels, (PIXEL_SIDE, PIXEL_SIDE), mode="bilinear", antialias=True)
    return pixels.flatten(1)


def histogram(images: Tensor) -> Tensor:
    """Square roots of the shares of 512 colors (B, 512), of images (B, 3, H, W) uint8 or float in [0, 1].

    The root makes the dot product of two histograms the Bhattacharyya coefficient, and lets a rare color count.
    """
    pixels = (images * 255).round().to(torch.uint8) if images.is_floating_point() else images
    level = pixels.flatten(2) >> (8 - _BITS)
    color = level[:, 0].long()
    for channel in (1, 2):
        color = (color << _BITS) | level[:, channel]
    counts = torch.zeros(len(images), COLORS, device=images.device)
    counts.scatter_add_(1, color, torch.ones_like(color, dtype=torch.float32))
    return (counts / color.shape[1]).sqrt()
