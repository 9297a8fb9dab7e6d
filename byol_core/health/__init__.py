"""Signs of health that need no labels: ``measures`` computes them with torch, ``signs`` and ``causes`` explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from byol_core.health.measures import Vectors, is_finite, measure, paired_cosine, spectrum, std_ratio

__all__ = ["Vectors", "is_finite", "measure", "paired_cosine", "spectrum", "std_ratio"]


def __getattr__(name: str) -> Any:
    """Import the measures when they are first used: the dashboard reads the signs without torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from byol_core.health import measures

    return getattr(measures, name)
