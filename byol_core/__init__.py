"""byol_core: augmentations, networks, training loop, evaluation and run store of BYOL Lab.

The public names load on first use, so that ``import byol_core`` costs nothing and needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from byol_core._version import __version__ as __version__

_HOMES = {
    "BYOLForImageClassification": "byol_core.weights.classifier",
    "ImageSet": "byol_core.data.imageset",
    "InputError": "byol_core.errors",
    "LabError": "byol_core.errors",
    "BYOL": "byol_core.methods",
    "RunConfig": "byol_core.config",
    "RunStore": "byol_core.runs.store",
    "build": "byol_core.config",
    "build_encoder": "byol_core.networks",
    "byol_loss": "byol_core.losses",
    "knn_accuracy": "byol_core.evaluation",
    "load": "byol_core.data.catalog",
    "make_views": "byol_core.augment",
    "resolve": "byol_core.augment",
}

__all__ = [
    "BYOL",
    "BYOLForImageClassification",
    "ImageSet",
    "InputError",
    "LabError",
    "RunConfig",
    "RunStore",
    "build",
    "build_encoder",
    "byol_loss",
    "knn_accuracy",
    "load",
    "make_views",
    "resolve",
]

if TYPE_CHECKING:
    from byol_core.augment import make_views, resolve
    from byol_core.config import RunConfig, build
    from byol_core.data.catalog import load
    from byol_core.data.imageset import ImageSet
    from byol_core.errors import InputError, LabError
    from byol_core.evaluation import knn_accuracy
    from byol_core.losses import byol_loss
    from byol_core.methods import BYOL
    from byol_core.networks import build_encoder
    from byol_core.runs.store import RunStore
    from byol_core.weights.classifier import BYOLForImageClassification


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'byol_core' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
