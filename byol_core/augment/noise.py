"""Batched Gaussian noise (the tutorial's augmentation) and cutout (arXiv 1708.04552)."""

from __future__ import annotations

import torch
from torch import Tensor


def add_noise(images: Tensor, noise: Tensor, deviation: Tensor) -> Tensor:
    """Add standard normal ``noise`` (B, C, H, W) times each image's ``deviation`` (B,), clamped to [0, 1]."""
    return torch.addcmul(images, noise, deviation[:, None, None, None]).clamp_(0, 1)


def cutout(images: Tensor, boxes: Tensor) -> Tensor:
    """Fill the box (B, 4: top, left, height, width, pixels) of each image with mid-gray.

    An empty box changes nothing.
    """
    _, _, height, width = images.shape
    top, left, h, w = (column[:, None] for column in boxes.unbind(1))
    y, x = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    inside_y = (y >= top) & (y < top + h)
    inside_x = (x >= left) & (x < left + w)
    hole = inside_y[:, None, :, None] & inside_x[:, None, None, :]
    return images.masked_fill(hole, 0.5)


def finish(images: Tensor, noise: Tensor | None, deviation: Tensor | None, boxes: Tensor | None) -> Tensor:
    """The last operations of a view: noise and cutout, if they are on."""
    if noise is not None and deviation is not None:
        images = add_noise(images, noise, deviation)
    return images if boxes is None else cutout(images, boxes)
