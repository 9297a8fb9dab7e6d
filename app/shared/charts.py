"""Data in, plotly figure out: the curves of runs. No st.* here, and no import of plotly: a figure is plain data.

A figure of curves has none of their points: its traces name ``curves``, which the browser has (``live_chart``), a trace
with a ``level`` is as long as they are, and ``live`` says how they are drawn.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.shared.language import N_, _, tell

Point = tuple[int, float, float, float]  # step, epoch, seconds, value
Axis = Literal["epoch", "step", "time"]
Shares = Sequence[float]  # singular values divided by the largest, falling
Figure = dict[str, Any]  # plotly's {"data": [...], "layout": {...}}

# A time gets the unit in which it reads best where it is drawn.
AXIS_TITLES: dict[Axis, str] = {"epoch": N_("epoch"), "step": N_("step"), "time": N_("seconds of training")}
# Colors of the light page, in which letters can be read; on the dark one the browser takes those of DARK instead.
PETROL, AMBER, PLUM, BLUE, GRAY, RED = "#0D6A66", "#9A5B00", "#71508F", "#2E6BA8", "#5A676D", "#B3402E"
# One for each of several classes or runs, the same as on the map: chartCategoricalColors of .streamlit/config.toml.
PALETTE = (
    *("#03776F", "#C57005", "#7F449E", "#C71504", "#00415F"),
    *("#57703B", "#903B55", "#758691", "#5C3827", "#1B9862"),
)
_DARK_PALETTE = (
    *("#1EE9EE", "#F4A427", "#9377B3", "#EB5B45", "#13ADF9"),
    *("#CCD788", "#BA7E8A", "#95ABAD", "#BCA684", "#A7F1CB"),
)
_DARK_TONES = ("#4FBFB8", "#E6A552", "#B798D6", "#7FB2E5", "#9AA8AC", "#E58674")
DARK: Mapping[str, str] = {
    **dict(zip((PETROL, AMBER, PLUM, BLUE, GRAY, RED), _DARK_TONES, strict=True)),
    **dict(zip(PALETTE, _DARK_PALETTE, strict=True)),
}
# Beside its color each line has a dash of its own, for whoever cannot tell the colors, with a mark for tables.
DASHES = {"solid": "───", "dash": "╌╌╌", "dot": "·····", "dashdot": "─·─", "longdash": "— —", "longdashdot": "—·—"}
# Curves that follow a plan have no noise to smooth away.
PLANNED = ("learning_rate", "tau")
# Singular values below this share of the largest are rounding.
LEAST_SHARE = 1e-6

# Numbers along an axis as they are: plotly would say 25µ of a learning rate, and 3k of steps.
_PLAIN = {"exponentformat": "none", "separatethousands": True}
# Buttons that mean nothing for a curve are left out.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,  # nothing that is shown here leaves the machine
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
}


@dataclass(frozen=True)
class Level:
    """A value that a curve is compared with: a dashed line with its name."""

    name: str
    value: float
    color: str = GRAY


@dataclass(frozen=True)
class View:
    """How somebody wants to see curves; ``smooth`` is the share that a moving average keeps from point to point."""

    x: Axis = "epoch"
    smooth: float = 0.0
    log_x: bool = False
    log_y: bool = False

    @property
    def revision(self) -> str:
        """A zoom is kept as long as this stays."""
        return f"{self.x}{'-log-x' * self.log_x}{'-log-y' * self.log_y}"


@dataclass(frozen=True)
class Line:
    """One run in a comparison, or several that differ only by chance: then their mean, in a band of one deviation."""

    name: str
    color: str
    curves: tuple[str, ...]
    group: str
    dash: str = "solid"


def line_look(place: int) -> tuple[str, str]:
    """Color and dash of the line with this number, from 0; the first thirty all differ."""
    return PALETTE[place % len(PALETTE)], list(DASHES)[place % len(DASHES)]


def curve(
    curve: str,
    *,
    name: str,
    view: View,
    levels: Sequence[Level] = (),
    revision: str = "",
    height: int = 300,
    digits: str = ".3f",
    from_zero: bool = False,
    markers: bool = False,
    color: str = PETROL,
) -> Figure:
    """One curve with the levels it is compared with. The same ``revision`` keeps the viewer's zoom through new data."""
    trace = _trace(Line(name, color, (curve,), ""), digits) | {"marker": {"size": 6, "color": color}}
    if markers:
        trace |= {"mode": "lines+markers", "line": {"width": 2.5, "color": color}}
    layout = _layout(view, revision, height) | {"showlegend": False}
    layout["yaxis"]["rangemode"] = "tozero" if from_zero else "normal"
    return {"data": [*(_level(level, digits) for level in levels), trace], "layout": layout, "live": _live(view)}


