"""Pure functions of the step: learning rate and tau."""

from __future__ import annotations

import math


def learning_rate(step: int, total: int, base: float, warmup: int = 0, kind: str = "cosine") -> float:
    """The rate at ``step`` of ``total``: a linear rise over ``warmup`` steps, then a cosine to 0, or constant.

    arXiv 2006.07733, §3.3; ``byol/utils/schedules.py`` of the authors.
    """
    if step < warmup:
        return base * step / warmup
    if kind == "constant" or total <= warmup:
        return base
    return base * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


def target_tau(step: int, total: int, base: float, kind: str = "cosine") -> float:
    """How much of the target is kept at ``step``: 1 - (1 - base)(cos(pi k / K) + 1) / 2, from ``base`` to 1 (§3.3)."""
    if kind == "constant" or total == 0:
        return base
    return 1 - (1 - base) * (math.cos(math.pi * step / total) + 1) / 2
