"""What all objectives have in common: the online network, perhaps a target that follows it, and a step's output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from byol_core.config import RunConfig
from byol_core.distributed.collectives import gather
from byol_core.losses.precision import widened
from byol_core.networks import Encoder, build_encoder, build_projector, projection_size
from byol_core.system import checks


@dataclass(frozen=True)
class StepOutput:
    """What one step computed: the loss, a float32 scalar, and the projections (B, D) of view 1, without gradient."""

    loss: Tensor
    projection: Tensor


class Branch(nn.Module):
    """Encoder and projector: the part that online and target network have in common."""

    def __init__(self, encoder: Encoder, projector: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector

    def forward(self, view: Tensor) -> Tensor:
        """View (B, 3, H, W) in [0, 1] -> projection z (B, projection size)."""
        projection: Tensor = self.projector(self.encoder(view))
        return projection


def build_branch(config: RunConfig) -> Branch:
    """Encoder and projector of the objective, initialized from torch's global generator."""
    encoder = build_encoder(config.network, config.data.image_size)
    return Branch(encoder, build_projector(config.network, config.method.objective, encoder.feature_dim))


def build_target(config: RunConfig, online: Branch) -> Branch:
    """A second network that starts as the online one, never gets a gradient, and keeps its own running statistics."""
    target = build_branch(config)
    target.load_state_dict(online.state_dict())
    return target.requires_grad_(False)


def of_all_ranks(rows: Tensor) -> Tensor:
    """The rows (B, D) of every process, with gradient, not narrower than float32."""
    return gather(widened(rows))


class Method(nn.Module, ABC):
    """An objective: the networks it trains and the loss of two views.

    Networks stay in training mode, and each view is a forward pass of its own with its own batch statistics, unless
    ``joint_statistics`` asks for one pass over both. Nothing in a step waits for the device, and shapes never change.
    """

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        checks.kind("config", config, RunConfig, "a RunConfig")
        self.online = build_branch(config)
        self.target: Branch | None = None
        self.projection_size = projection_size(config.network, config.method.objective, self.online.encoder.feature_dim)
        self.joint = config.method.joint_statistics
        self.register_load_state_dict_pre_hook(_without_a_target)  # type: ignore[no-untyped-call]

    @abstractmethod
    def forward(
        self, first: Tensor, second: Tensor, indices: Tensor | None = None, labels: Tensor | None = None
    ) -> StepOutput:
        """The loss of two views (B, 3, H, W) in [0, 1].

        ``indices`` (B,) int64 are the images' places in the training split, which NCE needs; ``labels`` (B,) int64, -1
        for none, are for the supervised baseline.
        """

    def in_turn(
        self, first: Tensor, second: Tensor, indices: Tensor | None = None, labels: Tensor | None = None
    ) -> Iterator[Tensor]:
        """Losses that add up to that of :meth:`forward`, made one after the other as they are asked for.

        Whoever goes back through one before asking for the next holds the activations of one view at a time, where the
        objective lets its directions be taken apart; otherwise there is one loss, the whole.
        """
        yield self(first, second, indices, labels).loss

    @property
    def has_target(self) -> bool:
        """Whether a second network follows the first."""
        return self.target is not None

    def branches(self) -> tuple[Branch, ...]:
        """The online network, and the target where there is one."""
        return (self.online,) if self.target is None else (self.online, self.target)

    def on_both(self, network: nn.Module, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """A network's outputs for both views: a forward pass each, or one for both with ``joint_statistics``."""
        if not self.joint:
            return network(first), network(second)
        one, two = network(torch.cat([first, second])).chunk(2)
        return one, two

    @torch.no_grad()
    def update_target(self, tau: float | Tensor) -> None:
        """target <- tau * target + (1 - tau) * online, in float32, parameters only; nothing where there is no target.

        ``tau`` is a number, or a scalar on the device that nothing on the host waits for.
        """
        if self.target is None:
            return
        targets: list[Tensor] = list(self.target.parameters())
        online: list[Tensor] = list(self.online.parameters())
        if isinstance(tau, Tensor):
            step = torch._foreach_sub(online, targets)
            torch._foreach_mul_(step, 1 - tau)
            torch._foreach_add_(targets, step)
        else:
            torch._foreach_lerp_(targets, online, 1 - tau)

    def trained(self, predictor_rate: float) -> Iterator[tuple[nn.Module, float]]:
        """The modules that the optimizer updates, each with its multiple of the learning rate."""
        yield self.online, 1.0


def _without_a_target(method: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Leave out the target that a checkpoint may hold of a run whose target was always the online network."""
    if method.target is None:
        for key in [key for key in state if key.startswith(f"{prefix}target.")]:
            del state[key]


def fill(method: Method, state: Mapping[str, Tensor]) -> None:
    """Give these weights to the encoder of the online network, and of the target where there is one, in place."""
    for branch in method.branches():
        branch.encoder.load_state_dict(state)


def freeze(method: Method, stages: int) -> None:
    """Hold the first stages of both encoders still; the target gets no gradient anywhere, as before."""
    if stages == 0:
        return
    for branch in method.branches():
        branch.encoder.freeze(stages)
    if method.target is not None:
        method.target.requires_grad_(False)
