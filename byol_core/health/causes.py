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
from byol_core.messages import Message, sentences

# Rates for 256 images above which an optimizer is likely to blow up: ten times what recipes for it use.
_HIGH_RATE = {"sgd": 0.6, "lars": 5.0, "adamw": 0.01}
_NAMES = {"sgd": "SGD", "lars": "LARS", "adamw": "AdamW"}
_WEAK_VIEWS = 0.3
_LOW_TEMPERATURE = 0.02
_MOST = 2  # causes that are named: a sentence with more is not read


@dataclass(frozen=True)
class Cause:
    """A sentence that says what is wrong, and the settings that would help."""

    sentence: str
    changes: Mapping[str, Any] = field(default_factory=dict)


def likely_cause(config: RunConfig, values: Mapping[str, float]) -> str:
    """The likeliest reason for a collapse, or the two, read from settings and signs."""
    first, *others = (cause.sentence for cause in _causes(config, values)[:_MOST])
    if others:
        return Message("Likely causes: {causes}", causes=sentences(first, *others))
    return Message("Likely cause: {cause}", cause=first)


def remedy(config: RunConfig, values: Mapping[str, float]) -> dict[str, Any]:
    """The settings, by dotted key, with which to try again after a collapse."""
    return {key: value for cause in _causes(config, values)[:_MOST] for key, value in cause.changes.items()}


def not_a_number(step: int, config: RunConfig) -> str:
    """What to say of a loss that is not finite, with what is likely to help."""
    return sentences(_advice(step, config), Message("The last good checkpoint is kept."))


def _advice(step: int, config: RunConfig) -> str:
    optimizer, temperature = config.optimizer, config.method.temperature
    if optimizer.lr > _HIGH_RATE[optimizer.name]:
        return Message(
            "The loss was not a number at step {step}; lower optimizer.lr ({rate:g} is high for {optimizer}).",
            step=step,
            rate=optimizer.lr,
            optimizer=_NAMES[optimizer.name],
        )
    if temperature is not None and temperature < _LOW_TEMPERATURE and _reads(config, "method.temperature"):
        return Message(
            "The loss was not a number at step {step}; raise method.temperature ({temperature:g} makes the loss "
            "steep).",
            step=step,
            temperature=temperature,
        )
    if config.runtime.precision == "bfloat16":
        return Message(
            "The loss was not a number at step {step}; set runtime.precision to float32, since bfloat16 keeps few "
            "digits, or lower optimizer.lr.",
            step=step,
        )
    return Message(
        "The loss was not a number at step {step}; lower optimizer.lr, or let it rise longer (optimizer.warmup).",
        step=step,
    )


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
    said = Message(
        "The gradient reaches both sides of the loss (method.stop_gradient is off), so similarity alone lowers it."
    )
    return Cause(said, {"method.stop_gradient": True})


def _predictor(config: RunConfig) -> Cause | None:
    method = config.method
    if method.objective not in PREDICTIVE or _has_negatives(config):
        return None
    if method.predictor == "none":
        return Cause(Message("There is no predictor (method.predictor is none)."), {"method.predictor": "mlp"})
    if method.predictor == "frozen":
        said = Message("The predictor does not learn (method.predictor is frozen).")
        return Cause(said, {"method.predictor": "mlp"})
    if method.predictor_lr == 0:
        said = Message("The predictor does not learn (method.predictor_lr is 0).")
        return Cause(said, {"method.predictor_lr": 1.0})
    return None


def _target(config: RunConfig) -> Cause | None:
    method = config.method
    if method.objective not in WITH_TARGET or method.tau_base not in (0.0, 1.0):
        return None
    if method.tau_base == 1.0:
        said = Message("The target never moves (method.tau_base is 1): it stays the untrained network.")
    else:
        said = Message("The target is no slower than the online network (method.tau_base is 0).")
    return Cause(said, {"method.tau_base": 0.99})


def _variance(config: RunConfig) -> Cause | None:
    if config.method.objective != "vicreg" or config.method.variance > 0:
        return None
    return Cause(Message("Nothing keeps the vectors apart (method.variance is 0)."), {"method.variance": 25.0})


def _norms(config: RunConfig) -> Cause | None:
    if config.network.encoder_norm == "none":
        said = Message("An encoder without norm starts badly scaled (network.encoder_norm is none).")
        return Cause(said, {"network.encoder_norm": "batch"})
    if config.network.head_norm == "batch" or not _reads(config, "network.head_norm"):
        return None
    said = Message("Heads without batch norm start badly scaled (network.head_norm is none).")
    return Cause(said, {"network.head_norm": "batch"})


def _rate(config: RunConfig) -> Cause | None:
    optimizer = config.optimizer
    if optimizer.lr <= _HIGH_RATE[optimizer.name]:
        return None
    said = Message(
        "The learning rate is high for {optimizer} (optimizer.lr is {rate:g}).",
        optimizer=_NAMES[optimizer.name],
        rate=optimizer.lr,
    )
    return Cause(said, {"optimizer.lr": _rounded(optimizer.lr / 10)})


def _views(config: RunConfig) -> Cause | None:
    views = config.views
    if views.preset == "none":
        said = Message("The two views of an image are nearly the same (views.preset is none).")
        return Cause(said, {"views.preset": "small-image"})
    if views.strength < _WEAK_VIEWS:
        said = Message(
            "The two views of an image are nearly the same (views.strength is {strength:g}).", strength=views.strength
        )
        return Cause(said, {"views.strength": 1.0})
    if views.crop is not None and views.crop < _WEAK_VIEWS:
        said = Message("The two views of an image are nearly the same (views.crop is {crop:g}).", crop=views.crop)
        return Cause(said, {"views.crop": None})
    return None


def _unexplained(config: RunConfig, values: Mapping[str, float]) -> Cause:
    """No setting stands out: the usual next thing to try."""
    method = config.method
    lower = {"optimizer.lr": _rounded(config.optimizer.lr / 3)}
    if method.objective not in PREDICTIVE:
        return Cause(Message("The learning rate does not suit this objective (lower optimizer.lr)."), lower)
    projection_first = values.get("projection_std_ratio", math.inf) < values.get("std_ratio", math.inf) / 2
    if projection_first and not config.network.projection_norm:
        said = Message("Nothing keeps the projector's output in scale (network.projection_norm is off).")
        return Cause(said, {"network.projection_norm": True})
    if method.predictor_lr < 10:
        said = Message(
            "The predictor does not keep up with the encoder (raise method.predictor_lr, or lower optimizer.lr)."
        )
        return Cause(said, {"method.predictor_lr": 10.0})
    return Cause(
        Message("The encoder runs away from its target (lower optimizer.lr, or raise method.tau_base)."), lower
    )


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
