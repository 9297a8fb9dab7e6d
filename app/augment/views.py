"""From images and settings to what the augmentation lab shows: the trainer's own draw and operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.shared.language import tell
from app.widgets.view_grid import Drawn
from byol_core.augment import ViewParameters, ViewPolicy, apply, describe, draw, resolve
from byol_core.config import OPERATIONS, ViewsConfig

Pixels = NDArray[np.uint8]
# What happens to some images alone, whatever the recipe: its strip looks among so many draws for one where it does.
BY_CHANCE, CANDIDATES = ("flip_horizontal", "flip_vertical", "grayscale"), 64
MOST = 2.0
_ALWAYS = (1.0, 1.0)
NOTHING = dict.fromkeys(OPERATIONS, 0.0)


@dataclass(frozen=True)
class Views:
    """Views (m, h, w, 3) uint8, and what was drawn for each."""

    pixels: Pixels
    drawn: tuple[Drawn, ...]


def make(images: Pixels, settings: ViewsConfig, seed: int) -> Views:
    """Both views of images (n, 3, H, W) uint8 as the trainer makes them with that seed: all first, then all second."""
    given, size, out = _sizes(images, settings.size)
    params = draw(resolve(settings), len(given), torch.Generator().manual_seed(seed), size, out)
    with torch.inference_mode():
        views = torch.cat([to_bytes(apply(given, view, out)) for view in params])
    drawn = tuple(_described(view, i, size) for view in params for i in range(len(given)))
    return Views(colors_last(views.numpy()), drawn)


def strip(images: Pixels, operation: str, strengths: Sequence[float], side: int | None, seed: int) -> Views:
    """One operation alone at each of S strengths, (n * S) views image by image; each image keeps its draw.

    It is a draw in which the operation happens: what is done to some images alone would leave most strips as they are.
    """
    given, size, out = _sizes(images, side)
    draws = CANDIDATES if operation in BY_CHANCE else 1

    def alone(strength: float) -> ViewParameters:
        policy = ViewPolicy({**NOTHING, operation: strength}, _ALWAYS, _ALWAYS, _ALWAYS)
        return draw(policy, draws * len(given), torch.Generator().manual_seed(seed), size, out)[0]

    chosen = _happening(alone(MOST), len(given), draws, size)
    params = [alone(strength).rows(chosen) for strength in strengths]
    with torch.inference_mode():
        made = torch.stack([to_bytes(apply(given, view, out)) for view in params], 1)
    drawn = tuple(_described(view, i, size) for i in range(len(given)) for view in params)
    return Views(colors_last(made.flatten(0, 1).numpy()), drawn)


def _described(view: ViewParameters, i: int, size: tuple[int, int]) -> Drawn:
    return tuple((tell(name), tell(value)) for name, value in describe(view, i, size))


def _happening(most: ViewParameters, n: int, draws: int, size: tuple[int, int]) -> Tensor:
    """For each image the first of its draws that changes something at full strength; its first one when none does."""
    places = [range(i * draws, (i + 1) * draws) for i in range(n)]
    return torch.tensor([next((row for row in own if describe(most, row, size)), own[0]) for own in places])


def _sizes(images: Pixels, side: int | None) -> tuple[Tensor, tuple[int, int], tuple[int, int]]:
    size = (images.shape[2], images.shape[3])
    return torch.from_numpy(images), size, (side, side) if side else size


def colors_last(images: Pixels) -> Pixels:
    """(n, 3, H, W) as (n, H, W, 3): a canvas wants the colors of a pixel together."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def to_bytes(view: Tensor) -> Tensor:
    """[0, 1] to the nearest of 256 steps."""
    return (view * 255).round().to(torch.uint8)
