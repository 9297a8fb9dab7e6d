"""The losses for everybody: they look at the kinds, shapes and dtypes of what they are given, and then compute.

The training step calls the modules beside this one, which look at nothing. Values are not looked at, so that nobody's
loop waits for its device: of numbers that are not finite a loss is NaN. Labels on the CPU are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from torch import Tensor

from byol_core.losses import contrastive, decorrelation, precision, predictive, supervised, triplet
from byol_core.system import checks

P = ParamSpec("P")


def _before(loss: Callable[..., Tensor]) -> Callable[[Callable[P, None]], Callable[P, Tensor]]:
    """The same loss after a look at its arguments, with its name and docstring."""

    def around(look: Callable[P, None]) -> Callable[P, Tensor]:
        @wraps(loss)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Tensor:
            look(*args, **kwargs)
            return loss(*args, **kwargs)

        return checked

    return around


def _pair(*, least: int = 1, **tensors: Tensor) -> None:
    for name, rows in tensors.items():
        checks.rows(name, rows, least=least)
    checks.alike(**tensors)


def _bank(name: str, bank: Tensor, **queries: Tensor) -> None:
    checks.rows(name, bank)
    checks.as_long(**{name: bank}, **queries)


def _temperature(temperature: float) -> None:
    checks.number("temperature", temperature, above=0)


@_before(predictive.byol_loss)
def byol_loss(prediction: Tensor, target: Tensor) -> None:
    """Looks."""
    _pair(prediction=prediction, target=target)


@_before(predictive.negative_cosine)
def negative_cosine(prediction: Tensor, target: Tensor) -> None:
    """Looks."""
    _pair(prediction=prediction, target=target)


@_before(contrastive.nt_xent)
def nt_xent(first: Tensor, second: Tensor, temperature: float) -> None:
    """Looks."""
    _pair(first=first, second=second)
    _temperature(temperature)


@_before(contrastive.info_nce)
def info_nce(queries: Tensor, keys: Tensor, negatives: Tensor, temperature: float) -> None:
    """Looks."""
    _pair(queries=queries, keys=keys)
    _bank("negatives", negatives, queries=queries)
    _temperature(temperature)


@_before(contrastive.nce)
def nce(features: Tensor, own: Tensor, noise: Tensor, log_z: Tensor, images: int, temperature: float) -> None:
    """Looks."""
    _pair(features=features, own=own)
    _bank("noise", noise, features=features)
    if not checks.is_tensor(log_z) or log_z.ndim:
        raise checks.wrong("log_z", "a tensor of one number without axes", log_z)
    checks.whole("images", images)
    _temperature(temperature)


@_before(contrastive.estimate_log_z)
def estimate_log_z(features: Tensor, noise: Tensor, images: int, temperature: float) -> None:
    """Looks."""
    checks.rows("features", features)
    _bank("noise", noise, features=features)
    checks.whole("images", images)
    _temperature(temperature)


@_before(contrastive.bridge_loss)
def bridge_loss(q1: Tensor, q2: Tensor, t1: Tensor, t2: Tensor, beta: float, temperature: float) -> None:
    """Looks."""
    _pair(q1=q1, q2=q2, t1=t1, t2=t2)
    checks.number("beta", beta, 0)
    _temperature(temperature)


@_before(decorrelation.barlow_twins)
def barlow_twins(first: Tensor, second: Tensor, redundancy: float) -> None:
    """Looks."""
    _pair(first=first, second=second, least=2)
    checks.number("redundancy", redundancy, 0)


@_before(decorrelation.vicreg)
def vicreg(first: Tensor, second: Tensor, invariance: float, variance: float, covariance: float) -> None:
    """Looks."""
    _pair(first=first, second=second, least=2)
    for name, weight in (("invariance", invariance), ("variance", variance), ("covariance", covariance)):
        checks.number(name, weight, 0)


@_before(triplet.triplet_semi_hard)
def triplet_semi_hard(first: Tensor, second: Tensor, margin: float) -> None:
    """Looks."""
    _pair(first=first, second=second, least=2)
    checks.number("margin", margin, 0)


@_before(supervised.cross_entropy)
def cross_entropy(logits: Tensor, labels: Tensor) -> None:
    """Looks."""
    checks.rows("logits", logits)
    look = checks.is_tensor(labels) and checks.at_hand(labels)
    checks.labels("labels", labels, len(logits), logits.shape[1], look=look)
    checks.on_one_device(logits=logits, labels=labels)


@_before(precision.widened)
def widened(values: Tensor) -> None:
    """Looks."""
    if not checks.is_tensor(values):
        raise checks.wrong("values", "a tensor", values)
