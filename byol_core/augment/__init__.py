"""Batched augmentations: every image of a batch gets its own parameters, in one code for CPU and GPU."""

from byol_core.augment.policy import ViewPolicy, preset_strengths, resolve
from byol_core.augment.views import ViewParameters, apply, describe, draw, make_views

__all__ = ["ViewParameters", "ViewPolicy", "apply", "describe", "draw", "make_views", "preset_strengths", "resolve"]
