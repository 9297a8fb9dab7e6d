"""byol_core: augmentations, networks, training loop, evaluation and run store of BYOL Lab.

The public names load on first use, so that ``import byol_core`` costs nothing and needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "BYOLForImageClassification": "byol_core.model",
    "ImageSet": "byol_core.data.imageset",
    "InputError": "byol_core.errors",
    "LabError": "byol_core.errors",
    "OnlineTarget": "byol_core.method",
    "RunConfig": "byol_core.config",
    "RunStore": "byol_core.runs.store",
    "build": "byol_core.config",
    "build_encoder": "byol_core.networks",
    "byol_loss": "byol_core.losses",
    "knn_accuracy": "byol_core.evaluate",
    "load": "byol_core.data.catalog",
    "make_views": "byol_core.augment",
    "resolve": "byol_core.augment",
}

__all__ = [
    "BYOLForImageClassification",
    "ImageSet",
    "InputError",
    "LabError",
    "OnlineTarget",
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
    from byol_core.evaluate import knn_accuracy
    from byol_core.losses import byol_loss
    from byol_core.method import OnlineTarget
    from byol_core.model import BYOLForImageClassification
    from byol_core.networks import build_encoder
    from byol_core.runs.store import RunStore


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'byol_core' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