def overlay(
    lines: Sequence[Line],
    *,
    view: View,
    levels: Sequence[Level] = (),
    revision: str = "",
    height: int = 340,
    digits: str = ".4g",
) -> Figure:
    """The same curve of several runs; their legend is one for all charts of the page."""
    layout = _layout(view, revision, height) | {"showlegend": False}
    drawn = [*(_level(level, digits) for level in levels), *(_trace(line, digits) for line in lines)]
    return {"data": drawn, "layout": layout, "live": _live(view)}


def _trace(line: Line, digits: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "curves": list(line.curves),
        "uid": _uid(line.group or line.curves[0]),
        "legendgroup": line.group,
        "name": html.escape(line.name, quote=False),  # plotly reads tags in it
        "meta": {"noisy": not line.curves[0].endswith(PLANNED)},
        "mode": "lines",
        "line": {"width": 2, "color": line.color, "dash": line.dash},
        "hovertemplate": f"%{{y:{digits}}}<extra>%{{fullData.name}}</extra>",
    }


def _uid(name: str) -> str:
    """A name for plotly, which looks for a trace by it as a class in the page: letters, digits and "-" alone."""
    return re.sub(r"[^a-zA-Z0-9-]", lambda odd: f"_{ord(odd[0]):x}_", name)


def _layout(view: View, revision: str, height: int) -> dict[str, Any]:
    return {
        "height": height,
        "hovermode": "x unified",
        "margin": {"l": 8, "r": 12, "t": 16, "b": 8},
        "uirevision": f"{revision}-{view.revision}",
        "xaxis": {
            "title": {"text": tell(AXIS_TITLES[view.x])},
            "type": "log" if view.log_x else "linear",
            "automargin": True,
            "rangemode": "tozero",
            "showgrid": False,
            **_PLAIN,
        },
        "yaxis": {"automargin": True, "nticks": 6, "type": "log" if view.log_y else "linear", **_PLAIN},
    }


def _live(view: View) -> dict[str, Any]:
    return {"x": view.x, "smooth": view.smooth, "broken": RED}


def _level(level: Level, digits: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "level": level.value,
        "uid": _uid(f"level {level.name}"),
        "name": level.name,
        "mode": "lines+text",
        "cliponaxis": False,
        "line": {"dash": "dash", "width": 1.5, "color": level.color},
        "hoverinfo": "skip",
        "textposition": "top left",
        "text": ["", f"{level.name} {level.value:{digits}}"],
        "textfont": {"color": level.color},
    }


def spectrum(now: Shares, before: Shares | None, *, names: tuple[str, str], revision: str, height: int) -> Figure:
    """Singular values by their place, as shares of the largest: now, and before training as a dotted line."""
    lines = [] if before is None else [_falling(before, names[1], {"width": 1.8, "color": GRAY, "dash": "dot"})]
    longest = max(len(now), len(before or ()))
    layout = {
        "height": height,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        "hovermode": "x unified",
        "margin": {"l": 8, "r": 12, "t": 28, "b": 8},
        "uirevision": revision,
        "xaxis": {"title": {"text": _("place")}, "automargin": True, "range": [0, longest + 1], "showgrid": False},
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
