"""A table of shaded cells that can be clicked, tapped, and walked through with the arrow keys: who is taken for whom,
and which run does how well on which set.

HTML and not a chart: its cells are large enough for a finger, keep their names in sight, and screen readers read them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.shared.language import _
from app.widgets.bundle import bundle
from app.widgets.packed import pack

_mount = st.components.v2.component(
    "byol_matrix",
    js=bundle("confusion_matrix/confusion_matrix"),
    css=(Path(__file__).parent / "confusion_matrix.css").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Table:
    """Names of rows and columns; what is written in each cell, row by row, and how dark it is, (R, C) from 0 to 1.

    ``joint`` stands between the two names where a cell is read out: "River *taken for* Highway: 3". ``diagonal``: cells
    there are right, and all others wrong, each in a color of its own. ``wide``: cells hold words, and few columns are
    expected.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    texts: Sequence[str]
    shades: NDArray[np.float32]
    joint: str
    corner: str = ""
    diagonal: bool = False
    wide: bool = False


Cell = tuple[int, int]


def matrix(table: Table, chosen: Cell | None, on_pick: Callable[[Cell], None], *, key: str) -> None:
    """Draw the table with one chosen cell; ``on_pick`` is told of a click, before the page is redrawn."""
    shape = (len(table.rows), len(table.columns))
    if table.shades.shape != shape or len(table.texts) != shape[0] * shape[1]:
        raise ValueError(f"{table.shades.shape} shades and {len(table.texts)} texts for {shape} cells")
    header = {
        "rows": list(table.rows),
        "columns": list(table.columns),
        "texts": list(table.texts),
        "joint": table.joint,
        "corner": table.corner,
        "diagonal": table.diagonal,
        "wide": table.wide,
        "chosen": list(chosen) if chosen else None,
        "words": {"matrix_cell": _("{row} {joint} {column}: {value}"), "matrix_none": _("none")},
    }

    def picked() -> None:
        cell = read(st.session_state.get(key, {}).get("cell"), shape)
        if cell is not None:
            on_pick(cell)

    _mount(data=pack(header, shades=table.shades.astype(np.float32)), key=key, on_cell_change=picked)


def read(said: object, shape: tuple[int, int]) -> Cell | None:
    """A cell as a browser says it; None for what is none: anybody can send anything."""
    if not isinstance(said, list | tuple) or len(said) != 2 or not all(type(place) is int for place in said):
        return None
    row, column = said
    return (row, column) if 0 <= row < shape[0] and 0 <= column < shape[1] else None
