"""MoCo: InfoNCE against a queue of keys from a network that follows the online one.

Momentum encoder and queue are those of arXiv 1911.05722, §3.2 and Algorithm 1; head and temperature those of MoCo v2,
arXiv 2003.04297.

Symmetric, so that both views are anchors as in BYOL: the mean of both directions, at the same forward passes as BYOL;
the paper's own form takes one direction and half of them. Keys are not shuffled between devices before batch norm: on
one device there is nothing to shuffle between.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.config import RunConfig
from byol_core.distributed.collectives import gather
from byol_core.losses.contrastive import info_nce
from byol_core.losses.precision import widened
from byol_core.methods.base import Method, Views, build_target

MOCO_TEMPERATURE = 0.2  # MoCo v2, arXiv 2003.04297, Table 1


class MoCo(Method):
    """Queries of the online network against the target's keys of the other view, and a queue of earlier keys."""

    queue: Tensor
    place: Tensor

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        method = config.method
        self.target = build_target(config, self.online)
        self.temperature = MOCO_TEMPERATURE if method.temperature is None else method.temperature
        self.register_buffer("queue", F.normalize(torch.randn(method.negatives, self.projection_size), dim=1))
        self.register_buffer("place", torch.zeros((), dtype=torch.int64))  # where the next key goes

    def losses(self, views: Views) -> Iterator[Tensor]:
        """One loss, the mean of both directions; in training mode the keys then join the queue."""
        q1, q2 = self.per_view(self.online, (views.first, views.second))
        k1, k2 = self._keys(views)
        negatives = self.queue.clone()  # the backward pass reads it after the new keys have been written
        loss = info_nce(q1, k2, negatives, self.temperature) + info_nce(q2, k1, negatives, self.temperature)
        if self.training:
            self._enqueue(gather(torch.cat([k1, k2])))
        yield loss / 2

    @torch.no_grad()
    def _keys(self, views: Views) -> tuple[Tensor, Tensor]:
        assert self.target is not None
        k1, k2 = self.per_view(self.target, (views.first, views.second))
        return F.normalize(widened(k1), dim=1), F.normalize(widened(k2), dim=1)

    @torch.no_grad()
    def _enqueue(self, keys: Tensor) -> None:
        """Write keys over the oldest; of more keys than the queue is long, the last."""
        keys = keys[-len(self.queue) :]
        places = (self.place + torch.arange(len(keys), device=keys.device)) % len(self.queue)
        self.queue.index_copy_(0, places, keys)
        self.place.copy_((self.place + len(keys)) % len(self.queue))
