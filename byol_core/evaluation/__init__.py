"""How good a representation is, evaluated with labels that it has never seen.

The names load on first use: whoever only asks what was answered needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["knn_accuracy", "knn_predict"]

if TYPE_CHECKING:
    from byol_core.evaluation.knn import knn_accuracy, knn_predict


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'byol_core.evaluation' has no attribute '{name}'")
    from byol_core.evaluation import knn

    return getattr(knn, name)
