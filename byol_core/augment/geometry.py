"""Random resized crop, mirrors, rotation and shift, batched: each image has its own.

Crop, mirror and resize are separable, so each is two small matrices per image, ``rows @ image @ columns.T``; that is
faster than a gather and exact: the matrices hold the antialiased bicubic weights of torchvision's ``resized_crop``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_AREA = 0.08  # arXiv 2006.07733, Table 6
ASPECT = 4 / 3  # log-uniform in 3/4 ... 4/3, the same table
_TRIES = 10  # torchvision draws ten times before it takes the centre


def crop_limits(strength: float) -> tuple[float, float]:
    """Smallest area (share of the image) and largest aspect ratio: strength 1 is the paper's, 2 is 2 % and 16:9."""
    if strength <= 1:
        return 1 - (1 - SMALLEST_AREA) * strength, ASPECT**strength
    return SMALLEST_AREA * 4 ** (1 - strength), ASPECT**strength


def draw_boxes(n: int, size: tuple[int, int], strength: float, generator: torch.Generator) -> Tensor:
    """Boxes (n, 4) int64 of top, left, height, width, by the rejection rule of torchvision's RandomResizedCrop."""
    height, width = size
    device = generator.device
    if strength == 0:
        return torch.tensor([0, 0, height, width], device=device).expand(n, 4)
    smallest, aspect = crop_limits(strength)
    area_u, ratio_u, top_u, left_u = torch.rand(4, n, _TRIES, generator=generator, device=device)
    area = height * width * (smallest + (1 - smallest) * area_u)
    ratio = torch.exp(math.log(aspect) * (2 * ratio_u - 1))
    w = torch.round(torch.sqrt(area * ratio)).long().clamp(min=1)
    h = torch.round(torch.sqrt(area / ratio)).long().clamp(min=1)
    fits = (w <= width) & (h <= height)
    first = fits.int().argmax(1, keepdim=True)  # the first try that fits
    w, h = w.gather(1, first), h.gather(1, first)
    top = (top_u.gather(1, first) * (height - h + 1)).long()
    left = (left_u.gather(1, first) * (width - w + 1)).long()
    return torch.where(fits.any(1, keepdim=True), torch.cat([top, left, h, w], 1), _centre(size, aspect, device))


def _centre(size: tuple[int, int], aspect: float, device: torch.device) -> Tensor:
    height, width = size
    w = min(width, round(height * aspect))
    h = min(height, round(width * aspect))
    return torch.tensor([[(height - h) // 2, (width - w) // 2, h, w]], device=device)


def _cubic(x: Tensor) -> Tensor:
    """The cubic kernel with a = -0.5, which PIL and torch use when they antialias."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def resize_weights(start: Tensor, length: Tensor, source: int, target: int, mirror: Tensor) -> Tensor:
    """Rows (n, target, source) that resize ``source[start : start + length]`` to ``target`` pixels."""
    scale = (length.float() / target)[:, None, None]
    stretch = scale.clamp(min=1)  # antialias: the kernel widens when the picture shrinks
    at = torch.arange(target, device=start.device, dtype=torch.float32)
    at = torch.where(mirror[:, None], target - 1 - at, at)[:, :, None]
    pixel = torch.arange(source, device=start.device, dtype=torch.float32) - start.float()[:, None, None]
    weights = _cubic((pixel + 0.5 - (at + 0.5) * scale) / stretch)
    inside = (pixel >= 0) & (pixel < length[:, None, None])
    weights = weights * inside
    return weights / weights.sum(2, keepdim=True)


def crop_resize(images: Tensor, boxes: Tensor, mirror_h: Tensor, mirror_v: Tensor, size: tuple[int, int]) -> Tensor:
    """Crop each image to its box, resize to ``size``, mirror; (B, C, H, W) float -> (B, C, h, w) in [0, 1]."""
    _, _, height, width = images.shape
    top, left, h, w = boxes.unbind(1)
    rows = resize_weights(top, h, height, size[0], mirror_v)
    columns = resize_weights(left, w, width, size[1], mirror_h)
    return (rows[:, None] @ images @ columns[:, None].transpose(2, 3)).clamp_(0, 1)


def rotate_shift(images: Tensor, degrees: Tensor, shift: Tensor) -> Tensor:
    """Turn counter-clockwise by ``degrees`` (B,), then shift by ``shift`` (B, 2: right, down) as shares of the side.

    Bilinear; what comes in from outside is mirrored at the edge, since black corners would give the angle away.
    """
    _, _, height, width = images.shape
    radians = torch.deg2rad(degrees)
    cos, sin = torch.cos(radians), torch.sin(radians)
    dx, dy = -2 * shift[:, 0], -2 * shift[:, 1]  # in grid_sample's units the side is 2
    aspect = height / width
    theta = torch.stack(
        [
            torch.stack([cos, -sin * aspect, cos * dx - sin * aspect * dy], 1),
            torch.stack([sin / aspect, cos, sin / aspect * dx + cos * dy], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
