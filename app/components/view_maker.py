"""From pictures and settings to what the Augment page shows: the trainer's own operations, a draw that holds still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.components.held_draw import draw_held
from app.components.pictures import Pictures
from app.components.view_grid import Card
from byol_core.augment import apply, describe, resolve
from byol_core.config import ViewsConfig


@dataclass(frozen=True)
class Views:
    """Pixels (3, n, H, W, 3) uint8, originals and both views, and a card with the values for each picture."""

    pixels: NDArray[np.uint8]
    cards: tuple[Card, ...]


def make(pictures: Pictures, settings: ViewsConfig, seed: int) -> Views:
    """Draw and apply both views of all pictures."""
    images = torch.from_numpy(pictures.images)
    size = (images.shape[2], images.shape[3])
    params = draw_held(resolve(settings), len(images), seed, size)
    with torch.inference_mode():
        versions = [images, *(_bytes(apply(images, view)) for view in params)]
    cards = tuple(
        Card(name, (describe(params[0], i, size), describe(params[1], i, size)))
        for i, name in enumerate(pictures.names)
    )
    pixels: NDArray[np.uint8] = torch.stack(versions).permute(0, 1, 3, 4, 2).contiguous().numpy()
    return Views(pixels, cards)


def _bytes(view: Tensor) -> Tensor:
    """[0, 1] to the nearest of 256 steps."""
    return (view * 255).round().to(torch.uint8)
