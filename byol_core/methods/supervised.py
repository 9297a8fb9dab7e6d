"""The supervised baseline: the same encoder, images, views and loop, and a linear classifier on the representation."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from byol_core.config import RunConfig
from byol_core.distributed.collectives import gather
from byol_core.losses.supervised import cross_entropy
from byol_core.methods.base import Method, Views, of_all_ranks


class Supervised(Method):
    """Cross-entropy of both views' classes. There is no projector: the projection is the representation."""

    def __init__(self, config: RunConfig, classes: int) -> None:
        super().__init__(config)
        self.classifier = nn.Linear(self.projection_size, classes)

    def losses(self, views: Views) -> Iterator[Tensor]:
        """One loss, the mean over the labeled images of both views; ValueError without labels."""
        if views.labels is None:
            raise ValueError("The supervised baseline needs labels.")
        representations = tuple(self.per_view(self.online, (views.first, views.second)))
        logits = self.classifier(torch.cat(representations))
        yield cross_entropy(of_all_ranks(logits), gather(views.labels.repeat(2)))

    def trained(self, predictor_rate: float) -> Iterator[tuple[nn.Module, float]]:
        """Encoder and classifier."""
        yield self.online, 1.0
        yield self.classifier, 1.0
