"""The embedded set: 5,000 EuroSAT images in one WebP sheet, 4,000 for training and 1,000 for testing.

Helber et al., EuroSAT, IEEE JSTARS 2019; MIT; contains modified Copernicus Sentinel data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from byol_core.data import tables
from byol_core.data.arrays import Progress, assemble
from byol_core.data.imageset import ImageSet
from byol_core.data.pixels import AS_STORED
from byol_core.data.room import Room, in_memory
from byol_core.errors import LabError
from byol_core.system.paths import bundled

CELL = 64


def load_embedded(size: int, progress: Progress | None, limit: int | None, room: Room = in_memory) -> ImageSet:
    """Decode the sheet, cut it into images and resize them."""
    sheet_path, index_path = files()
    try:
        index: dict[str, Any] = json.loads(index_path.read_text(encoding="utf-8"))
        sheet = decoded(sheet_path)
    except OSError:
        raise LabError(
            "The embedded images are missing from '{folder}': install BYOL Lab again.", folder=sheet_path.parent
        ) from None
    labels = np.array(index["labels"], np.int64)
    images = cells(sheet, index["cols"])[: len(labels)]
    parts = [
        (tables.in_memory(images[: index["n_train"]], "eurosat"), False),
        (tables.in_memory(images[index["n_train"] :], "eurosat"), True),
    ]
    names = tuple(index["class_names"])
    return assemble("eurosat", parts, labels, names, size, scale=AS_STORED, limit=limit, progress=progress, room=room)


def decoded(sheet: Path) -> NDArray[np.uint8]:
    """The sheet's pixels."""
    with Image.open(sheet) as picture:
        return np.asarray(picture)


def files() -> tuple[Path, Path]:
    """The paths of the sheet and its index."""
    folder = bundled("assets/eurosat")
    return folder / "eurosat64_5000.webp", folder / "index.json"


def cells(sheet: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Cut the sheet: (rows * 64, columns * 64, 3) -> (rows * columns, 64, 64, 3), row by row."""
    rows = sheet.shape[0] // CELL
    grid = sheet.reshape(rows, CELL, columns, CELL, 3)
    return grid.transpose(0, 2, 1, 3, 4).reshape(rows * columns, CELL, CELL, 3)
