"""The images of one run: where the training takes them from, and which it trains on, validates on and is tested on."""

from __future__ import annotations

import torch

from byol_core.config import RunConfig
from byol_core.data.imageset import ImageSet
from byol_core.data.placement import placed


class RunImages:
    """A set as a run uses it.

    images: (N, 3, H, W) uint8, on the device where they fit. labels: (N,) int64 on the device, or None. training,
    validation, test: int64 rows of images, on the device. The validation images are a share of the set's training
    images (``data.validation``), drawn by the seed, which the training never sees.
    """

    def __init__(self, config: RunConfig, images: ImageSet, device: torch.device) -> None:
        self.config, self.set = config, images
        self.images = placed(images, config.runtime.images, device)
        self.labels = None if images.labels is None else images.labels.to(device)
        generator = torch.Generator().manual_seed(config.seed)
        order = images.train[torch.randperm(len(images.train), generator=generator)]
        held = int(len(order) * config.data.validation)
        self.validation, self.training = order[:held].to(device), order[held:].to(device)
        self.test = images.test.to(device)
