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


def view_grid(originals: NDArray[np.uint8], views: NDArray[np.uint8], cards: Sequence[Card], *, key: str) -> None:
    """Draw the grid; originals are (n, H, W, 3) uint8, views (2, n, h, w, 3): all the first ones, then the second."""
    if (len(originals), views.shape[:2]) != (len(cards), (2, len(cards))):
        raise ValueError(f"{len(originals)} originals and views {views.shape} for {len(cards)} cards")
    header = {
        "sides": [originals.shape[1:3], views.shape[2:4]],
        "cards": [{"name": card.name, "drawn": card.drawn} for card in cards],
    }
    _mount(data=pack(header, originals=originals, views=views), key=key)
