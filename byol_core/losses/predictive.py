"""Losses without negatives: the prediction of a target's projection.

BYOL's (arXiv 2006.07733, §3.1, eq. 2) and SimSiam's (arXiv 2011.10566, §3, eq. 1).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from byol_core.losses.precision import in_float32


@in_float32
def byol_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """One direction of BYOL's loss: predictions (B, D), target projections (B, D) -> scalar in [0, 4], batch mean.

    The squared distance of the two unit vectors, 2 - 2 cos (eq. 2). The whole loss is the sum over both directions, in
    [0, 8] and about 4 for unrelated vectors.
    """
    return 2 - 2 * F.cosine_similarity(prediction, target, dim=1).mean()


@in_float32
def negative_cosine(prediction: Tensor, target: Tensor) -> Tensor:
    """One direction of SimSiam's loss: predictions (B, D), projections (B, D) -> scalar in [-1, 1] (eq. 1).

    SimSiam's loss is the mean of both directions, so its gradient is a quarter of BYOL's for the same vectors.
    """
    return -F.cosine_similarity(prediction, target, dim=1).mean()
