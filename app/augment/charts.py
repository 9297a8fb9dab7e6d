"""Small lines of the augmentation lab: how alike a representation finds an image and what an operation makes of it."""

from __future__ import annotations

from typing import Any

from app.augment import settings
from app.shared.charts import AMBER, GRAY, PETROL, Figure
from app.shared.language import N_, _, tell
from byol_core.augment_study import Curves
from byol_core.augment_study.verdict import Numbers, bounds_of

HEIGHT, SCALE_HEIGHT = 150, 124
ZONES = {
    "too strong": "rgba(201, 65, 65, 0.22)",
    "in range": "rgba(23, 143, 136, 0.2)",
    "too weak": "rgba(199, 127, 31, 0.25)",
}
# What the zones are called, by the levels of a verdict.
NAMES = {"too strong": N_("too strong"), "in range": N_("in range"), "too weak": N_("too weak")}
KEPT, ALIKE = N_("What is left<br>of the image"), N_("How similar<br>the views are")
_BAND = f"{PETROL}33"


def invariance(curves: Curves, operation: str, now: float) -> Figure:
    """Mean cosine against the strength of one operation, ± one deviation; the strength in use is marked."""
    mean, sd = curves.of(operation)
    x = [float(value) for value in curves.strengths]
    low, high = (_rounded(mean - sd), _rounded(mean + sd))
    band = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": _rounded(mean),
        "line": {"width": 2.2, "color": PETROL},
        "hovertemplate": _("strength %{x:.2f}: %{y:.2f}") + "<extra></extra>",
    }
    return {
        "data": [{**band, "y": low}, {**band, "y": high, "fill": "tonexty", "fillcolor": _BAND}, line],
        "layout": _layout(curves, operation, now),
    }


def scale(numbers: Numbers, *, old: bool = False) -> Figure:
    """Where the two numbers of a verdict lie between 0 and 1, and where it turns; faded when ``old``."""
    bounds = bounds_of(numbers)
    at = [min(max(value, 0.0), 1.0) for value in (numbers.closeness, numbers.retention)]
    zones = [
        (1, 0.0, bounds.lost, "too strong"),
        (1, bounds.lost, 1.0, "in range"),
        (0, 0.0, bounds.same, "in range"),
        (0, bounds.same, 1.0, "too weak"),
    ]
    line = {"width": 1.5, "color": "#fff"}
    marks = {
        "type": "scatter",
        "mode": "markers",
        "x": _rounded(at),
        "y": [0, 1],
        "marker": {"symbol": "diamond", "size": 13, "color": GRAY if old else PETROL, "line": line},
        "hovertemplate": "%{x:.2f}<extra></extra>",
    }
    bare = {"fixedrange": True, "showgrid": False, "zeroline": False}
    return {
        "data": [marks],
        "layout": {
            "height": SCALE_HEIGHT,
            "showlegend": False,
            "margin": {"l": 96, "r": 14, "t": 6, "b": 24},
            "uirevision": "scale",
            "xaxis": {"range": [0, 1], "tickvals": sorted({0.0, bounds.lost, 0.5, bounds.same, 1.0}), **bare},
            "yaxis": {"range": [-0.6, 1.6], "tickvals": [0, 1], "ticktext": [tell(ALIKE), tell(KEPT)], **bare},
            "shapes": [_zone(*zone) for zone in zones],
            "annotations": [_named(*zone) for zone in zones],
        },
    }


def _zone(row: int, low: float, high: float, level: str) -> dict[str, Any]:
    place = {"x0": low, "x1": high, "y0": row - 0.3, "y1": row + 0.3}
    return {"type": "rect", "layer": "below", **place, "line": {"width": 0}, "fillcolor": ZONES[level]}


def _named(row: int, low: float, high: float, level: str) -> dict[str, Any]:
    """Its name above it, from the end where the scale ends: a zone may be narrower than its name."""
    left = low == 0
    text = {
        "text": tell(NAMES[level]),
        "showarrow": False,
        "font": {"size": 11},
        "xanchor": "left" if left else "right",
    }
    return {"x": low if left else high, "y": row + 0.45, "yanchor": "middle", **text}


def _layout(curves: Curves, operation: str, now: float) -> dict[str, Any]:
    least = min(0.0, round(curves.unlike - 0.05, 1))
    return {
        "height": HEIGHT,
        "showlegend": False,
        "title": {"text": settings.title(operation), "font": {"size": 13}, "x": 0.02, "y": 0.97},
        "margin": {"l": 34, "r": 8, "t": 28, "b": 22},
        "uirevision": operation,
        "hovermode": "closest",
        "xaxis": {"range": [0, 2], "dtick": 1, "fixedrange": True, "showgrid": False},
        "yaxis": {"range": [least, 1.04], "nticks": 4, "fixedrange": True},
        "shapes": [
            _line({"x0": now, "x1": now, "yref": "paper", "y0": 0, "y1": 1}, AMBER, "solid"),
            _line({"xref": "paper", "x0": 0, "x1": 1, "y0": curves.unlike, "y1": curves.unlike}, GRAY, "dot"),
        ],
    }


def _line(place: dict[str, Any], color: str, dash: str) -> dict[str, Any]:
    return {"type": "line", **place, "line": {"color": color, "width": 1.6, "dash": dash}}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]
