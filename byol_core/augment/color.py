"""Brightness, contrast, saturation, hue, grayscale and solarize, batched, in torchvision's definitions.

The authors' JAX code (byol/utils/augmentations.py) differs in three: it adds to the brightness, draws contrast around
each channel's own mean and not around the mean of the gray image, and multiplies the saturation of HSV instead of
mixing with the gray image. torchvision and every PyTorch reproduction do as we do.
"""

from __future__ import annotations

import torch
from torch import Tensor

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)  # the columns of ``factors`` and the values in ``order``
LIMITS = (0.4, 0.4, 0.2, 0.1)  # arXiv 2006.07733, Table 6
NEUTRAL = (1.0, 1.0, 1.0, 0.0)  # the factors that change nothing
JITTER_NUMBERS = 8  # random numbers that the jitter of an image takes
GRAY_SHARE = 0.2  # the same table
LUMA = (0.2989, 0.587, 0.114)


def draw_jitter(uniform: Tensor, strengths: tuple[float, float, float, float], chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Factors (n, 4) and the order (n, 4) in which they are applied; images not ``chosen`` (n,) get (1, 1, 1, 0).

    ``uniform`` (:data:`JITTER_NUMBERS`, n) are numbers of U(0, 1).
    """
    amount, keys = uniform[:4], uniform[4:]
    offset = (2 * amount - 1) * chosen
    limits = [limit * strength for limit, strength in zip(LIMITS, strengths, strict=True)]
    factors = [neutral + limit * column for neutral, limit, column in zip(NEUTRAL, limits, offset, strict=True)]
    return torch.stack(factors, 1), keys.t().contiguous().argsort(1)


def luma(images: Tensor) -> Tensor:
    """Gray of RGB: (B, 3, H, W) -> (B, 1, H, W)."""
    r, g, b = images.chunk(3, 1)
    return (LUMA[0] * r).add(g, alpha=LUMA[1]).add(b, alpha=LUMA[2])


def jitter(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """The four color operations on each image, in each image's own order; (B, 3, H, W) in [0, 1].

    All images turn their hue at the same moment: what comes before it in an image's order is done before, the rest
    after. Hue is as dear as the other three together, and would otherwise be worked out in each of four turns.
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
    """With black for brightness, the mean gray for contrast, the gray image for saturation; 1 changes nothing."""
    which = which[:, None, None, None]
    gray = luma(images)
    other = torch.where(which == CONTRAST, gray.mean((2, 3), keepdim=True), gray) * (which != BRIGHTNESS)
    return other.lerp(images, factor[:, None, None, None]).clamp_(0, 1)


def rotate_hue(images: Tensor, amount: Tensor) -> Tensor:
    """Turn the hue by ``amount`` (B,) of the circle, value and saturation kept, as ``adjust_hue`` does in HSV."""
    r, g, b = images.unbind(1)
    value = images.amax(1)
    chroma = value - images.amin(1)
    safe = torch.where(chroma == 0, torch.ones_like(chroma), chroma)
    sector = torch.where(value == r, (g - b) / safe, torch.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    sector = sector + 6 * amount[:, None, None]
    # Channel n of a color of hue h is value - chroma * clamp(min(k, 4 - k), 0, 1) with k = (n + h) mod 6.
    k = torch.stack([(n + sector) % 6 for n in (5, 3, 1)], 1)
    fall = torch.minimum(k, 4 - k).clamp_(0, 1)
    return value[:, None] - chroma[:, None] * fall


def grayscale(images: Tensor, chosen: Tensor) -> Tensor:
    """Take the color from the chosen images (B,) bool."""
    return torch.where(chosen[:, None, None, None], luma(images), images)


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert what is at or over each image's threshold (B,); a threshold over 1 changes nothing."""
    return torch.where(images >= threshold[:, None, None, None], 1 - images, images)
