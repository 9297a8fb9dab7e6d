"""A page with one map of random clusters, drawn by our widget or by plotly's scattergl: what map_frames.py looks at.

streamlit run benchmarks/map_page.py      then /?who=byol-lab&n=60000, or /?who=plotly&n=5000
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.widgets.asset import deliver, plotly_script
from app.widgets.embedding_map import Colors, Frames, Sheets, embedding_map
from app.widgets.packed import pack

CLASSES, PER_SHEET, COLUMNS, CELL = 10, 2500, 50, 32
PLOTLY = (Path(__file__).parent / "bundles" / "plotly_map.js").read_text(encoding="utf-8")


@st.cache_resource
def clusters(n: int) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Places (n, 2) around ten centers, and which center."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, n).astype(np.int16)
    angle = 2 * np.pi * labels / CLASSES
    centers = 3 * np.stack([np.cos(angle), np.sin(angle)], 1)
    return (centers + rng.normal(0, 0.6, (n, 2))).astype(np.float32), labels


@st.cache_resource
def sheets(n: int) -> Sheets:
    """As many thumbnails as points, from the embedded pictures."""
    from byol_core.data.catalog import load

    images = load("eurosat", CELL).images.permute(0, 2, 3, 1).numpy()
    files = []
    for start in range(0, n, PER_SHEET):
        cells = images[np.arange(start, min(n, start + PER_SHEET)) % len(images)]
        full = np.zeros((PER_SHEET, CELL, CELL, 3), np.uint8)
        full[: len(cells)] = cells
        rows = PER_SHEET // COLUMNS
        grid = full.reshape(rows, COLUMNS, CELL, CELL, 3).transpose(0, 2, 1, 3, 4)
        file = io.BytesIO()
        Image.fromarray(grid.reshape(rows * CELL, COLUMNS * CELL, 3)).save(file, "WEBP", quality=85)
        files.append(file.getvalue())
    return Sheets(tuple(files), PER_SHEET, COLUMNS, CELL)


@st.cache_resource
def whole(n: int) -> tuple[Frames, NDArray[np.int32], Colors, NDArray[np.int32]]:
    """What the widget is given; the same objects at every rerun, as the page does it."""
    xy, labels = clusters(n)
    names = tuple(f"class {k}" for k in range(CLASSES))
    near = np.random.default_rng(1).integers(0, n, (n, 5)).astype(np.int32)
    frames = Frames((0,), ("epoch 0",), (None,), xy[None])
    return frames, np.arange(n, dtype=np.int32), Colors("Class", "category", labels, names), near


def ours(n: int) -> None:
    """The widget of the Embeddings page."""
    frames, ids, colors, near = whole(n)
    embedding_map(
        frames,
        current=0,
        ids=ids,
        labels=colors.values,
        class_names=colors.names,
        colors=colors,
        near=near,
        sheets=sheets(n),
        revision="one",
        label=f"Map of {n} points",
        key="bench",
    )


def theirs(n: int) -> None:
    """plotly.js in a widget of the same size."""
    xy, labels = clusters(n)
    mount = st.components.v2.component("bench_plotly", js=PLOTLY, isolate_styles=False)
    mount(data=pack({"plotly": plotly_script().digest}, x=xy[:, 0], y=xy[:, 1], labels=labels), key="plotly")
    deliver(plotly_script())


st.set_page_config(layout="wide")
count = int(st.query_params.get("n", "5000"))
_, middle, _ = st.columns([1, 6, 1])
with middle:
    (theirs if st.query_params.get("who") == "plotly" else ours)(count)
