"""What images are compared by: small pixels, edge directions, and the answers of random filters.

Each takes images (n, 3, s, s) in [0, 1] and gives (n, d) rows to compare by Euclidean distance. No single one would do:
pixels see where things are but not the direction of a texture, edges see direction but neither brightness nor color.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

DIRECTIONS, CELLS = 8, 4  # of the edges: so many directions in so many cells along a side
_PIXELS = 12  # the side to which pixels are averaged
_FILTERS, _FILTER_SIDE, _FILTER_CELLS = 32, 5, 3
_CHUNK = 100  # images described at once
_EDGE = 0.02  # an image whose edges are weaker than this has none to compare by

Descriptor = Callable[[Tensor], Tensor]


def gray(images: Tensor) -> Tensor:
    """(n, 3, s, s) -> (n, 1, s, s), the plain mean of the channels."""
    return images.mean(1, keepdim=True)


def small_pixels(images: Tensor) -> Tensor:
    """The image at 12 pixels a side."""
    return F.adaptive_avg_pool2d(images, _PIXELS).flatten(1)


def edges(images: Tensor) -> Tensor:
    """How much edge there is in each direction in each part of the image, of length one: Dalal and Triggs, CVPR 2005.

    A direction and its opposite count as one, so an image and its negative have the same edges.
    """
    light = F.pad(gray(images), (1, 1, 1, 1), mode="replicate")
    across = light[:, :, 1:-1, 2:] - light[:, :, 1:-1, :-2]
    down = light[:, :, 2:, 1:-1] - light[:, :, :-2, 1:-1]
    strength = (across.square() + down.square()).sqrt()
    place = torch.atan2(down, across).remainder(math.pi) * (DIRECTIONS / math.pi)
    centers = torch.arange(DIRECTIONS, dtype=images.dtype).view(1, -1, 1, 1)
    apart = (place - centers).abs()
    near = (1 - torch.minimum(apart, DIRECTIONS - apart)).clamp(min=0)  # shared between the two nearest directions
    cells = F.adaptive_avg_pool2d(near * strength, CELLS).flatten(1)
    return cells.sqrt() / (cells.sum(1, keepdim=True).sqrt() + _EDGE)


def filtered(images: Tensor) -> Tensor:
    """The mean answers of random filters in each part of the image: an untrained convolution, with color."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(_FILTERS, 3, _FILTER_SIDE, _FILTER_SIDE, generator=generator)
    weights -= weights.mean((2, 3), keepdim=True)  # blind to brightness, which the pixels see
    answers = F.conv2d(images, weights, stride=2).relu()
    return F.adaptive_avg_pool2d(answers, _FILTER_CELLS).flatten(1).sqrt()


def described(describe: Descriptor, images: Tensor) -> Tensor:
    """The rows (n, d) of images, a part at a time, so that what is in between stays in the cache."""
    return torch.cat([describe(part) for part in torch.split(images, _CHUNK)])


DESCRIPTORS: Mapping[str, Descriptor] = {"pixels": small_pixels, "edges": edges, "filters": filtered}
