"""The triplet loss with semi-hard negatives from the batch (FaceNet, arXiv 1503.03832)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.losses.precision import in_float32


@in_float32
def triplet_semi_hard(first: Tensor, second: Tensor, margin: float) -> Tensor:
    """Projections of the two views (B, D) each -> scalar >= 0: mean over the 2B anchors of max(0, |a-p|² - |a-n|² + m).

    Vectors have unit length, so a squared distance is 2 - 2 cos. The positive is the other view; the negatives are both
    views of all other images (eq. 1 to 4). The loss uses the nearest negative that is farther away than the positive:
    inside the margin this is FaceNet's semi-hard negative, and beyond it the loss is 0. If every negative is nearer
    than the positive, it uses the farthest one, like TensorFlow's ``triplet_semihard_loss``; FaceNet leaves this case
    open.
    """
    rows = F.normalize(torch.cat([first, second]), dim=1)
    distance = 2 - 2 * rows @ rows.T
    positive = 2 - 2 * (rows * rows.roll(len(first), 0)).sum(1)
    # Rows i and i + B are views of the same image.
    image = torch.arange(len(rows), device=rows.device) % len(first)
    other = image[:, None] != image[None, :]
    farther = other & (distance > positive[:, None])
    nearest_farther = torch.where(farther, distance, math.inf).min(1).values
    farthest = torch.where(other, distance, -math.inf).max(1).values
    negative = torch.where(farther.any(1), nearest_farther, farthest)
    return F.relu(positive - negative + margin).mean()
