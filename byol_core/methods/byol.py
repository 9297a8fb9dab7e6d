"""BYOL, and what differs from it in one thing: SimSiam and the bridge to a contrastive loss (arXiv 2006.07733, §3).

The online network is encoder, projector and predictor; the target is encoder and projector, and moves only by
target <- tau * target + (1 - tau) * online. Both are in training mode, and each view is a forward pass of its own, so
each has its own batch statistics, as in the authors' code. Running statistics stay each network's own.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from byol_core.config import RunConfig
from byol_core.losses.contrastive import bridge_loss
from byol_core.losses.predictive import byol_loss, negative_cosine
from byol_core.methods.base import Method, StepOutput, build_target, of_all_ranks
from byol_core.networks import build_predictor
from byol_core.system import checks

BRIDGE_TEMPERATURE = 0.3  # the best at beta 1 in Table 18


class BYOL(Method):
    """The networks of BYOL, SimSiam and the bridge. No stop-gradient, no or a frozen predictor are ablations.

    SimSiam has no target, and without stop-gradient one network is on both sides of the loss. With a constant tau of 0
    the target would equal the online network at every step. In all three cases the online projections stand in for the
    target's, which saves its forward passes and its weights.
    """

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        method = config.method
        self.objective, self.beta = method.objective, method.beta
        self.temperature = BRIDGE_TEMPERATURE if method.temperature is None else method.temperature
        self.stop_gradient = method.stop_gradient
        if _needs_a_target(config):
            self.target = build_target(config, self.online)
        self.predictor: nn.Module = nn.Identity()
        if method.predictor != "none":
            self.predictor = build_predictor(config.network, method.objective, self.projection_size)
        self.predictor.requires_grad_(method.predictor == "mlp")

    def forward(
        self, first: Tensor, second: Tensor, indices: Tensor | None = None, labels: Tensor | None = None
    ) -> StepOutput:
        """The loss of two views (B, 3, H, W) in [0, 1], over both directions."""
        checks.alike(first=first, second=second)
        z1, z2 = self.on_both(self.online, first, second)
        t1, t2 = self._targets(first, second, z1, z2)
        q1, q2 = self.on_both(self.predictor, z1, z2)
        return StepOutput(self._loss(q1, q2, t1, t2), z1.detach())

    def in_turn(
        self, first: Tensor, second: Tensor, indices: Tensor | None = None, labels: Tensor | None = None
    ) -> Iterator[Tensor]:
        """BYOL's two directions one by one: they share nothing that has a gradient but the weights."""
        if self.target is None or self.joint or self.objective != "byol":
            yield from super().in_turn(first, second, indices, labels)
            return
        with torch.no_grad():
            t1, t2 = self.target(first), self.target(second)
        for view, target in ((first, t2), (second, t1)):
            yield byol_loss(self.predictor(self.online(view)), target)

    def _targets(self, first: Tensor, second: Tensor, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        """What is predicted: the target's projections without gradient, or the online ones that equal them."""
        if self.target is not None:
            with torch.no_grad():
                return self.on_both(self.target, first, second)
        return (z1.detach(), z2.detach()) if self.stop_gradient else (z1, z2)

    def _loss(self, q1: Tensor, q2: Tensor, t1: Tensor, t2: Tensor) -> Tensor:
        if self.objective == "bridge":
            q1, q2, t1, t2 = (of_all_ranks(rows) for rows in (q1, q2, t1, t2))
            return bridge_loss(q1, q2, t1, t2, self.beta, self.temperature)
        if self.objective == "simsiam":
            return (negative_cosine(q1, t2) + negative_cosine(q2, t1)) / 2
        return byol_loss(q1, t2) + byol_loss(q2, t1)

    def trained(self, predictor_rate: float) -> Iterator[tuple[nn.Module, float]]:
        """Online network and predictor, the latter at its multiple of the learning rate."""
        yield self.online, 1.0
        yield self.predictor, predictor_rate


def _needs_a_target(config: RunConfig) -> bool:
    method = config.method
    always_online = method.tau_base == 0 and method.tau_schedule == "constant"
    return method.objective != "simsiam" and method.stop_gradient and not always_online
