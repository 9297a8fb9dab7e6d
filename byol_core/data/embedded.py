"""The embedded set: 5,000 EuroSAT images in one WebP sheet, 4,000 to train and 1,000 to test.

Helber et al., EuroSAT, IEEE JSTARS 2019; MIT; contains modified Copernicus Sentinel data.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from byol_core.data.arrays import Progress, assemble
from byol_core.data.imageset import ImageSet
from byol_core.data.pixels import AS_STORED
from byol_core.data.tables import in_memory
from byol_core.errors import LabError
from byol_core.paths import bundled

CELL = 64


def load_embedded(size: int, progress: Progress | None, limit: int | None) -> ImageSet:
    """The sheet, decoded once, cut into cells and resized."""
    folder = bundled("assets/eurosat")
    try:
        index: dict[str, Any] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        with Image.open(folder / "eurosat64_5000.webp") as picture:
            sheet = np.asarray(picture)
    except OSError:
        raise LabError(f"The embedded images are missing from '{folder}': install BYOL Lab again.") from None
    labels = np.array(index["labels"], np.int64)
    images = cells(sheet, index["cols"])[: len(labels)]
    parts = [
        (in_memory(images[: index["n_train"]], "eurosat"), False),
        (in_memory(images[index["n_train"] :], "eurosat"), True),
    ]
    names = tuple(index["class_names"])
    return assemble("eurosat", parts, labels, names, size, scale=AS_STORED, limit=limit, progress=progress)


def cells(sheet: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """(rows * 64, columns * 64, 3) -> (rows * columns, 64, 64, 3), row by row."""
    rows = sheet.shape[0] // CELL
    grid = sheet.reshape(rows, CELL, columns, CELL, 3)
    return grid.transpose(0, 2, 1, 3, 4).reshape(rows * columns, CELL, CELL, 3)
