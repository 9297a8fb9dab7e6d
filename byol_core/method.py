"""BYOL: the online and the target network, the loss of one step, and the moving average (arXiv 2006.07733, §3).

The online network is encoder, projector and predictor; the target is encoder and projector, and moves only by
target <- tau * target + (1 - tau) * online. Both are in training mode, and each view is a forward pass of its own, so
each has its own batch statistics, as in the authors' code. Running statistics stay each network's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from byol_core.config import RunConfig
from byol_core.losses import byol_loss
from byol_core.networks import Encoder, build_encoder, build_head


@dataclass(frozen=True)
class StepOutput:
    """What one step computed: the loss (scalar, in [0, 8]) and the projections of view 1, for the signs of health."""

    loss: Tensor
    projection: Tensor


class Branch(nn.Module):
    """Encoder and projector: the part that online and target network have in common."""

    def __init__(self, encoder: Encoder, projector: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector

    def forward(self, view: Tensor) -> Tensor:
        """View (B, 3, H, W) in [0, 1] -> projection z (B, projection_size)."""
        projection: Tensor = self.projector(self.encoder(view))
        return projection


def _branch(config: RunConfig) -> Branch:
    network = config.network
    encoder = build_encoder(network, config.data.image_size)
    head = build_head(
        encoder.feature_dim,
        network.projector_hidden,
        network.projection_size,
        network.head_norm,
        network.projection_norm,
    )
    return Branch(encoder, head)


class OnlineTarget(nn.Module):
    """The two networks of BYOL. ``stop_gradient=False`` and ``predictor`` other than ``mlp`` are ablations."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        network = config.network
        self.online = _branch(config)
        self.target = _branch(config)
        self.predictor: nn.Module = nn.Identity()
        if config.method.predictor != "none":
            size = network.projection_size
            self.predictor = build_head(size, network.predictor_hidden, size, network.head_norm)
        self.predictor.requires_grad_(config.method.predictor == "mlp")
        self.stop_gradient = config.method.stop_gradient
        self.target.load_state_dict(self.online.state_dict())
        self.target.requires_grad_(False)

    def forward(self, first: Tensor, second: Tensor) -> StepOutput:
        """The loss of two views (B, 3, H, W) in [0, 1], summed over both directions (eq. 2 and below)."""
        z1, z2 = self.online(first), self.online(second)
        if self.stop_gradient:
            with torch.no_grad():
                t1, t2 = self.target(first), self.target(second)
        else:  # the ablation: one network on both sides, with gradient on both
            t1, t2 = z1, z2
        loss = byol_loss(self.predictor(z1), t2) + byol_loss(self.predictor(z2), t1)
        return StepOutput(loss, z1.detach())

    @torch.no_grad()
    def update_target(self, tau: float) -> None:
        """target <- tau * target + (1 - tau) * online, in float32, parameters only."""
        targets: list[Tensor] = list(self.target.parameters())
        online: list[Tensor] = list(self.online.parameters())
        torch._foreach_lerp_(targets, online, 1 - tau)

    def trained(self, predictor_rate: float) -> Iterator[tuple[nn.Module, float]]:
        """The modules that the optimiser updates, each with its multiple of the learning rate."""
        yield self.online, 1.0
        yield self.predictor, predictor_rate
