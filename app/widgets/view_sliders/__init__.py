"""The sliders of a pair of views in one widget that sends what is moved at once, and not after a pause.

The browser is right about where its sliders stand: what the page says counts when its ``revision`` is another one, as
after a preset was chosen. The address follows in the browser too, so that no movement waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from app.shared.language import _
from app.widgets.bundle import bundle
from app.widgets.strengths import strengths

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
        "words": {
            "sliders_reset_all": _("Reset all to the preset"),
            "sliders_ask": _("What {label} does"),
            "sliders_back": _("Back to the preset"),
            "sliders_reset": _("Reset {label} to the preset"),
        },
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
    known = strengths(values, names)
    return Moved(known, serial) if known else None
