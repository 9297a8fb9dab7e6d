"""The embedding map: points that show their picture on hover, are pinned by a click, and whose classes can be hidden.

A Components v2 widget on plotly.js. Coordinates travel as binary, the pictures as one sheet of thumbnails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.components.asset import asset, deliver, plotly_script
from app.components.packed import pack, script

_mount = st.components.v2.component(
    "byol_embedding_map",
    js=script("embedding_map/embedding_map.js"),
    css=(Path(__file__).parent / "embedding_map.css").read_text(encoding="utf-8"),
    # plotly.js puts its own styles into the document; in a shadow root its toolbar would fall apart.
    isolate_styles=False,
)


@dataclass(frozen=True)
class Sheet:
    """All pictures in one image: ``cell`` pixels square each, ``columns`` in a row, in the order of the points."""

    webp: bytes
    columns: int
    cell: int


@dataclass(frozen=True)
class Points:
    """What is drawn: places (n, 2), the class of each point (-1: none) and the names of the classes."""

    xy: NDArray[np.float32]
    labels: NDArray[np.int16]
    class_names: tuple[str, ...]


def pinned(key: str, n: int) -> int | None:
    """The pinned point of the map with that key, as of the last click."""
    value = st.session_state.get(key, {}).get("pinned")
    return value if isinstance(value, int) and 0 <= value < n else None


def embedding_map(
    points: Points, sheet: Sheet | None, *, near: Sequence[int], revision: str, label: str, key: str
) -> None:
    """Draw the map; :func:`pinned` says what was clicked, ``near`` are the points to link with it.

    Zoom and hidden classes stay as long as ``revision`` stays; another key is another map. The page delivers plotly.js.
    """
    pictures = asset(sheet.webp, "image/webp") if sheet else None
    header = {
        "plotly": plotly_script().digest,
        "sheet": pictures.digest if pictures else None,
        "columns": sheet.columns if sheet else 1,
        "cell": sheet.cell if sheet else 1,
        "classes": points.class_names,
        "pinned": pinned(key, len(points.xy)),
        "near": [int(i) for i in near],
        "revision": revision,
        "label": label,
    }
    x, y = spread(points.xy).T
    data = pack(header, x=x, y=y, labels=points.labels.astype(np.int16))
    _mount(data=data, key=key, default={"pinned": None}, on_pinned_change=lambda: None)
    if pictures:
        deliver(pictures)


def spread(xy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centred, with a mean distance of one from the centre, so that a zoom fits the next evaluation's map as well."""
    centred = xy - xy.mean(0)
    radius = float(np.linalg.norm(centred, axis=1).mean())
    scaled: NDArray[np.float32] = (centred / (radius or 1.0)).astype(np.float32)
    return scaled
