"""BYOL (arXiv 2006.07733, §3.1 and Algorithm 1), and two that share its networks: SimSiam and the bridge.

The online network theta is encoder f, projector g and predictor q; the target network xi is f and g. Both are in
training mode and each view is a forward pass of its own, so each has its own batch statistics, as in the authors' code
(byol/byol_experiment.py). xi moves by :meth:`Method.update_target` alone (eq. 1), parameters only: the running
statistics of a batch norm stay its own network's.

SimSiam (2011.10566, Algorithm 1) has the online network on both sides of the loss, and the mean of two negative
cosines. The bridge (2006.07733, §5, eq. 6) adds beta times the negatives of a contrastive loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from byol_core.config import RunConfig
from byol_core.losses.contrastive import bridge_loss
from byol_core.losses.predictive import byol_loss, negative_cosine
from byol_core.methods.base import Method, Views, build_target, of_all_ranks, total
from byol_core.networks import build_predictor

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

    def losses(self, views: Views) -> Iterator[Tensor]:
        """Each view's prediction q(z) against the target's projection z' of the other view, in both directions.

        Where the target is a network of its own the directions share nothing that has a gradient but the weights.
        """
        pair = (views.first, views.second)
        online: Iterable[Tensor] = self.per_view(self.online, pair)  # z = g(f(v)), computed when it is asked for
        if self.target is not None:
            with torch.no_grad():  # the stop-gradient
                targets = tuple(self.per_view(self.target, pair))
        else:  # one network on both sides of the loss
            online = tuple(online)
            targets = tuple(z.detach() for z in online) if self.stop_gradient else online
        directions = self._directions(self.per_view(self.predictor, online), targets)
        independent = self.target is not None and not self.joint
        yield from directions if independent else (total(directions),)

    def _directions(self, predictions: Iterable[Tensor], targets: tuple[Tensor, ...]) -> Iterator[Tensor]:
        """The loss of each direction; of the bridge one for both, since it looks at the whole batch."""
        if self.objective == "bridge":
            q1, q2, t1, t2 = map(of_all_ranks, (*predictions, *targets))
            yield bridge_loss(q1, q2, t1, t2, self.beta, self.temperature)
            return
        for prediction, target in zip(predictions, reversed(targets), strict=True):
            if self.objective == "simsiam":
                yield negative_cosine(prediction, target) / 2
            else:
                yield byol_loss(prediction, target)

    def trained(self, predictor_rate: float) -> Iterator[tuple[nn.Module, float]]:
        """Online network and predictor, the latter at its multiple of the learning rate."""
        yield self.online, 1.0
        yield self.predictor, predictor_rate


def _needs_a_target(config: RunConfig) -> bool:
    method = config.method
    always_online = method.tau_base == 0 and method.tau_schedule == "constant"
    return method.objective != "simsiam" and method.stop_gradient and not always_online
