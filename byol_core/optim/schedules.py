"""Learning rate and tau as pure functions of the step."""

from __future__ import annotations

import math

from byol_core.system import checks

KINDS = ("cosine", "constant")


def learning_rate(step: int, total: int, base: float, warmup: int = 0, kind: str = "cosine") -> float:
    """The learning rate at ``step`` of ``total``: a linear warm-up, then a cosine to 0, or constant.

    After the last step, it stays at its last value. arXiv 2006.07733, §3.3; ``byol/utils/schedules.py`` of the authors.
    """
    checks.number("base", base, 0)
    _check(step, total, kind)
    checks.whole("warmup", warmup, 0)
    if step < warmup:
        return base * step / warmup
    if kind == "constant" or total <= warmup:
        return base
    return base * (1 + math.cos(math.pi * (min(step, total) - warmup) / (total - warmup))) / 2


def target_tau(step: int, total: int, base: float, kind: str = "cosine") -> float:
    """The share of the target kept at ``step``: 1 - (1 - base)(cos(pi k / K) + 1) / 2, from ``base`` to 1 (§3.3)."""
    checks.number("base", base, 0, 1)
    _check(step, total, kind)
    if kind == "constant" or total == 0:
        return base
    return 1 - (1 - base) * (math.cos(math.pi * min(step, total) / total) + 1) / 2


def _check(step: int, total: int, kind: str) -> None:
    checks.whole("step", step, 0)
    checks.whole("total", total, 0)
    checks.one_of("kind", kind, KINDS)
