"""What all objectives have in common: two views in, losses out; the online network, and perhaps a target beside it.

The networks are those of arXiv 2006.07733, §3.1: online network theta and target network xi, each encoder f and
projector g, where xi <- tau * xi + (1 - tau) * theta after each step (eq. 1).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from byol_core.config import RunConfig
from byol_core.distributed.collectives import gather
from byol_core.losses.precision import widened
from byol_core.networks import Encoder, build_encoder, build_projector, projection_size
from byol_core.system import checks


class Views(NamedTuple):
    """Two views of each image of a batch, and what else an objective may ask about these images.

    first, second: (B, 3, H, W) in [0, 1]. indices: (B,) int64, their places in the training split, which NCE needs.
    labels: (B,) int64, -1 for none, which the supervised baseline needs.
    """

    first: Tensor
    second: Tensor
    indices: Tensor | None = None
    labels: Tensor | None = None


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


def total(losses: Iterable[Tensor]) -> Tensor:
    """The sum of an objective's losses: the loss of the batch."""
    return reduce(torch.add, losses)


def of_all_ranks(rows: Tensor) -> Tensor:
    """The rows (B, D) of every process, with gradient, not narrower than float32."""
    return gather(widened(rows))


class Method(nn.Module, ABC):
    """An objective: the networks it trains, and in :meth:`losses` its algorithm.

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
    def losses(self, views: Views) -> Iterator[Tensor]:
        """Losses that add up to the loss of the batch, float32 scalars, each computed when it is asked for.

        They share nothing that has a gradient but the weights: whoever goes back through one before asking for the next
        holds the activations of one view at a time. Where an objective cannot be taken apart there is one, the whole.
        In training mode a queue or a memory of earlier images moves too.
        """

    def forward(self, views: Views) -> Tensor:
        """The whole loss in one forward pass, which is what DDP and the compiler want to see."""
        checks.alike(first=views.first, second=views.second)
        return total(self.losses(views))

    @property
    def has_target(self) -> bool:
        """Whether a second network follows the first."""
        return self.target is not None

    def branches(self) -> tuple[Branch, ...]:
        """The online network, and the target where there is one."""
        return (self.online,) if self.target is None else (self.online, self.target)

    def per_view(self, network: nn.Module, inputs: Iterable[Tensor]) -> Iterator[Tensor]:
        """A network's output for the first view and then for the second, each computed when it is asked for.

        A forward pass for each view, or with ``joint_statistics`` one for both.
        """
        if self.joint:
            yield from network(torch.cat(tuple(inputs))).chunk(2)
        else:
            for view in inputs:
                yield network(view)

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
