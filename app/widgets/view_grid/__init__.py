"""Cards of images with their views and what was drawn under each: one widget, pixels as binary.

The images themselves go apart from their views: their message stays the same while a slider moves, and Streamlit
sends no more than its hash then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.shared.language import _, listing
from app.widgets.bundle import bundle
from app.widgets.packed import pack

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "byol_view_grid",
    js=bundle("view_grid/view_grid"),
    css=(_HERE / "view_grid.css").read_text(encoding="utf-8"),
)
_originals = st.components.v2.component(
    "byol_view_originals",
    js=bundle("view_grid/originals"),
    css=(_HERE / "page.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)
_link = st.components.v2.component("byol_view_link", js=bundle("view_grid/view_link"), isolate_styles=False)

Drawn = Sequence[tuple[str, str]]
Layout = Literal["cards", "strip", "pair", "near"]
ORIGINALS, VIEWS = 0, 1


@dataclass(frozen=True)
class Figure:
    """An image on a card: the one at place ``at`` of the originals or of the views, and what was drawn for it.

    ``pick``: the number under which a view is picked, 0 or 1; None where there is nothing to pick.
    """

    title: str
    source: int
    at: int
    drawn: Drawn | None = None
    pick: int | None = None


@dataclass(frozen=True)
class Card:
    """Some images that belong together, under one name."""

    name: str
    figures: Sequence[Figure]


@dataclass(frozen=True, eq=False)
class Grid:
    """Cards with images: originals (n, H, W, 3) uint8 and views (m, h, w, 3).

    ``about`` names what is shown, so that others can say something about it. ``serial`` is the message of the sliders
    that this answers. ``more``: the address that answers the next ones; empty without one.
    """

    originals: NDArray[np.uint8]
    views: NDArray[np.uint8]
    cards: Sequence[Card]
    layout: Layout = "cards"
    about: str = ""
    serial: int = 0
    more: str = ""

    def __post_init__(self) -> None:
        counts = (len(self.originals), len(self.views))
        if any(not 0 <= figure.at < counts[figure.source] for card in self.cards for figure in card.figures):
            raise ValueError(f"a card shows an image that is none of {counts[0]} originals and {counts[1]} views")

    @cached_property
    def digest(self) -> str:
        """A name of the originals, by which a browser knows those that it has."""
        return hashlib.sha256(np.ascontiguousarray(self.originals).data).hexdigest()[:16]

    def message(self, words: Mapping[str, str] | None = None) -> bytes:
        """All of it but the pixels of the originals; ``words``: of the widget itself, which it keeps."""
        header = {
            "sides": [self.originals.shape[1:3], self.views.shape[1:3]],
            "originals": self.digest,
            "layout": self.layout,
            "about": self.about,
            "serial": self.serial,
            "more": self.more,
            "cards": [
                {
                    "name": card.name,
                    "figures": [[f.title, f.source, f.at, f.drawn, f.pick] for f in card.figures],
                }
                for card in self.cards
            ],
            "words": words,
        }
        return pack(header, views=self.views)


def view_grid(grid: Grid, *, key: str) -> None:
    """Draw the cards."""
    _originals(data=pack({"digest": grid.digest}, pixels=grid.originals), key=f"{key}-originals")
    _mount(data=grid.message(_words()), key=key)


def _words() -> dict[str, str]:
    return {
        "grid_show": _("Show what was drawn"),
        "grid_hide": _("Hide what was drawn"),
        "grid_unchanged": _("unchanged"),
        "grid_of": _("{title} of {name}"),
        "grid_label": _("{label}: {words}"),
        "grid_list": listing(["{first}", "{second}"], "comma"),
    }


@dataclass(frozen=True)
class Linked:
    """What a browser said of its grid: ``rest`` names what it shows at rest, ``pick`` a card and a view."""

    rest: str
    pick: tuple[int, int]


def linked(key: str, cards: int) -> Linked:
    """What was said last, with doubt: anybody can send anything."""
    said = st.session_state.get(key, {})
    rest, pick = said.get("rest"), said.get("pick")
    fits = isinstance(pick, list) and len(pick) == 2 and all(type(place) is int for place in pick)
    known = fits and 0 <= pick[0] < cards and 0 <= pick[1] < 2
    return Linked(rest if isinstance(rest, str) else "", (pick[0], pick[1]) if known else (0, 0))


def view_link(
    about: str, texts: Sequence[str], *, linked: Linked, again: float | None, key: str, coming: bool = False
) -> None:
    """Write a text on each card of the grid that shows ``about``; its views can be picked then.

    ``coming``: there are none yet, and those before stay meanwhile, faded. ``again``: seconds after which this part of
    the page is redrawn.
    """
    notes = {
        "about": about,
        "texts": list(texts),
        "coming": coming,
        "picks": bool(texts),
        "pick": linked.pick,
    }
    _link(
        data={"notes": notes, "rest": linked.rest, "again": again},
        key=key,
        default={"rest": "", "pick": None},
        on_rest_change=lambda: None,
        on_pick_change=lambda: None,
        on_look_change=lambda: None,
    )
