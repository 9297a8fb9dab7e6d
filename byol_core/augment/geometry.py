"""Batched random resized crop, flips, rotation and shift, with parameters for each image.

Crop, flip and resize are separable, so each image needs two small matrices: ``rows @ image @ columns.T``. This is
faster than a gather, and exact: the matrices contain the antialiased bicubic weights of torchvision's ``resized_crop``.
No shape depends on data and no constant comes from the host, so nothing here waits for an accelerator.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_AREA = 0.08  # arXiv 2006.07733, Table 6
ASPECT = 4 / 3  # log-uniform in 3/4 ... 4/3, from the same table
_TRIES = 10  # torchvision tries ten times before it takes the center
BOX_NUMBERS = 2 * _TRIES + 2  # random numbers that one box uses


def crop_limits(strength: float) -> tuple[float, float]:
    """Smallest area (share of the image) and largest aspect ratio: strength 1 is the paper's, 2 is 2 % and 16:9."""
    if strength <= 1:
        return 1 - (1 - SMALLEST_AREA) * strength, ASPECT**strength
    return SMALLEST_AREA * 4 ** (1 - strength), ASPECT**strength


def draw_boxes(uniform: Tensor, size: tuple[int, int], strength: float) -> Tensor:
    """Draw boxes (n, 4) int64 of top, left, height, width with the rejection rule of torchvision's RandomResizedCrop.

    A box that does not fit is drawn again. The authors' code (byol/utils/dataset.py) clips it at the edge instead, so
    it has more boxes with the full width or height.

    ``uniform`` (:data:`BOX_NUMBERS`, n) are random numbers from U(0, 1). The position of the box is drawn only once,
    not in every attempt; the distribution is the same.
    """
    height, width = size
    if strength == 0:
        return _whole(uniform.shape[1], size, uniform.device)
    smallest, aspect = crop_limits(strength)
    area_u, ratio_u, (top_u, left_u) = uniform[:_TRIES], uniform[_TRIES:-2], uniform[-2:]
    # Powers, reciprocal roots and truncation instead of exp, sqrt and round: for a few thousand numbers, the CPU would
    # split those over all its threads, and waiting for a busy core takes longer than the work.
    area = height * width * (smallest + (1 - smallest) * area_u)
    side = area * area.rsqrt()  # the side of a square with that area
    stretch = aspect ** (ratio_u - 0.5)  # the square root of the aspect ratio
    w = (side * stretch + 0.5).long().clamp(min=1)
    h = (side / stretch + 0.5).long().clamp(min=1)
    misfit = (w > width) | (h > height)
    tries = torch.arange(_TRIES, device=uniform.device)[:, None]
    first = (tries + _TRIES * misfit).amin(0, keepdim=True)  # the first attempt that fits
    none = first[0] >= _TRIES
    first = first.clamp(max=_TRIES - 1)
    w, h = w.gather(0, first)[0], h.gather(0, first)[0]
    central = _center(size, aspect)
    h, w = h.masked_fill(none, central[2]), w.masked_fill(none, central[3])
    top = (top_u * (height - h + 1)).long().masked_fill(none, central[0])
    left = (left_u * (width - w + 1)).long().masked_fill(none, central[1])
    return torch.stack([top, left, h, w], 1)


def _whole(n: int, size: tuple[int, int], device: torch.device) -> Tensor:
    sides = [torch.full((n,), side, dtype=torch.int64, device=device) for side in size]
    return torch.stack([torch.zeros_like(sides[0]), torch.zeros_like(sides[0]), *sides], 1)


def _center(size: tuple[int, int], aspect: float) -> tuple[int, int, int, int]:
    height, width = size
    w = min(width, round(height * aspect))
    h = min(height, round(width * aspect))
    return (height - h) // 2, (width - w) // 2, h, w


def _cubic(x: Tensor) -> Tensor:
    """The cubic kernel with a = -0.5, which PIL and torch use for antialiasing."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def resize_weights(start: Tensor, length: Tensor, source: int, target: int, mirror: Tensor) -> Tensor:
    """Matrices (n, target, source) that resize ``source[start : start + length]`` to ``target`` pixels."""
    at = torch.arange(target, device=start.device)
    at = torch.where(mirror[:, None], target - 1 - at, at)[:, :, None]
    pixel = torch.arange(source, device=start.device) - start[:, None, None]
    length = length[:, None, None]
    # Integers with one division at the end, because differences of large coordinates are too coarse in float32.
    # For antialiasing, the kernel widens where the image shrinks: its unit is then a target pixel, not a source pixel.
    distance = (2 * pixel + 1) * target - (2 * at + 1) * length
    weights = _cubic(distance / (2 * length.clamp(min=target)).float())
    weights = weights * ((pixel >= 0) & (pixel < length))
    return weights / weights.sum(2, keepdim=True)


def crop_resize(images: Tensor, boxes: Tensor, mirror_h: Tensor, mirror_v: Tensor, size: tuple[int, int]) -> Tensor:
    """Crop each image to its box, resize to ``size``, and flip; (B, C, H, W) float -> (B, C, h, w) in [0, 1]."""
    _, _, height, width = images.shape
    top, left, h, w = boxes.unbind(1)
    rows = resize_weights(top, h, height, size[0], mirror_v)
    columns = resize_weights(left, w, width, size[1], mirror_h)
    return (rows[:, None] @ images @ columns[:, None].transpose(2, 3)).clamp_(0, 1)


def rotate_shift(images: Tensor, degrees: Tensor, shift: Tensor) -> Tensor:
    """Rotate counterclockwise by ``degrees`` (B,), then shift by ``shift`` (B, 2: right, down) as shares of the side.

    Bilinear. Pixels from outside are mirrored at the edge, because black corners would reveal the angle.
    """
    _, _, height, width = images.shape
    radians = torch.deg2rad(degrees)
    cos, sin = torch.cos(radians), torch.sin(radians)
    dx, dy = -2 * shift[:, 0], -2 * shift[:, 1]  # the side is 2 in the units of grid_sample
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
