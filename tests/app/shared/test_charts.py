"""Figures are plain data that plotly accepts."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version

import plotly.graph_objects as go
import pytest
from packaging.requirements import Requirement

from app.shared import charts
from tests.serving import ROOT

VIEW = charts.View()
LINES = [
    charts.Line("one <b>", "#111111", ("a/1/loss",), "a"),
    charts.Line("two", "#222222", ("b/1/loss", "c/1/loss"), "b"),
]


def plain(figure: charts.Figure) -> charts.Figure:
    """The figure without what only the browser's side of it reads."""
    own = ("curves", "level")
    return {
        "data": [{key: value for key, value in trace.items() if key not in own} for trace in figure["data"]],
        "layout": figure["layout"],
    }


@pytest.mark.parametrize(
    "figure",
    [
        charts.curve("a/1/loss", name="loss", view=VIEW, levels=[charts.Level("raw pixels", 0.4)], markers=True),
        charts.overlay(LINES, view=charts.View("time", 0.5, True, True)),
    ],
)
def test_plotly_accepts_the_figure(figure: charts.Figure) -> None:
    assert len(go.Figure(plain(figure)).data) == 2
    json.dumps(figure, allow_nan=False)


def test_plotly_can_look_for_a_trace_by_its_name() -> None:
    """It takes what begins with ``.cb`` and goes on with the uid for a class."""
    names = ("a/1/tau", "a-1/tau", "a_1_tau", "a.b:c#d/2/loss", "ü 1", "level raw pixels", "1/1/knn")
    uids = [charts.curve(name, name="", view=VIEW)["data"][0]["uid"] for name in names]
    uids += [charts.curve("a", name="", view=VIEW, levels=[charts.Level("raw pixels", 0.4)])["data"][0]["uid"]]
    assert all(re.fullmatch("[a-zA-Z0-9_-]+", uid) for uid in uids)
    assert len(set(uids)) == len(names)


def test_plotly_is_one_that_the_charts_were_drawn_with() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (plotly_,) = (one for one in map(Requirement, wanted) if one.name == "plotly")
    assert plotly_.specifier.contains(version("plotly"))
    assert not any(map(plotly_.specifier.contains, ("6.5", "7.9", "8.0")))


@pytest.mark.parametrize("axis", ["step", "epoch", "time"])
def test_the_axis_can_be_chosen(axis: charts.Axis) -> None:
    figure = charts.curve("a/1/loss", name="loss", view=charts.View(axis))
    assert figure["live"]["x"] == axis
    assert figure["layout"]["xaxis"]["title"]["text"] == charts.AXIS_TITLES[axis]


def test_a_figure_has_no_points_of_its_curves() -> None:
    (trace,) = charts.curve("a/1/loss", name="loss", view=VIEW)["data"]
    assert trace["curves"] == ["a/1/loss"] and "y" not in trace


def test_levels_are_dashed_and_named() -> None:
    level, _ = charts.curve("a", name="kNN", view=VIEW, levels=[charts.Level("untrained encoder", 0.652)])["data"]
    assert level["line"]["dash"] == "dash" and level["level"] == 0.652
    assert level["text"][1] == "untrained encoder 0.652"


def test_axis_and_scale_reset_the_zoom_but_smoothing_does_not() -> None:
    def revision(view: charts.View) -> str:
        return str(charts.curve("a", name="loss", view=view, revision="run")["layout"]["uirevision"])

    views = (VIEW, charts.View("step"), charts.View(log_x=True), charts.View(log_y=True))
    assert len(set(map(revision, views))) == 4
    assert revision(charts.View(smooth=0.9)) == revision(VIEW)


def test_a_level_of_alarm_has_its_own_color() -> None:
    level, _ = charts.curve("a", name="spread", view=VIEW, levels=[charts.Level("alarm", 0.3, charts.RED)])["data"]
    assert level["line"]["color"] == level["textfont"]["color"] == charts.RED


def test_a_name_with_tags_is_shown_as_it_is() -> None:
    assert charts.overlay(LINES, view=VIEW)["data"][0]["name"] == "one &lt;b&gt;"


def test_what_follows_a_plan_is_not_smoothed() -> None:
    noisy = [charts.curve(f"a/1/{key}", name=key, view=VIEW)["data"][0]["meta"]["noisy"] for key in ("loss", "tau")]
    assert noisy == [True, False]


def test_a_line_of_a_comparison_has_its_dash() -> None:
    dashed = charts.Line("one", *charts.line_look(1)[:1], ("a/1/loss",), "a", "dash")
    assert charts.overlay([dashed], view=VIEW)["data"][0]["line"]["dash"] == "dash"


def test_a_spectrum_is_on_a_log_scale_beside_the_untrained_one() -> None:
    names = ("step 20", "step 0")
    figure = charts.spectrum([1.0, 0.1, 1e-9], [1.0, 0.5], names=names, revision="run", height=280)
    assert len(go.Figure(figure).data) == 2
    json.dumps(figure, allow_nan=False)
    before, now = figure["data"]
    assert (before["name"], before["x"], before["y"]) == ("step 0", [1, 2], [1.0, 0.5])
    assert now["y"] == [1.0, 0.1, None]  # rounding is no direction
    assert figure["layout"]["yaxis"]["type"] == "log"


def test_a_spectrum_at_the_first_look_stands_alone() -> None:
    (line,) = charts.spectrum([1.0], None, names=("step 0", "step 0"), revision="run", height=280)["data"]
    assert line["name"] == "step 0"
