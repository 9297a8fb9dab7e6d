"""One network and the projections of both views: SimCLR, the triplet loss, Barlow Twins and VICReg.

Each looks at the whole batch, of all processes, and every process computes the loss of all of it.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from byol_core.config import MethodConfig, RunConfig
from byol_core.losses.contrastive import nt_xent
from byol_core.losses.decorrelation import barlow_twins, vicreg
from byol_core.losses.triplet import triplet_semi_hard
from byol_core.methods.base import Method, StepOutput, of_all_ranks

SIMCLR_TEMPERATURE = 0.5  # for small images, arXiv 2002.05709, App. B.9


class Siamese(Method):
    """A loss of two sets of projections, with gradient on both."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.loss = _loss(config.method)

    def forward(
        self, first: Tensor, second: Tensor, indices: Tensor | None = None, labels: Tensor | None = None
    ) -> StepOutput:
        """The loss of two views (B, 3, H, W) in [0, 1]."""
        z1, z2 = self.on_both(self.online, first, second)
        return StepOutput(self.loss(of_all_ranks(z1), of_all_ranks(z2)), z1.detach())


def _loss(method: MethodConfig) -> Callable[[Tensor, Tensor], Tensor]:
    temperature = SIMCLR_TEMPERATURE if method.temperature is None else method.temperature
    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "simclr": lambda a, b: nt_xent(a, b, temperature),
        "triplet": lambda a, b: triplet_semi_hard(a, b, method.margin),
        "barlow-twins": lambda a, b: barlow_twins(a, b, method.redundancy),
        "vicreg": lambda a, b: vicreg(a, b, method.invariance, method.variance, method.covariance),
    }
    return losses[method.objective]
