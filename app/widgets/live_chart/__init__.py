"""Plotly charts that take new data in place, so that a curve grows without flicker and a zoom outlives new points.

``st.plotly_chart`` rebuilds its chart whenever the figure changes, and loses the zoom with it. Here a figure only
names its curves; their points come apart from it, through :func:`send`, and of those only the new ones. So a poll of a
live page costs the same after a million steps as after ten, and a change of axis or smoothing sends no point again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from app.shared.charts import CONFIG, DARK, Figure, Line, Point
from app.shared.language import _, current
from app.widgets.asset import deliver, plotly_script
from app.widgets.bundle import bundle
from app.widgets.packed import pack

_CSS = """
.byol-chart {
  width: 100%;
}
"""
_LEGEND_CSS = """
.byol-legend {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem 0.5rem;
}
.byol-legend button {
  display: inline-flex;
  align-items: center;
  gap: 0.5rem;
  max-width: 100%;
  padding: 0.2rem 0.5rem;
  border: none;
  border-radius: var(--st-base-radius);
  background: none;
  color: var(--st-text-color);
  font: inherit;
  font-size: 0.875rem;
  text-align: left;
  overflow-wrap: anywhere;
  cursor: pointer;
}
.byol-legend button:hover {
  background: var(--st-secondary-background-color);
}
.byol-legend button:focus-visible {
  outline: 2px solid var(--st-primary-color);
}
.byol-legend button[aria-pressed="false"] {
  color: var(--st-gray-text-color);
  text-decoration: line-through;
}
.byol-legend-line {
  flex: none;
  width: 2rem;
  height: 4px;
  stroke-width: 3px;
}
"""
_FEED = "feed"


# plotly.js puts its own styles into the document; in a shadow root its toolbar would fall apart.
_mount = st.components.v2.component(
    "byol_live_chart", js=bundle("live_chart/live_chart"), css=_CSS, isolate_styles=False
)
_feed = st.components.v2.component("byol_feed", js=bundle("live_chart/feed"), isolate_styles=False)
_legend = st.components.v2.component(
    "byol_legend", js=bundle("live_chart/legend"), css=_LEGEND_CSS, isolate_styles=False
)


def live_chart(figure: Figure, *, key: str, alt: str = "", toolbar: bool = True) -> None:
    """Draw the figure; the same ``key`` keeps the chart, the same ``layout.uirevision`` keeps the viewer's zoom.

    Without ``alt`` the chart says the first and the last value of its curves. A small one has no room for ``toolbar``.
    """
    config = CONFIG | _spoken() | ({} if toolbar else {"displayModeBar": False})
    data: dict[str, Any] = {"figure": figure, "config": config, "label": alt, "dark": DARK}
    data |= {"plotly": plotly_script().digest, "words": _words()}
    _mount(data=data, key=key)


def _spoken() -> dict[str, Any]:
    """What plotly itself says, by the English in plotly.js. Its numbers stay as they are."""
    said = {
        "Download plot as a PNG": _("Download plot as a PNG"),
        "Zoom": _("Zoom"),
        "Pan": _("Pan"),
        "Reset axes": _("Reset axes"),
        "Double-click to zoom back out": _("Double-click to zoom back out"),
        "Double-click on legend to isolate one trace": _("Double-click on legend to isolate one trace"),
        "Preparing image - this may take a few seconds": _("Preparing image - this may take a few seconds"),
        "Image download succeeded": _("Image download succeeded"),
        "Sorry, there was a problem downloading your image!": _("Sorry, there was a problem downloading your image!"),
    }
    return {"locale": current(), "locales": {current(): {"dictionary": said}}}


def _words() -> dict[str, str]:
    return {
        "chart_seconds": _("seconds of training"),
        "chart_minutes": _("minutes of training"),
        "chart_hours": _("hours of training"),
        "chart_measured": _("(measured {value})"),
        "chart_broken": _("The chart cannot be drawn in this browser ({reason})."),
        "chart_broken_value": _("not a number"),
        "chart_empty": _("{name}: nothing yet"),
        "chart_curve": _("{name}: {first} at first, {last} at step {step}"),
        "chart_curves": _("{first}; {second}"),
    }


def legend(lines: Sequence[Line]) -> None:
    """The lines of the charts of a page; one that is hidden here is hidden in all of them."""
    _legend(
        data={
            "lines": [
                {"name": line.name, "color": line.color, "dash": line.dash, "group": line.group} for line in lines
            ],
            "dark": DARK,
            "words": {
                "chart_lines": _("Lines of the charts"),
                "chart_hide": _("Hide or show; double click: only this one"),
            },
        },
        key="legend",
    )


def had() -> dict[str, int]:
    """The curves that this browser tab said it has, each with its last step."""
    said = st.session_state.get(_FEED, {}).get("have")
    return {str(curve): step for curve, step in said.items() if _is_step(step)} if isinstance(said, dict) else {}


def _is_step(value: object) -> bool:
    """Whether a browser could mean a step by it: anybody can send anything, and no database takes any number."""
    return type(value) is int and -1 <= value < 2**31


def send(curves: Mapping[str, tuple[int, Sequence[Point]]]) -> None:
    """Bring points to the charts of the page: for each curve the step after which they were read, and the points.

    What the browser did not yet say it has is sent again: a page may miss a message that the next one overtakes.
    """
    head = [{"id": curve, "after": after, "count": len(points)} for curve, (after, points) in curves.items()]
    rows = [point for _, points in curves.values() for point in points]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    names = ("step", "epoch", "seconds", "value")
    packed = pack({"curves": head}, **dict(zip(names, columns, strict=True)))
    _feed(data=packed, key=_FEED, default={"have": {}}, on_have_change=lambda: None)


def prepare() -> None:
    """Bring plotly.js to the browser, once for all pages: the router calls this."""
    deliver(plotly_script())
