"""The training images of a classifier: random crops and mirrors (arXiv 2006.07733, C.1), colors as they are."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from byol_core.augment import ViewPolicy, apply, draw, resolve
from byol_core.config import RunConfig
from byol_core.data.mapped import take

CROP = 0.5  # strength: a crop of at least half of the area; the paper's show too little of an image this small


class Crops:
    """Draws crops of images (N, 3, H, W) uint8; mirrors only where the run's own views have them."""

    def __init__(self, config: RunConfig, images: Tensor, device: torch.device, seed: int) -> None:
        own = resolve(config.views)
        mirrors = {name: min(1.0, own[name]) for name in ("flip_horizontal", "flip_vertical")}
        strengths = dict.fromkeys(own.strengths, 0.0) | {"crop": CROP, **mirrors}
        self.policy = ViewPolicy(strengths, (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), "crops")
        self.images, self.device = images, device
        self.generator = torch.Generator(device).manual_seed(seed)
        self.order = torch.Generator().manual_seed(seed)

    def __call__(self, rows: Tensor) -> Tensor:
        """Images (n, 3, H, W) float32 in [0, 1] on the device, of rows (n,) int64."""
        images = take(self.images, rows).to(self.device)
        first, _ = draw(self.policy, len(images), self.generator, (images.shape[2], images.shape[3]))
        return apply(images, first).contiguous(memory_format=torch.channels_last)

    def batches(self, count: int, batch: int) -> list[Tensor]:
        """One epoch over ``count`` places, shuffled: batches of about equal size, at most ``batch``."""
        order = torch.randperm(count, generator=self.order)
        return list(torch.tensor_split(order, max(1, math.ceil(count / batch))))
