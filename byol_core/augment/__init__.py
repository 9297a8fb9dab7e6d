"""Batched augmentations: every image in a batch gets its own random parameters, on the CPU and on accelerators."""

from byol_core.augment.describe import describe
from byol_core.augment.fused import warm_up
from byol_core.augment.parameters import ViewParameters, draw
from byol_core.augment.policy import ViewPolicy, preset_strengths, resolve
from byol_core.augment.views import apply, apply_by_tensors, make_views

__all__ = [
    "ViewParameters",
    "ViewPolicy",
    "apply",
    "apply_by_tensors",
    "describe",
    "draw",
    "make_views",
    "preset_strengths",
    "resolve",
    "warm_up",
]
