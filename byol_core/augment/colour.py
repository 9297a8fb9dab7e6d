"""Brightness, contrast, saturation, hue, greyscale and solarise, batched, in torchvision's definitions.

The paper's TensorFlow code adds to the brightness; torchvision and every PyTorch reproduction multiply, and so do we.
"""

from __future__ import annotations

import torch
from torch import Tensor

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)  # the columns of ``factors`` and the values in ``order``
LIMITS = (0.4, 0.4, 0.2, 0.1)  # arXiv 2006.07733, Table 6
GREY_SHARE = 0.2  # the same table
_LUMA = (0.2989, 0.587, 0.114)


def draw_jitter(
    n: int, strengths: tuple[float, float, float, float], probability: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Factors (n, 4) and the order (n, 4) in which they are applied; images that are not jittered get (1, 1, 1, 0)."""
    device = generator.device
    limits = torch.tensor([limit * s for limit, s in zip(LIMITS, strengths, strict=True)], device=device)
    neutral = torch.tensor([1.0, 1.0, 1.0, 0.0], device=device)
    offset = limits * (2 * torch.rand(n, 4, generator=generator, device=device) - 1)
    jittered = torch.rand(n, 1, generator=generator, device=device) < probability
    order = torch.rand(n, 4, generator=generator, device=device).argsort(1)
    return neutral + offset * jittered, order


def luma(images: Tensor) -> Tensor:
    """Grey of RGB: (B, 3, H, W) -> (B, 1, H, W)."""
    r, g, b = images.unbind(1)
    return (_LUMA[0] * r + _LUMA[1] * g + _LUMA[2] * b)[:, None]


def jitter(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """The four colour operations on each image, in each image's own order; (B, 3, H, W) in [0, 1]."""
    for turn in order.unbind(1):
        images = _one_turn(images, factors, turn)
    return images


def _one_turn(images: Tensor, factors: Tensor, turn: Tensor) -> Tensor:
    """Brightness, contrast and saturation blend with black, the mean grey or the grey image; hue is its own."""
    which = turn[:, None, None, None]
    grey = luma(images)
    other = torch.where(which == CONTRAST, grey.mean((2, 3), keepdim=True), grey) * (which != BRIGHTNESS)
    factor = factors.gather(1, turn[:, None])[:, :, None, None]
    is_hue = which == HUE
    blended = other.lerp(images, torch.where(is_hue, torch.ones_like(factor), factor)).clamp_(0, 1)
    turned = (turn == HUE) & (factors[:, HUE] != 0)
    if images.device.type != "cpu":  # no data-dependent shape on an accelerator: it would wait for the device
        return torch.where(is_hue, rotate_hue(images, factors[:, HUE]), blended)
    rows = turned.nonzero()[:, 0]
    if len(rows):
        blended[rows] = rotate_hue(images[rows], factors[rows, HUE])
    return blended


def rotate_hue(images: Tensor, amount: Tensor) -> Tensor:
    """Turn the hue by ``amount`` (B,) of the circle, value and saturation kept, as ``adjust_hue`` does in HSV."""
    r, g, b = images.unbind(1)
    value = images.amax(1)
    chroma = value - images.amin(1)
    safe = torch.where(chroma == 0, torch.ones_like(chroma), chroma)
    sector = torch.where(value == r, (g - b) / safe, torch.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    sector = sector + 6 * amount[:, None, None]
    # Channel n of a colour of hue h is value - chroma * clamp(min(k, 4 - k), 0, 1) with k = (n + h) mod 6.
    k = torch.stack([(n + sector) % 6 for n in (5, 3, 1)], 1)
    fall = torch.minimum(k, 4 - k).clamp_(0, 1)
    return value[:, None] - chroma[:, None] * fall


def greyscale(images: Tensor, chosen: Tensor) -> Tensor:
    """Take the colour from the chosen images (B,) bool."""
    return torch.where(chosen[:, None, None, None], luma(images), images)


def solarise(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert what is at or over each image's threshold (B,); a threshold over 1 changes nothing."""
    return torch.where(images >= threshold[:, None, None, None], 1 - images, images)
