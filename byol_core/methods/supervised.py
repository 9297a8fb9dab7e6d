"""The supervised baseline: the same encoder, images, views and loop, and a linear classifier on the representation."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from byol_core.config import RunConfig
from byol_core.distributed.collectives import gather
from byol_core.losses.supervised import cross_entropy
from byol_core.methods.base import Method, StepOutput, of_all_ranks


class Supervised(Method):
    """Cross-entropy of both views' classes. There is no projector: the projection is the representation."""

    def __init__(self, config: RunConfig, classes: int) -> None:
        super().__init__(config)
        self.classifier = nn.Linear(self.projection_size, classes)

    def forward(
        self, first: Tensor, second: Tensor, indices: Tensor | None = None, labels: Tensor | None = None
    ) -> StepOutput:
        """The loss of two views (B, 3, H, W) in [0, 1] of images with ``labels`` (B,), of which -1 is none.

        Raises ValueError without ``labels``.
        """
        if labels is None:
            raise ValueError("The supervised baseline needs labels.")
        y1, y2 = self.on_both(self.online, first, second)
        logits = self.classifier(torch.cat([y1, y2]))
        return StepOutput(cross_entropy(of_all_ranks(logits), gather(labels.repeat(2))), y1.detach())

    def trained(self, predictor_rate: float) -> Iterator[tuple[nn.Module, float]]:
        """The encoder and the classifier, at the same learning rate."""
        yield self.online, 1.0
        yield self.classifier, 1.0
