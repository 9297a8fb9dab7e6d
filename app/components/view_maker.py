"""From pictures and settings to what the Augment page shows: the trainer's own draw and operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.components.pictures import Pictures
from app.components.view_grid import Card
from byol_core.augment import apply, describe, draw, resolve
from byol_core.config import ViewsConfig


@dataclass(frozen=True)
class Views:
    """Originals (n, H, W, 3) and both views (2, n, h, w, 3), uint8, and a card with the values for each picture."""

    originals: NDArray[np.uint8]
    pixels: NDArray[np.uint8]
    cards: tuple[Card, ...]


def make(pictures: Pictures, settings: ViewsConfig, seed: int) -> Views:
    """Draw and apply both views of all pictures."""
    images = torch.from_numpy(pictures.images)
    size = (images.shape[2], images.shape[3])
    out = (settings.size, settings.size) if settings.size else size
    params = draw(resolve(settings), len(images), torch.Generator().manual_seed(seed), size, out)
    with torch.inference_mode():
        views = torch.stack([_bytes(apply(images, view, out)) for view in params])
    cards = tuple(
        Card(name, (describe(params[0], i, size), describe(params[1], i, size)))
        for i, name in enumerate(pictures.names)
    )
    return Views(_rows(images), _rows(views), cards)


def _rows(images: Tensor) -> NDArray[np.uint8]:
    """Colours last, as a canvas wants them."""
    pixels: NDArray[np.uint8] = images.movedim(-3, -1).contiguous().numpy()
    return pixels


def _bytes(view: Tensor) -> Tensor:
    """[0, 1] to the nearest of 256 steps."""
    return (view * 255).round().to(torch.uint8)
