"""LARS, SGD and AdamW with the paper's parameter groups: biases and norm parameters get no decay and no adaptation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from byol_core.config import OptimizerConfig
from byol_core.errors import ArgumentError
from byol_core.messages import Message
from byol_core.system import checks

TRUST = 1e-3  # eta of LARS; arXiv 2006.07733, §3.3
REFERENCE_BATCH = 256  # the learning rate is given for this many images
_MOMENTUM = "momentum"  # in a saved state of LARS


class LARS(Optimizer):
    """Layer-wise adaptive rate scaling (arXiv 1708.03888) as in the paper's ``utils/optimizers.py``.

    Per tensor: g <- g + decay * w; g <- g * trust * |w| / |g| (only in groups with ``adapt``, and only if both norms
    are positive); m <- momentum * m + g; w <- w - lr * m. The rate multiplies after the momentum, so a change of the
    rate affects the whole step at once.
    """

    def __init__(
        self, params: Any, lr: float, *, momentum: float = 0.9, weight_decay: float = 0.0, trust: float = TRUST
    ) -> None:
        checks.number("lr", lr, 0)
        checks.number("momentum", momentum, 0, 1)
        checks.number("weight_decay", weight_decay, 0)
        checks.number("trust", trust, above=0)
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust, "adapt": True}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        if closure is not None:
            raise ArgumentError("LARS takes no closure: compute the gradients before the step.")
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if parameters:
                self._update(parameters, [p.grad for p in parameters], group)

    def _update(self, parameters: list[Tensor], gradients: list[Any], group: dict[str, Any]) -> None:
        """Update all tensors of a group at once, with a handful of kernels and without waiting for the device."""
        gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))
        if group["adapt"]:
            weights, slopes = (torch.stack(torch._foreach_norm(tensors)) for tensors in (parameters, gradients))
            # A tensor whose weights are all 0 would otherwise never move.
            ratio = torch.where((weights > 0) & (slopes > 0), group["trust"] * weights / slopes, 1.0)
            torch._foreach_mul_(gradients, list(ratio.unbind()))
        momenta = [self._momentum(parameter) for parameter in parameters]
        torch._foreach_mul_(momenta, group["momentum"])
        torch._foreach_add_(momenta, gradients)
        torch._foreach_sub_(parameters, torch._foreach_mul(momenta, group["lr"]))

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if _MOMENTUM not in state:
            state[_MOMENTUM] = torch.zeros_like(parameter)
        buffer: Tensor = state[_MOMENTUM]
        return buffer


def parameter_groups(modules: Iterable[tuple[nn.Module, float]], weight_decay: float) -> list[dict[str, Any]]:
    """Two groups per module, with and without decay; ``rate`` is the module's multiple of the learning rate."""
    checks.number("weight_decay", weight_decay, 0)
    groups = []
    for module, rate in modules:
        checks.number(Message("rate of a module"), rate, 0)
        parameters = [p for p in module.parameters() if p.requires_grad]
        matrices = [p for p in parameters if p.ndim > 1]
        vectors = [p for p in parameters if p.ndim <= 1]  # biases, and weights of norms
        groups.append({"params": matrices, "weight_decay": weight_decay, "rate": rate})
        groups.append({"params": vectors, "weight_decay": 0.0, "adapt": False, "rate": rate})
    return [group for group in groups if group["params"]]


def build_optimizer(config: OptimizerConfig, modules: Iterable[tuple[nn.Module, float]]) -> Optimizer:
    """Build the optimizer of the settings; :func:`set_rate` sets its learning rate at each step."""
    checks.kind("config", config, OptimizerConfig, "an OptimizerConfig, such as RunConfig().optimizer")
    groups = parameter_groups(modules, config.weight_decay)
    if not groups:
        raise ArgumentError("'modules' hold no weight that learns.")
    if config.name == "lars":
        return LARS(groups, config.lr, momentum=config.momentum)
    fused = next(p for group in groups for p in group["params"]).device.type in ("cpu", "cuda")
    if config.name == "sgd":
        return SGD(groups, config.lr, momentum=config.momentum, fused=fused)
    return AdamW(groups, config.lr, betas=(config.momentum, 0.999), fused=fused)


def peak_rate(config: OptimizerConfig, batch_size: int) -> float:
    """The highest learning rate of a run, scaled by batch / 256 (§3.3) except for AdamW."""
    checks.kind("config", config, OptimizerConfig, "an OptimizerConfig, such as RunConfig().optimizer")
    checks.whole("batch_size", batch_size)
    return config.lr if config.name == "adamw" else config.lr * batch_size / REFERENCE_BATCH


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate of each group to ``rate`` times the group's own multiple."""
    checks.number("rate", rate, 0)
    for group in optimizer.param_groups:
        value = rate * group["rate"]
        if isinstance(group["lr"], Tensor):  # a CUDA graph reads it from device memory
            group["lr"].fill_(value)
        else:
            group["lr"] = value


def make_capturable(optimizer: Optimizer, device: torch.device) -> None:
    """Prepare the optimizer for a CUDA graph, with its learning rate on the device and no step count on the host."""
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(float(group["lr"]), device=device)
        if "capturable" in group:
            group["capturable"] = True


def load_state(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Load momenta from a checkpoint, but keep the settings for how this process computes the update."""
    kept = ("lr", "capturable", "fused")
    ours: list[dict[str, Any]] = [{key: group[key] for key in kept if key in group} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, own in zip(optimizer.param_groups, ours, strict=True):
        group.update(own)
