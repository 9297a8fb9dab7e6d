"""The sliders of a pair of views in one widget that sends what is moved at once, and not after a pause.

The browser is right about where its sliders stand: what the page says counts when its ``revision`` is another one, as
after a preset was chosen. The address follows in the browser too, so that no movement waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from app.widgets.bundle import bundle

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "byol_view_sliders",
    js=bundle("view_sliders/view_sliders"),
    css=(_HERE / "view_sliders.css").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Slider:
    """A strength: its name, what people read, where it stands, and where the preset puts it."""

    name: str
    label: str
    help: str
    value: float
    usual: float
    low: float = 0.0
    high: float = 2.0
    step: float = 0.05


@dataclass(frozen=True)
class Moved:
    """Where the sliders of a browser stand; ``serial`` counts its messages, and comes back with what is shown."""

    values: dict[str, float]
    serial: int


def view_sliders(groups: Mapping[str, Sequence[Slider]], *, revision: int, key: str) -> None:
    """Draw the groups by their titles, one without a title at its empty name; :func:`moved` says what was done."""
    data = {
        "groups": [{"title": title, "sliders": list(map(asdict, sliders))} for title, sliders in groups.items()],
        "revision": revision,
    }
    _mount(data=data, key=key, default={"values": None}, on_values_change=lambda: None)


def moved(key: str, names: Sequence[str], revision: int) -> Moved | None:
    """Where the viewer put the sliders since that ``revision``; None before, and for what no slider can say."""
    said = st.session_state.get(key, {}).get("values")
    if not isinstance(said, dict) or said.get("revision") != revision:
        return None
    values, serial = said.get("values"), said.get("serial")
    if not isinstance(values, dict) or not isinstance(serial, int):
        return None
    read = {name: strength(values.get(name)) for name in names}
    known = {name: value for name, value in read.items() if value is not None}
    return Moved(known, serial) if len(known) == len(names) else None


def strength(value: object) -> float | None:
    """A strength from 0 to 2 as a browser or an address says it; None for what is none: anybody can send anything."""
    try:
        number = float(value) if isinstance(value, int | float | str) else -1.0
    except (ValueError, OverflowError):
        return None
    return round(number, 2) if 0.0 <= number <= 2.0 else None
