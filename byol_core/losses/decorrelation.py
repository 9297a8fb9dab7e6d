"""Losses that decorrelate the dimensions of a projection, without negatives: Barlow Twins and VICReg."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from byol_core.losses.precision import in_float32

_EPSILON = 1e-5  # for the standardization, which is a batch norm in the authors' code
_VARIANCE_FLOOR = 1e-4


@in_float32
def barlow_twins(first: Tensor, second: Tensor, redundancy: float) -> Tensor:
    """Projections of the two views (B, D) each -> scalar >= 0 (arXiv 2103.03230, eq. 1 and 2).

    C is the cross-correlation of the standardized dimensions over the batch: the sum of (1 - C_ii)², plus
    ``redundancy`` times the sum of the other C_ij².
    """
    correlation = _standardized(first).T @ _standardized(second) / len(first)
    diagonal = correlation.diagonal()
    # The sum over all entries minus the diagonal needs no mask of (D, D).
    apart = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + redundancy * apart


def _standardized(rows: Tensor) -> Tensor:
    centered = rows - rows.mean(0)
    return centered * (centered.square().mean(0) + _EPSILON).rsqrt()


@in_float32
def vicreg(first: Tensor, second: Tensor, invariance: float, variance: float, covariance: float) -> Tensor:
    """Projections of the two views (B, D) each, not normalized -> scalar >= 0 (arXiv 2105.04906, eq. 1 to 6).

    The terms are scaled as in the authors' code, for which the weights 25, 25 and 1 were found: the squared distance is
    a mean over the dimensions as well, and the hinge is the mean over both views.
    """
    alike = F.mse_loss(first, second)
    first, second = first - first.mean(0), second - second.mean(0)
    spread = (_hinge(first) + _hinge(second)) / 2
    return invariance * alike + variance * spread + covariance * (_covariances(first) + _covariances(second))


def _hinge(centered: Tensor) -> Tensor:
    """How far the standard deviation of each dimension falls short of 1, mean over the dimensions (eq. 1)."""
    deviation = (centered.square().sum(0) / (len(centered) - 1) + _VARIANCE_FLOOR).sqrt()
    return F.relu(1 - deviation).mean()


def _covariances(centered: Tensor) -> Tensor:
    """Squared covariances of different dimensions, summed and divided by their number (eq. 3 and 4)."""
    matrix = centered.T @ centered / (len(centered) - 1)
    return (matrix.square().sum() - matrix.diagonal().square().sum()) / len(matrix)
