"""The thumbnails of a run's probe images: one or several WebP sheets, row-major, read with doubt.

A sheet may be no larger than 16,383 pixels a side, so that many images are spread over several: ``thumbnails.webp``,
``thumbnails-1.webp`` and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from byol_core.embeddings.snapshot import Snapshot
from byol_core.errors import LabError
from byol_core.messages import Message

if TYPE_CHECKING:
    from PIL import Image

SHEET = "thumbnails.webp"
Sheet = NDArray[np.uint8]  # (rows * cell, columns * cell, 3)


def sheet_name(number: int) -> str:
    """The file of the sheet of that number, counted from 0."""
    return SHEET if number == 0 else f"thumbnails-{number}.webp"


def sheet_names(snapshot: Snapshot) -> list[str]:
    """The files of all sheets, in order."""
    return [sheet_name(number) for number in range(-(-len(snapshot) // per_sheet(snapshot)))]


def per_sheet(snapshot: Snapshot) -> int:
    """Images on one sheet; the last may have fewer."""
    return snapshot.per_sheet or len(snapshot)


def sheets(snapshot: Snapshot) -> list[bytes]:
    """All sheets as they lie on disk, after a look at whether they have a place for every image; LabError otherwise."""
    found = []
    for number, name in enumerate(sheet_names(snapshot)):
        with _open(snapshot, number):
            found.append((snapshot.folder / name).read_bytes())
    return found


def read_sheet(snapshot: Snapshot, number: int = 0) -> Sheet:
    """One sheet, decoded: (rows * cell, columns * cell, 3) uint8; LabError when it is lost."""
    try:
        with _open(snapshot, number) as picture:
            return np.asarray(picture.convert("RGB"))
    except OSError:
        raise LabError(_lost(number)) from None


def thumbnail(sheet: Sheet, snapshot: Snapshot, i: int) -> Sheet:
    """The thumbnail of image ``i`` (cell, cell, 3), cut from the sheet that it is on: ``i // per_sheet(probe)``."""
    row, column = divmod(i % per_sheet(snapshot), snapshot.columns)
    top, left = row * snapshot.cell, column * snapshot.cell
    return sheet[top : top + snapshot.cell, left : left + snapshot.cell]


def thumbnails(snapshot: Snapshot, chosen: Sequence[int]) -> list[Sheet]:
    """The thumbnails of some images, each sheet read once; LabError when one is lost."""
    numbers = {i // per_sheet(snapshot) for i in chosen}
    decoded = {number: read_sheet(snapshot, number) for number in numbers}
    return [thumbnail(decoded[i // per_sheet(snapshot)], snapshot, i) for i in chosen]


def _lost(number: int) -> str:
    return Message("The images of this run ('{file}') are missing or damaged.", file=sheet_name(number))


def _open(snapshot: Snapshot, number: int) -> Image.Image:
    # Importing the format's own module spares Pillow from importing all the others.
    from PIL import Image, WebPImagePlugin  # noqa: F401

    count = min(per_sheet(snapshot), len(snapshot) - number * per_sheet(snapshot))
    rows = -(-count // snapshot.columns)
    try:
        picture = Image.open(snapshot.folder / sheet_name(number), formats=["WEBP"])
    except (OSError, Image.DecompressionBombError):
        raise LabError(_lost(number)) from None
    if picture.width < min(count, snapshot.columns) * snapshot.cell or picture.height < rows * snapshot.cell:
        picture.close()
        raise LabError(_lost(number))
    return picture
