"""A draw that holds still while one slider moves.

The trainer draws all operations from one stream of random numbers, so that an operation that is turned on shifts all
that are drawn after it. Here each operation has a stream of its own: the same distributions, drawn by the same code,
but what one slider does changes nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from byol_core.augment import ViewParameters, ViewPolicy, draw

if TYPE_CHECKING:
    import torch

# Operations that share one draw, and what of the parameters comes from it.
_STREAMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "crop": (("crop",), ("boxes",)),
    "mirror": (("flip_horizontal", "flip_vertical"), ("flip_horizontal", "flip_vertical")),
    "warp": (("rotation", "translation"), ("degrees", "shift")),
    "jitter": (("brightness", "contrast", "saturation", "hue"), ("factors", "order")),
    "greyscale": (("greyscale",), ("grey",)),
    "blur": (("blur",), ("sigma",)),
    "solarise": (("solarise",), ("threshold",)),
    "noise": (("noise",), ("noise", "deviation")),
    "cutout": (("cutout",), ("holes",)),
}
_PRIME = 1_000_003  # keeps the streams of neighbouring seeds apart


def draw_held(
    policy: ViewPolicy, n: int, seed: int, size: tuple[int, int], out: tuple[int, int] | None = None
) -> tuple[ViewParameters, ViewParameters]:
    """Both views of ``n`` images of ``size`` (H, W), made ``out`` large; a seed repeats them, whatever else is on."""
    drawn: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for place, (operations, fields) in enumerate(_STREAMS.values()):
        strengths = {name: s if name in operations else 0.0 for name, s in policy.strengths.items()}
        views = draw(replace(policy, strengths=strengths), n, _generator(seed * _PRIME + place), size, out)
        for values, params in zip(drawn, views, strict=True):
            values |= {name: getattr(params, name) for name in fields}
    return ViewParameters(**drawn[0]), ViewParameters(**drawn[1])


def _generator(seed: int) -> torch.Generator:
    import torch

    return torch.Generator().manual_seed(seed)
