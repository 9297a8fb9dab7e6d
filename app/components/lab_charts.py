"""Small lines of the augmentation lab: how alike a representation finds an image and what an operation makes of it."""

from __future__ import annotations

from typing import Any

from app.charts import AMBER, GREY, PETROL, Figure
from app.components import lab_settings
from byol_core.lab import Curves

HEIGHT = 150
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
        "hovertemplate": "strength %{x:.2f}: %{y:.2f}<extra></extra>",
    }
    return {
        "data": [{**band, "y": low}, {**band, "y": high, "fill": "tonexty", "fillcolor": _BAND}, line],
        "layout": _layout(curves, operation, now),
    }


def _layout(curves: Curves, operation: str, now: float) -> dict[str, Any]:
    least = min(0.0, round(curves.unlike - 0.05, 1))
    return {
        "height": HEIGHT,
        "showlegend": False,
        "title": {"text": lab_settings.title(operation), "font": {"size": 13}, "x": 0.02, "y": 0.97},
        "margin": {"l": 34, "r": 8, "t": 28, "b": 22},
        "uirevision": operation,
        "hovermode": "closest",
        "xaxis": {"range": [0, 2], "dtick": 1, "fixedrange": True, "showgrid": False},
        "yaxis": {"range": [least, 1.04], "nticks": 4, "fixedrange": True},
        "shapes": [
            _line({"x0": now, "x1": now, "yref": "paper", "y0": 0, "y1": 1}, AMBER, "solid"),
            _line({"xref": "paper", "x0": 0, "x1": 1, "y0": curves.unlike, "y1": curves.unlike}, GREY, "dot"),
        ],
    }


def _line(place: dict[str, Any], colour: str, dash: str) -> dict[str, Any]:
    return {"type": "line", **place, "line": {"color": colour, "width": 1.6, "dash": dash}}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]
