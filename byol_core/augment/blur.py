"""Batched Gaussian blur, with a sigma for each image. It is separable: two small banded matrices per image."""

from __future__ import annotations

import torch
from torch import Tensor

SIGMA = (0.1, 2.0)  # pixels; arXiv 2006.07733, Table 6


def kernel_size(side: int) -> int:
    """The size of the kernel: the paper's 23 at 224 pixels, scaled, odd and at least 3."""
    return max(3, side // 10 | 1)


def blur_weights(sigma: Tensor, side: int, radius: int) -> Tensor:
    """Matrices (n, side, side) that blur a line of ``side`` pixels.

    The ends are mirrored without repeating the edge pixel.
    """
    offset = torch.arange(-radius, radius + 1, device=sigma.device)
    kernel = torch.exp(-0.5 * (offset / sigma[:, None]) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    row = torch.arange(side, device=sigma.device)
    source = (row[:, None] + offset).abs()
    source = side - 1 - (side - 1 - source).abs()
    matrix = torch.zeros(len(sigma), side, side, device=sigma.device)
    index = source.expand(len(sigma), -1, -1)
    return matrix.scatter_add_(2, index, kernel[:, None, :].expand_as(index))


def gaussian_blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Blur each image (B, C, H, W) with its sigma (B,) in pixels; an image with sigma 0 is unchanged."""
    _, _, height, width = images.shape
    # Sigma 0 would divide by zero. All images are blurred and the results selected, because picking out some of them
    # would need to know how many there are, and so wait for the device.
    some = sigma.clamp(min=1e-3)
    rows = blur_weights(some, height, kernel_size(height) // 2)
    columns = blur_weights(some, width, kernel_size(width) // 2)
    blurred = (rows[:, None] @ images @ columns[:, None].transpose(2, 3)).clamp_(0, 1)
    return torch.where((sigma > 0)[:, None, None, None], blurred, images)
