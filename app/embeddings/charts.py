"""Data in, plotly figure out: the accuracy beside a map, and the classes of a selection. No st.* here."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from app.shared.charts import AMBER, GRAY, PETROL, Figure
from app.shared.language import _

_MARGIN = {"l": 8, "r": 12, "t": 12, "b": 8}
# In the tips, for plotly to fill; and for it not to show the name of the line beside them.
_EPOCH, _ACCURACY, _NO_BOX = "%{x:.2~f}", "%{y:.3f}", "<extra></extra>"


def accuracy(
    epochs: Sequence[float], values: Sequence[float | None], now: int, levels: Mapping[str, float], *, revision: str
) -> Figure:
    """kNN accuracy at each evaluation with a mark at number ``now``, and the baselines as dotted levels."""
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _("kNN (validation)"),
        "x": list(epochs),
        "y": list(values),
        "line": {"width": 2, "color": PETROL},
        "marker": {"size": 5, "color": PETROL},
        "hovertemplate": _("epoch {epoch}, validation: {accuracy}", epoch=_EPOCH, accuracy=_ACCURACY) + _NO_BOX,
    }
    mark = {
        "type": "scatter",
        "mode": "markers",
        "name": _("on the map"),
        "x": [epochs[now]],
        "y": [values[now]],
        "marker": {"size": 13, "color": AMBER, "line": {"width": 2, "color": PETROL}},
        "hovertemplate": _("on the map: {accuracy}", accuracy=_ACCURACY) + _NO_BOX,
        "cliponaxis": False,
    }
    layout = {
        "height": 132,
        "showlegend": False,
        "hovermode": "closest",
        "margin": _MARGIN | ({"r": 112} if levels else {}),
        "uirevision": revision,
        "xaxis": {"automargin": True, "showgrid": False, "title": {"text": _("epoch")}, "nticks": 6},
        "yaxis": {"automargin": True, "nticks": 4, "tickformat": ".2f", "title": {"text": _("validation")}},
        "shapes": [_level(value) for value in levels.values()],
        "annotations": [_name(name, value) for name, value in levels.items()],
    }
    return {"data": [line, mark], "layout": layout}


def _level(value: float) -> dict[str, Any]:
    line = {"dash": "dot", "width": 1.5, "color": GRAY}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line, "layer": "below"}


def _name(name: str, value: float) -> dict[str, Any]:
    place = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 4, "y": value, "yanchor": "middle"}
    return place | {"text": f"{name} {value:.3f}", "showarrow": False, "font": {"size": 11, "color": GRAY}}


def classes(counts: Sequence[tuple[str, int, int]], *, revision: str) -> Figure:
    """How many of each class are selected, as (class, selected, all), largest first."""
    names = [html.escape(name, quote=False) for name, *rest in counts]
    most = max(count for name, count, whole in counts)
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [count for name, count, whole in counts],
        "y": list(range(len(counts))),
        "text": [_("{n} of {whole}", n=count, whole=whole) for name, count, whole in counts],
        "textposition": "auto",
        "customdata": names,
        "marker": {"color": PETROL},
        "hovertemplate": "%{customdata}: %{text}" + _NO_BOX,
        "cliponaxis": False,
    }
    layout = {
        "height": 26 * len(counts) + 24,
        "showlegend": False,
        "margin": _MARGIN,
        "uirevision": revision,
        "bargap": 0.25,
        "xaxis": {"visible": False, "range": [0, most * 1.02], "fixedrange": True},
        "yaxis": {
            "automargin": True,
            "showgrid": False,
            "fixedrange": True,
            "autorange": "reversed",
            "tickvals": list(range(len(counts))),
            "ticktext": names,
        },
    }
    return {"data": [bars], "layout": layout}
