"""Why a run collapses or its loss is no longer a number, read from its settings; and what would help. Knows no torch.

In the order in which the ablations of arXiv 2006.07733 (Tables 5, 19 to 22) and 2011.10566 (§4) decide: what fails for
certain comes first, what only may fail comes after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from byol_core.config import RunConfig, field_info
from byol_core.config.method import PREDICTIVE, WITH_TARGET

# Rates for 256 images above which an optimizer is likely to blow up: ten times what recipes for it use.
_HIGH_RATE = {"sgd": 0.6, "lars": 5.0, "adamw": 0.01}
_NAMES = {"sgd": "SGD", "lars": "LARS", "adamw": "AdamW"}
_WEAK_VIEWS = 0.3
_LOW_TEMPERATURE = 0.02
_MOST = 2  # causes that are named: a sentence with more is not read


@dataclass(frozen=True)
class Cause:
    """A clause that goes on after "because", and the settings that would help."""

    clause: str
    changes: Mapping[str, Any] = field(default_factory=dict)


def likely_cause(config: RunConfig, values: Mapping[str, float]) -> str:
    """The clause after "because": the likeliest reason for a collapse, or the two, read from settings and signs."""
    return " and ".join(cause.clause for cause in _causes(config, values)[:_MOST])


def remedy(config: RunConfig, values: Mapping[str, float]) -> dict[str, Any]:
    """The settings, by dotted key, with which to try again after a collapse."""
    return {key: value for cause in _causes(config, values)[:_MOST] for key, value in cause.changes.items()}


def not_a_number(step: int, config: RunConfig) -> str:
    """What to say of a loss that is not finite, with what is likely to help."""
    optimizer, method = config.optimizer, config.method
    if optimizer.lr > _HIGH_RATE[optimizer.name]:
        advice = f"lower optimizer.lr ({optimizer.lr:g} is high for {_NAMES[optimizer.name]})"
    elif (
        method.temperature is not None
        and method.temperature < _LOW_TEMPERATURE
        and _reads(config, "method.temperature")
    ):
        advice = f"raise method.temperature ({method.temperature:g} makes the loss steep)"
    elif config.runtime.precision == "bfloat16":
        advice = "set runtime.precision to float32, since bfloat16 keeps few digits, or lower optimizer.lr"
    else:
        advice = "lower optimizer.lr, or let it rise longer (optimizer.warmup)"
    return f"The loss was not a number at step {step}; {advice}. The last good checkpoint is kept."


def _causes(config: RunConfig, values: Mapping[str, float]) -> list[Cause]:
    """All that the settings suggest, what fails for certain first; never none."""
    found = [cause for look in _LOOKS if (cause := look(config)) is not None]
    return found or [_unexplained(config, values)]


def _reads(config: RunConfig, key: str) -> bool:
    """Whether the objective of a run reads a setting."""
    only = field_info(key).json_schema_extra["only"]
    return not only or config.method.objective in only


def _has_negatives(config: RunConfig) -> bool:
    """The bridge with negatives needs neither predictor nor stop-gradient (arXiv 2006.07733, Table 18)."""
    return config.method.objective == "bridge" and config.method.beta > 0


def _stop_gradient(config: RunConfig) -> Cause | None:
    if config.method.stop_gradient or not _reads(config, "method.stop_gradient") or _has_negatives(config):
        return None
    clause = "the gradient reaches both sides of the loss (method.stop_gradient is off), so similarity alone lowers it"
    return Cause(clause, {"method.stop_gradient": True})


def _predictor(config: RunConfig) -> Cause | None:
    method = config.method
    if method.objective not in PREDICTIVE or _has_negatives(config):
        return None
    if method.predictor == "none":
        return Cause("there is no predictor (method.predictor is none)", {"method.predictor": "mlp"})
    if method.predictor == "frozen":
        return Cause("the predictor does not learn (method.predictor is frozen)", {"method.predictor": "mlp"})
    if method.predictor_lr == 0:
        return Cause("the predictor does not learn (method.predictor_lr is 0)", {"method.predictor_lr": 1.0})
    return None


def _target(config: RunConfig) -> Cause | None:
    method = config.method
    if method.objective not in WITH_TARGET or method.tau_base not in (0.0, 1.0):
        return None
    if method.tau_base == 1.0:
        clause = "the target never moves (method.tau_base is 1): it stays the untrained network"
    else:
        clause = "the target is no slower than the online network (method.tau_base is 0)"
    return Cause(clause, {"method.tau_base": 0.99})


def _variance(config: RunConfig) -> Cause | None:
    if config.method.objective != "vicreg" or config.method.variance > 0:
        return None
    return Cause("nothing keeps the vectors apart (method.variance is 0)", {"method.variance": 25.0})


def _norms(config: RunConfig) -> Cause | None:
    if config.network.encoder_norm == "none":
        clause = "an encoder without norm starts badly scaled (network.encoder_norm is none)"
        return Cause(clause, {"network.encoder_norm": "batch"})
    if config.network.head_norm == "batch" or not _reads(config, "network.head_norm"):
        return None
    clause = "heads without batch norm start badly scaled (network.head_norm is none)"
    return Cause(clause, {"network.head_norm": "batch"})


def _rate(config: RunConfig) -> Cause | None:
    optimizer = config.optimizer
    if optimizer.lr <= _HIGH_RATE[optimizer.name]:
        return None
    clause = f"the learning rate is high for {_NAMES[optimizer.name]} (optimizer.lr is {optimizer.lr:g})"
    return Cause(clause, {"optimizer.lr": _rounded(optimizer.lr / 10)})


def _views(config: RunConfig) -> Cause | None:
    views = config.views
    same = "the two views of an image are nearly the same"
    if views.preset == "none":
        return Cause(f"{same} (views.preset is none)", {"views.preset": "small-image"})
    if views.strength < _WEAK_VIEWS:
        return Cause(f"{same} (views.strength is {views.strength:g})", {"views.strength": 1.0})
    if views.crop is not None and views.crop < _WEAK_VIEWS:
        return Cause(f"{same} (views.crop is {views.crop:g})", {"views.crop": None})
    return None


def _unexplained(config: RunConfig, values: Mapping[str, float]) -> Cause:
    """No setting stands out: the usual next thing to try."""
    method = config.method
    lower = {"optimizer.lr": _rounded(config.optimizer.lr / 3)}
    if method.objective not in PREDICTIVE:
        return Cause("the learning rate does not suit this objective (lower optimizer.lr)", lower)
    projection_first = values.get("projection_std_ratio", math.inf) < values.get("std_ratio", math.inf) / 2
    if projection_first and not config.network.projection_norm:
        clause = "nothing keeps the projector's output in scale (network.projection_norm is off)"
        return Cause(clause, {"network.projection_norm": True})
    if method.predictor_lr < 10:
        clause = "the predictor does not keep up with the encoder (raise method.predictor_lr, or lower optimizer.lr)"
        return Cause(clause, {"method.predictor_lr": 10.0})
    return Cause("the encoder runs away from its target (lower optimizer.lr, or raise method.tau_base)", lower)


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


_LOOKS: tuple[Callable[[RunConfig], Cause | None], ...] = (
    _stop_gradient,
    _predictor,
    _target,
    _variance,
    _norms,
    _rate,
    _views,
)
