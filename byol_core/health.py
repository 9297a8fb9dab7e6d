"""Label-free signs of health: is the representation alive, or has it collapsed to a point?"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def std_ratio(vectors: Tensor) -> float:
    """sqrt(d) times the mean deviation of the normalised rows (n, d): 1 is spread evenly, 0 has collapsed.

    Under 0.3 is an alarm, under 0.1 a collapse. SimSiam, arXiv 2011.10566, §4.1. NaN for fewer than two rows.
    """
    if len(vectors) < 2:
        return math.nan
    unit = F.normalize(vectors.float(), dim=1)
    return float(unit.std(0).mean() * vectors.shape[1] ** 0.5)


def paired_cosine(first: Tensor, second: Tensor) -> float:
    """Mean cosine of row i of one with row i of the other, both (n, d): 1 is the same direction."""
    return float(F.cosine_similarity(first.float(), second.float(), dim=1).mean())


def is_finite(value: Tensor) -> bool:
    """Whether every number is finite."""
    return bool(torch.isfinite(value).all())
