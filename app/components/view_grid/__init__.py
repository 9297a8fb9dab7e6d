"""Original, view 1 and view 2 of some pictures, with what was drawn under each: one widget, pixels as binary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.components.packed import pack, script

_mount = st.components.v2.component(
    "byol_view_grid",
    js=script("view_grid/view_grid.js"),
    css=(Path(__file__).parent / "view_grid.css").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Card:
    """One picture: its name, and for each view what was drawn, as names and words."""

    name: str
    drawn: tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]]


def view_grid(pixels: NDArray[np.uint8], cards: Sequence[Card], *, key: str) -> None:
    """Draw the grid; pixels are (3, n, H, W, 3) uint8: originals, first views, second views."""
    three, n, height, width, _ = pixels.shape
    if (three, n) != (3, len(cards)):
        raise ValueError(f"pixels of {n} pictures in {three} versions for {len(cards)} cards")
    header = {"height": height, "width": width, "cards": [{"name": card.name, "drawn": card.drawn} for card in cards]}
    _mount(data=pack(header, pixels=pixels), key=key)
