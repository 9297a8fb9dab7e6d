"""Data in, plotly figure out: the curves of a run. No st.* here, and no import of plotly: a figure is plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Point = tuple[int, float, float, float]  # step, epoch, seconds, value
Axis = Literal["epoch", "step", "time"]
Figure = dict[str, Any]  # plotly's {"data": [...], "layout": {...}}

AXIS_TITLES: dict[Axis, str] = {"epoch": "epoch", "step": "step", "time": "seconds of training"}
# Middle tones: each reads well on the light and on the dark page.
PETROL, AMBER, PLUM, BLUE, GREY = "#178F88", "#C77F1F", "#9070B4", "#4A88C4", "#7F8C91"

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
        "line": {"dash": "dash", "width": 1.5, "color": GREY},
        "hoverinfo": "skip",
        "textposition": "top left",
        "text": ["", f"{level.name} {level.value:{digits}}"],
        "textfont": {"color": GREY},
    }
