"""Photos of one's own: files of mixed sizes and kinds, in a folder for each class or in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("beach", "forest", "town")
_COLORS = ((210, 190, 140), (40, 110, 50), (130, 130, 140))


def photos(folder: Path, count: int, *, labels: bool = True) -> Path:
    """Write them; each class is a color with noise. Says the folder."""
    random = np.random.default_rng(0)
    for number in range(count):
        kind = number % len(CLASSES)
        size = (40 + 7 * (number % 13), 90 - 5 * (number % 11), 3)
        pixels = np.clip(random.normal(_COLORS[kind], 40, size), 0, 255).astype(np.uint8)
        place = folder / CLASSES[kind] if labels else folder
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"IMG_{number:04}.{'png' if number % 5 == 0 else 'jpg'}")
    return folder
