"""Data in, plotly figure out: the curves of a run. No st.* here, and no import of plotly: a figure is plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Point = tuple[int, float, float, float]  # step, epoch, seconds, value
Axis = Literal["epoch", "step", "time"]
Shares = Sequence[float]  # singular values divided by the largest, falling
Figure = dict[str, Any]  # plotly's {"data": [...], "layout": {...}}

AXIS_TITLES: dict[Axis, str] = {"epoch": "epoch", "step": "step", "time": "seconds of training"}
# Middle tones: each reads well on the light and on the dark page.
PETROL, AMBER, PLUM, BLUE, GREY = "#178F88", "#C77F1F", "#9070B4", "#4A88C4", "#7F8C91"
RED = "#CF5B47"
# Singular values below this share of the largest are rounding.
LEAST_SHARE = 1e-6

# Buttons that mean nothing for a curve are left out.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
}


@dataclass(frozen=True)
class Level:
    """A value that a curve is compared with: a dashed line with its name."""

    name: str
    value: float
    colour: str = GREY


def along(points: Sequence[Point], axis: Axis) -> list[float]:
    """The horizontal values of a curve."""
    place = {"step": 0, "epoch": 1, "time": 2}[axis]
    return [point[place] for point in points]


def curve(
    points: Sequence[Point],
    *,
    name: str,
    axis: Axis = "epoch",
    levels: Sequence[Level] = (),
    revision: str = "",
    height: int = 300,
    digits: str = ".3f",
    from_zero: bool = False,
    markers: bool = False,
    colour: str = PETROL,
) -> Figure:
    """One curve with the levels it is judged by. The same ``revision`` keeps the viewer's zoom through new data."""
    x = along(points, axis)
    line = {
        "type": "scatter",
        "name": name,
        "x": x,
        "y": [_finite(point[3]) for point in points],
        "mode": "lines+markers" if markers else "lines",
        "line": {"width": 2.5 if markers else 1.8, "color": colour},
        "marker": {"size": 6, "color": colour},
        "hovertemplate": f"%{{y:{digits}}}<extra>{name}</extra>",
    }
    layout = {
        "height": height,
        "showlegend": False,
        "hovermode": "x unified",
        "margin": {"l": 8, "r": 12, "t": 16, "b": 8},
        "uirevision": revision,
        "xaxis": {"title": {"text": AXIS_TITLES[axis]}, "automargin": True, "rangemode": "tozero", "showgrid": False},
        "yaxis": {"automargin": True, "rangemode": "tozero" if from_zero else "normal", "nticks": 6},
    }
    return {"data": [*(_level(level, x, digits) for level in levels), line], "layout": layout}


def spectrum(now: Shares, before: Shares | None, *, names: tuple[str, str], revision: str, height: int) -> Figure:
    """Singular values by their place, as shares of the largest: now, and before training as a dotted line."""
    lines = [] if before is None else [_falling(before, names[1], {"width": 1.8, "color": GREY, "dash": "dot"})]
    longest = max(len(now), len(before or ()))
    layout = {
        "height": height,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        "hovermode": "x unified",
        "margin": {"l": 8, "r": 12, "t": 28, "b": 8},
        "uirevision": revision,
        "xaxis": {"title": {"text": "place"}, "automargin": True, "range": [0, longest + 1], "showgrid": False},
        "yaxis": {"type": "log", "automargin": True, "dtick": 1, "exponentformat": "power"},
    }
    return {"data": [*lines, _falling(now, names[0], {"width": 2.2, "color": PETROL})], "layout": layout}


def _falling(shares: Shares, name: str, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(range(1, len(shares) + 1)),
        "y": [float(f"{share:.4g}") if share >= LEAST_SHARE else None for share in shares],
        "line": line,
        "hovertemplate": f"%{{y:.2g}}<extra>{name}</extra>",
    }


def _finite(value: float) -> float | None:
    """A gap where there is no number: JSON has no NaN."""
    return value if math.isfinite(value) else None


def _level(level: Level, x: Sequence[float], digits: str) -> dict[str, Any]:
    ends = [x[0], x[-1]] if len(x) > 1 and x[0] != x[-1] else [0.0, 1.0]
    return {
        "type": "scatter",
        "x": ends,
        "y": [level.value] * 2,
        "mode": "lines+text",
        "cliponaxis": False,
        "line": {"dash": "dash", "width": 1.5, "color": level.colour},
        "hoverinfo": "skip",
        "textposition": "top left",
        "text": ["", f"{level.name} {level.value:{digits}}"],
        "textfont": {"color": level.colour},
    }
