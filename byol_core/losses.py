"""The BYOL loss (arXiv 2006.07733, eq. 2): the squared distance of two normalised vectors, which is 2 - 2 cos."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def byol_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """One direction: predictions (B, D) and target projections (B, D) -> scalar in [0, 4], mean over the batch.

    The whole loss is the sum over both directions, in [0, 8] and about 4 for unrelated vectors. Computed in float32
    whatever the networks computed in. Who must not get a gradient is the caller's to detach.
    """
    return 2 - 2 * F.cosine_similarity(prediction.float(), target.float(), dim=1).mean()
