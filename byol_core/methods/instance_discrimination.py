"""Instance discrimination by NCE against a memory of every training image (arXiv 1805.01978, §3.1 and §3.2).

Both views are anchors, and an image's place in the memory moves towards the mean of the two. The noise of a step is
drawn once and shared by the batch: in expectation the same as a draw for each image, and one matrix product.

The paper takes the constant Z from "initial batches". Here it is that of the batch while the first pass fills the
memory, and is kept from then on; an image's first vector replaces the random one it starts from. The authors' code
keeps Z of the very first batch, whose memory is random: with a few thousand images that is far too small, and the
vectors run away from their own memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.config import RunConfig
from byol_core.distributed.collectives import gather
from byol_core.losses.contrastive import estimate_log_z, nce
from byol_core.losses.precision import widened
from byol_core.methods.base import Method, Views

NCE_TEMPERATURE = 0.07  # §4.1
MEMORY_MOMENTUM = 0.5  # lib/NCEAverage.py of the authors
_BITS = 2**31 - 1
_MULTIPLIER = 0x45D9F3B


class InstanceDiscrimination(Method):
    """The loss tells an image's own vector in the memory from those of images drawn uniformly."""

    memory: Tensor
    log_z: Tensor
    seen: Tensor

    def __init__(self, config: RunConfig, images: int) -> None:
        super().__init__(config)
        method = config.method
        self.images, self.negatives, self.seed = images, method.negatives, config.seed
        self.temperature = NCE_TEMPERATURE if method.temperature is None else method.temperature
        self.register_buffer("memory", F.normalize(torch.randn(images, self.projection_size), dim=1))
        self.register_buffer("log_z", torch.zeros(()))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))  # images so far, of every process

    def losses(self, views: Views) -> Iterator[Tensor]:
        """One loss over both views; in training mode it then moves the memory. ValueError without indices."""
        if views.indices is None:
            raise ValueError("NCE needs the images' places in the training split.")
        z1, z2 = self.per_view(self.online, (views.first, views.second))
        features = torch.cat([z1, z2])
        noise = self.memory[drawn(self.seen, self.negatives, self.images, self.seed)]
        log_z = torch.where(self.seen < self.images, self._estimate(features, noise), self.log_z)
        own = self.memory[views.indices].repeat(2, 1)
        loss = nce(features, own, noise, log_z, self.images, self.temperature)
        if self.training:
            self._remember(z1, z2, views.indices, log_z)
        yield loss

    @torch.no_grad()
    def _estimate(self, features: Tensor, noise: Tensor) -> Tensor:
        """log Z over the features of every process."""
        every = gather(estimate_log_z(features.detach(), noise, self.images, self.temperature).reshape(1))
        return torch.logsumexp(every, 0) - math.log(len(every))

    @torch.no_grad()
    def _remember(self, z1: Tensor, z2: Tensor, indices: Tensor, log_z: Tensor) -> None:
        seen = (F.normalize(widened(z1), dim=1) + F.normalize(widened(z2), dim=1)) / 2
        seen, places = gather(seen), gather(indices)
        kept = torch.where(self.seen < self.images, 0.0, MEMORY_MOMENTUM)
        moved = kept * self.memory[places] + (1 - kept) * seen
        self.memory.index_copy_(0, places, F.normalize(moved, dim=1))
        self.log_z.copy_(log_z)
        self.seen.add_(len(places))


def drawn(start: Tensor, count: int, below: int, seed: int) -> Tensor:
    """``count`` integers in 0..below-1, uniform, from start and seed alone: (count,) int64 on the start's device.

    A hash of running numbers rather than a generator, so that a resumed run, another process and a captured CUDA graph
    draw the same.
    """
    numbers = start * count + torch.arange(count, device=start.device) + seed * 0x9E3779B1
    for _ in range(2):
        numbers = ((numbers ^ (numbers >> 16)) & _BITS) * _MULTIPLIER & _BITS
    return (numbers ^ (numbers >> 16)) % below
