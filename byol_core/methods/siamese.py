"""One network and the projections of both views: SimCLR, the triplet loss, Barlow Twins and VICReg.

SimCLR is that of arXiv 2002.05709, §2.1, the triplet loss on the same head that of its Table 4, Barlow Twins that of
2103.03230, §2.1, and VICReg that of 2105.04906, §4.1. Each looks at the whole batch, of all processes, and every
process computes the loss of all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor

from byol_core.config import MethodConfig, RunConfig
from byol_core.losses.contrastive import nt_xent
from byol_core.losses.decorrelation import barlow_twins, vicreg
from byol_core.losses.triplet import triplet_semi_hard
from byol_core.methods.base import Method, Views, of_all_ranks

SIMCLR_TEMPERATURE = 0.5  # for small images, arXiv 2002.05709, App. B.9


class Siamese(Method):
    """A loss of two sets of projections, with gradient on both."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.loss = _loss(config.method)

    def losses(self, views: Views) -> Iterator[Tensor]:
        """One loss: every projection is compared with others."""
        first, second = self.per_view(self.online, (views.first, views.second))
        yield self.loss(of_all_ranks(first), of_all_ranks(second))


def _loss(method: MethodConfig) -> Callable[[Tensor, Tensor], Tensor]:
    temperature = SIMCLR_TEMPERATURE if method.temperature is None else method.temperature
    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "simclr": lambda a, b: nt_xent(a, b, temperature),
        "triplet": lambda a, b: triplet_semi_hard(a, b, method.margin),
        "barlow-twins": lambda a, b: barlow_twins(a, b, method.redundancy),
        "vicreg": lambda a, b: vicreg(a, b, method.invariance, method.variance, method.covariance),
    }
    return losses[method.objective]
