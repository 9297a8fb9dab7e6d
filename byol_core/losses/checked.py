"""The public losses: they check the types, shapes and dtypes of their arguments before they compute.

The training step calls the modules next to this one, which check nothing. Values are not checked, so that no training
loop waits for its device: the loss of values that are not finite is NaN. Labels on the CPU are checked.
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
    """The same loss with a check of its arguments before it, under its name and docstring."""

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
    """Check the arguments of BYOL's loss."""
    _pair(prediction=prediction, target=target)


@_before(predictive.negative_cosine)
def negative_cosine(prediction: Tensor, target: Tensor) -> None:
    """Check the arguments of SimSiam's loss."""
    _pair(prediction=prediction, target=target)


@_before(contrastive.nt_xent)
def nt_xent(first: Tensor, second: Tensor, temperature: float) -> None:
    """Check the arguments of SimCLR's loss."""
    _pair(first=first, second=second)
    _temperature(temperature)


@_before(contrastive.info_nce)
def info_nce(queries: Tensor, keys: Tensor, negatives: Tensor, temperature: float) -> None:
    """Check the arguments of MoCo's loss."""
    _pair(queries=queries, keys=keys)
    _bank("negatives", negatives, queries=queries)
    _temperature(temperature)


@_before(contrastive.nce)
def nce(features: Tensor, own: Tensor, noise: Tensor, log_z: Tensor, images: int, temperature: float) -> None:
    """Check the arguments of instance discrimination."""
    _pair(features=features, own=own)
    _bank("noise", noise, features=features)
    if not checks.is_tensor(log_z) or log_z.ndim:
        raise checks.wrong("log_z", "a tensor of one number without axes", log_z)
    checks.whole("images", images)
    _temperature(temperature)


@_before(contrastive.estimate_log_z)
def estimate_log_z(features: Tensor, noise: Tensor, images: int, temperature: float) -> None:
    """Check the arguments of the estimate of log Z."""
    checks.rows("features", features)
    _bank("noise", noise, features=features)
    checks.whole("images", images)
    _temperature(temperature)


@_before(contrastive.bridge_loss)
def bridge_loss(q1: Tensor, q2: Tensor, t1: Tensor, t2: Tensor, beta: float, temperature: float) -> None:
    """Check the arguments of the bridge."""
    _pair(q1=q1, q2=q2, t1=t1, t2=t2)
    checks.number("beta", beta, 0)
    _temperature(temperature)


@_before(decorrelation.barlow_twins)
def barlow_twins(first: Tensor, second: Tensor, redundancy: float) -> None:
    """Check the arguments of Barlow Twins."""
    _pair(first=first, second=second, least=2)
    checks.number("redundancy", redundancy, 0)


@_before(decorrelation.vicreg)
def vicreg(first: Tensor, second: Tensor, invariance: float, variance: float, covariance: float) -> None:
    """Check the arguments of VICReg."""
    _pair(first=first, second=second, least=2)
    for name, weight in (("invariance", invariance), ("variance", variance), ("covariance", covariance)):
        checks.number(name, weight, 0)


@_before(triplet.triplet_semi_hard)
def triplet_semi_hard(first: Tensor, second: Tensor, margin: float) -> None:
    """Check the arguments of the triplet loss."""
    _pair(first=first, second=second, least=2)
    checks.number("margin", margin, 0)


@_before(supervised.cross_entropy)
def cross_entropy(logits: Tensor, labels: Tensor) -> None:
    """Check the arguments of cross-entropy."""
    checks.rows("logits", logits)
    look = checks.is_tensor(labels) and checks.at_hand(labels)
    checks.labels("labels", labels, len(logits), logits.shape[1], look=look)
    checks.on_one_device(logits=logits, labels=labels)


@_before(precision.widened)
def widened(values: Tensor) -> None:
    """Check that there is a tensor to widen."""
    if not checks.is_tensor(values):
        raise checks.wrong("values", "a tensor", values)
