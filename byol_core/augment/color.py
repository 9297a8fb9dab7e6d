"""Batched brightness, contrast, saturation, hue, grayscale and solarize, as torchvision defines them.

The authors' JAX code (byol/utils/augmentations.py) differs in three of them: it adds to the brightness, takes contrast
around the mean of each channel instead of the mean of the gray image, and multiplies the saturation in HSV instead of
blending with the gray image. torchvision and every PyTorch reproduction do it as here.
"""

from __future__ import annotations

import torch
from torch import Tensor

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)  # the columns of ``factors`` and the values in ``order``
LIMITS = (0.4, 0.4, 0.2, 0.1)  # arXiv 2006.07733, Table 6
NEUTRAL = (1.0, 1.0, 1.0, 0.0)  # the factors that change nothing
JITTER_NUMBERS = 8  # random numbers that the jitter of one image uses
GRAY_SHARE = 0.2  # from the same table
LUMA = (0.2989, 0.587, 0.114)


def draw_jitter(uniform: Tensor, strengths: tuple[float, float, float, float], chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Factors (n, 4) and the order (n, 4) in which to apply them; images that are not ``chosen`` (n,) get (1, 1, 1, 0).

    ``uniform`` (:data:`JITTER_NUMBERS`, n) are random numbers from U(0, 1).
    """
    amount, keys = uniform[:4], uniform[4:]
    offset = (2 * amount - 1) * chosen
    limits = [limit * strength for limit, strength in zip(LIMITS, strengths, strict=True)]
    factors = [neutral + limit * column for neutral, limit, column in zip(NEUTRAL, limits, offset, strict=True)]
    return torch.stack(factors, 1), keys.t().contiguous().argsort(1)


def luma(images: Tensor) -> Tensor:
    """The gray image of RGB: (B, 3, H, W) -> (B, 1, H, W)."""
    r, g, b = images.chunk(3, 1)
    return (LUMA[0] * r).add(g, alpha=LUMA[1]).add(b, alpha=LUMA[2])


def jitter(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """Apply the four color operations to each image, in that image's own order; (B, 3, H, W) in [0, 1].

    Hue is rotated for all images at the same time: operations that come before it in an image's order are applied
    first, the others afterwards. Hue costs as much as the other three together, and would otherwise be computed in each
    of four rounds.
    """
    turn = torch.arange(4, device=images.device)
    hue_turn = (order == HUE).int().argmax(1, keepdim=True)
    factor = factors.gather(1, order)
    before, after = factor.masked_fill(turn >= hue_turn, 1), factor.masked_fill(turn <= hue_turn, 1)
    for now in (0, 1, 2):
        images = _blend(images, before[:, now], order[:, now])
    images = rotate_hue(images, factors[:, HUE])
    for now in (1, 2, 3):
        images = _blend(images, after[:, now], order[:, now])
    return images


def _blend(images: Tensor, factor: Tensor, which: Tensor) -> Tensor:
    """Blend with black for brightness, the mean gray for contrast, the gray image for saturation; 1 changes nothing."""
    which = which[:, None, None, None]
    gray = luma(images)
    other = torch.where(which == CONTRAST, gray.mean((2, 3), keepdim=True), gray) * (which != BRIGHTNESS)
    return other.lerp(images, factor[:, None, None, None]).clamp_(0, 1)


def rotate_hue(images: Tensor, amount: Tensor) -> Tensor:
    """Rotate the hue by ``amount`` (B,) of the circle and keep value and saturation, like ``adjust_hue`` in HSV."""
    r, g, b = images.unbind(1)
    value = images.amax(1)
    chroma = value - images.amin(1)
    safe = torch.where(chroma == 0, torch.ones_like(chroma), chroma)
    sector = torch.where(value == r, (g - b) / safe, torch.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    sector = sector + 6 * amount[:, None, None]
    # The channel n of a color with hue h is value - chroma * clamp(min(k, 4 - k), 0, 1) with k = (n + h) mod 6.
    k = torch.stack([(n + sector) % 6 for n in (5, 3, 1)], 1)
    fall = torch.minimum(k, 4 - k).clamp_(0, 1)
    return value[:, None] - chroma[:, None] * fall


def grayscale(images: Tensor, chosen: Tensor) -> Tensor:
    """Convert the ``chosen`` images (B,) bool to grayscale."""
    return torch.where(chosen[:, None, None, None], luma(images), images)


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert values at or above each image's ``threshold`` (B,); a threshold above 1 changes nothing."""
    return torch.where(images >= threshold[:, None, None, None], 1 - images, images)
