"""Data in, plotly figure out: the answers of evaluations. No st.* here, and no import of plotly."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.evaluate.labels import score, subject
from app.shared.charts import AMBER, GRAY, PETROL, PLUM, Figure, line_look
from app.shared.formatting import count
from app.shared.language import _
from byol_core.evaluation.curve import band
from byol_core.evaluation.protocol import Judged, Scores, Subject

COLORS: Mapping[Subject, str] = {
    "trained": PETROL,
    "scratch": AMBER,
    "untrained": PLUM,
    "pixels": GRAY,
    "colour": GRAY,
}
# Beside the colors, for whoever cannot tell them.
SYMBOLS: Mapping[Subject, str] = {
    "trained": "circle",
    "scratch": "square",
    "untrained": "triangle-up",
    "pixels": "diamond",
    "colour": "cross",
}
_ROW = 56  # pixels for each row of dots
_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
_MARGIN = {"l": 8, "r": 12, "t": 28, "b": 8}


def dots(judged: Judged) -> Figure:
    """The accuracy of each subject: a dot a split, and their mean with a bar that says how sure it is."""
    rows = [row for row in judged.scores if row.accuracies]
    names = [subject(row.subject) for row in rows]
    best = max((max(band(judged, row.subject).high, *row.accuracies) for row in rows), default=1.0)
    layout = {
        "height": _ROW * len(rows) + 76,
        "showlegend": False,
        "hovermode": "closest",
        "margin": _MARGIN,
        "xaxis": {
            "title": {"text": _("accuracy on {tested} test images", tested=count(judged.tested))},
            "automargin": True,
            "range": [0, min(1.0, best * 1.06)],
        },
        "yaxis": {
            "automargin": True,
            "showgrid": False,
            "fixedrange": True,
            "range": [len(rows) - 0.45, -0.6],
            "tickvals": list(range(len(rows))),
            "ticktext": names,
        },
    }
    guess = 1 / max(1, len(judged.classes))
    layout["shapes"] = [_upright(guess)]
    layout["annotations"] = [_note(_("guessing"), guess)]
    return {
        "data": [trace for place, row in enumerate(rows) for trace in _subject(judged, place, row)],
        "layout": layout,
    }


def _upright(x: float) -> dict[str, Any]:
    line = {"dash": "dot", "width": 1.5, "color": GRAY}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}


def _note(text: str, x: float) -> dict[str, Any]:
    place = {"x": x, "yref": "paper", "y": 0, "xanchor": "left", "yanchor": "bottom", "xshift": 4}
    return place | {"text": text, "showarrow": False, "font": {"color": GRAY, "size": 12}}


def _subject(judged: Judged, place: int, row: Scores) -> list[dict[str, Any]]:
    color, name, told = COLORS[row.subject], subject(row.subject), score(judged, row.subject)
    low, high = band(judged, row.subject)
    middle = row.mean or 0.0
    splits = {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(row.accuracies),
        "y": [place + 0.16] * len(row.accuracies),
        "marker": {"size": 8, "color": color, "opacity": 0.55},
        "text": [
            _("{subject}, split {split}: {accuracy:.3f}", subject=name, split=split, accuracy=accuracy)
            for split, accuracy in enumerate(row.accuracies, 1)
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }
    mean = {
        "type": "scatter",
        "mode": "markers+text",
        "name": name,
        "x": [row.mean],
        "y": [place - 0.16],
        "marker": {"size": 12, "symbol": "diamond", "color": color},
        "error_x": {
            "array": [high - middle],
            "arrayminus": [middle - low],
            "color": color,
            "thickness": 2,
            "width": 5,
        },
        "text": [told],
        "textposition": "top left" if (row.mean or 0) > 0.25 else "top right",
        "textfont": {"size": 13},  # in the color of the theme, which can be read on it
        "cliponaxis": False,
        "hovertemplate": _("{label}: {value}", label=name, value=told) + "<extra></extra>",
    }
    return [splits, mean]


# Accuracy against the number of labels


@dataclass(frozen=True)
class Point:
    """For a number of labeled images the mean accuracy, the ends of the band round it, and both in words."""

    labeled: int
    mean: float
    low: float
    high: float
    told: str


@dataclass(frozen=True)
class Curve:
    """One line of the chart, with a point for each number of labels."""

    name: str
    color: str
    points: tuple[Point, ...]
    dashed: bool = False
    symbol: str = "circle"


def labels(curves: Sequence[Curve], *, revision: str, height: int = 420) -> Figure:
    """Accuracy against labeled images, on a log axis, each in its band."""
    curves = [replace(curve, points=tuple(point for point in curve.points if point.labeled > 0)) for curve in curves]
    at = sorted({point.labeled for curve in curves for point in curve.points})
    axis: dict[str, Any] = {
        "title": {"text": _("labeled images")},
        "type": "log",
        "automargin": True,
        "showgrid": False,
        "tickvals": _apart(at),
    }
    if len(at) == 1:  # a log axis of one point has no extent
        axis["range"] = [math.log10(at[0]) - 0.5, math.log10(at[0]) + 0.5]
    layout = {
        "height": height,
        "hovermode": "x unified",
        "legend": _LEGEND,
        "showlegend": True,
        "margin": _MARGIN,
        "uirevision": revision,
        "xaxis": axis,
        "yaxis": {"title": {"text": _("accuracy on the test images")}, "automargin": True, "rangemode": "tozero"},
    }
    return {"data": [trace for curve in curves for trace in _band(curve)], "layout": layout}


def _apart(places: Sequence[int]) -> list[int]:
    """Those whose names do not run into each other on a log axis."""
    kept: list[int] = []
    for place in places:
        if not kept or place >= 1.8 * kept[-1]:
            kept.append(place)
    return kept


def _band(curve: Curve) -> list[dict[str, Any]]:
    group = {"type": "scatter", "legendgroup": curve.name, "x": [point.labeled for point in curve.points]}
    edge = group | {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    low = edge | {"y": [point.low for point in curve.points]}
    high = edge | {"y": [point.high for point in curve.points]}
    high |= {"fill": "tonexty", "fillcolor": f"{curve.color}33"}
    line = group | {
        "mode": "lines+markers",
        "name": html.escape(curve.name, quote=False),
        "y": [point.mean for point in curve.points],
        "customdata": [point.told for point in curve.points],
        "line": {"width": 2.2, "color": curve.color, "dash": "dot" if curve.dashed else "solid"},
        "marker": {"size": 8, "color": curve.color, "symbol": curve.symbol},
        "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
    }
    return [low, high, line] if any(point.high > point.low for point in curve.points) else [line]


# Curves of the report


def precision_recall(
    curves: Sequence[tuple[int, str, Sequence[float], Sequence[float]]], *, revision: str, height: int = 400
) -> Figure:
    """Precision against recall: a line a class, as (number, name, recall, precision), in its color on the map."""
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": html.escape(name, quote=False),
            "x": list(recall),
            "y": list(precision),
            "line": {"width": 2, **dict(zip(("color", "dash"), line_look(number), strict=True))},
            "hovertemplate": _("recall %{x:.2f}, precision %{y:.2f}") + "<extra>%{fullData.name}</extra>",
        }
        for number, name, recall, precision in curves
    ]
    layout = _square(_("recall"), _("precision"), height) | {"uirevision": revision, "hovermode": "closest"}
    return {"data": lines, "layout": layout | {"showlegend": True, "legend": {**_LEGEND, "y": -0.22, "yanchor": "top"}}}


def calibration(bins: Sequence[tuple[float, float, int]], *, height: int = 400) -> Figure:
    """Accuracy against confidence: (confidence, accuracy, images) for each bin that has any."""
    largest = max((count for *_rest, count in bins), default=1)
    ideal = {
        "type": "scatter",
        "mode": "lines",
        "name": _("perfectly calibrated"),
        "x": [0, 1],
        "y": [0, 1],
        "line": {"dash": "dot", "width": 1.5, "color": GRAY},
        "hoverinfo": "skip",
    }
    points = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _("this run"),
        "x": [confidence for confidence, *_rest in bins],
        "y": [accuracy for _confidence, accuracy, _count in bins],
        "customdata": [count for *_rest, count in bins],
        "line": {"width": 1.5, "color": PETROL},
        "marker": {"color": PETROL, "size": [6 + 16 * math.sqrt(count / largest) for *_rest, count in bins]},
        "hovertemplate": _("%{customdata} images, confidence %{x:.2f}, accuracy %{y:.2f}") + "<extra></extra>",
    }
    layout = _square(_("confidence"), _("accuracy"), height)
    return {"data": [ideal, points], "layout": layout | {"showlegend": False, "hovermode": "closest"}}


def _square(x: str, y: str, height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {**_MARGIN, "t": 8},
        "xaxis": {"title": {"text": x}, "automargin": True, "range": [0, 1.01]},
        "yaxis": {"title": {"text": y}, "automargin": True, "range": [0, 1.03]},
    }
