"""Figures are plain data that plotly accepts."""

from __future__ import annotations

import json
import math

import plotly.graph_objects as go
import pytest

from app import charts

POINTS = [(0, 0.0, 0.0, 2.0), (10, 0.5, 3.0, 1.0), (20, 1.0, 6.0, math.nan)]


@pytest.mark.parametrize("points", [[], POINTS[:1], POINTS])
def test_plotly_accepts_the_figure(points: list[charts.Point]) -> None:
    figure = charts.curve(points, name="loss", levels=[charts.Level("raw pixels", 0.4)], markers=True)
    assert len(go.Figure(figure).data) == 2
    json.dumps(figure, allow_nan=False)


@pytest.mark.parametrize(("axis", "x"), [("step", [0, 10, 20]), ("epoch", [0.0, 0.5, 1.0]), ("time", [0.0, 3.0, 6.0])])
def test_the_axis_can_be_chosen(axis: charts.Axis, x: list[float]) -> None:
    figure = charts.curve(POINTS, name="loss", axis=axis)
    assert figure["data"][-1]["x"] == x
    assert figure["layout"]["xaxis"]["title"]["text"] == charts.AXIS_TITLES[axis]


def test_levels_are_dashed_and_named() -> None:
    level, _ = charts.curve(POINTS, name="kNN", levels=[charts.Level("untrained encoder", 0.652)])["data"]
    assert level["line"]["dash"] == "dash" and level["y"] == [0.652, 0.652]
    assert level["text"][1] == "untrained encoder 0.652"


def test_a_value_that_is_no_number_is_a_gap() -> None:
    assert charts.curve(POINTS, name="loss")["data"][-1]["y"] == [2.0, 1.0, None]


def test_new_points_keep_the_revision_by_which_the_zoom_is_kept() -> None:
    before, after = (charts.curve(POINTS[:n], name="loss", revision="run-epoch") for n in (2, 3))
    assert before["layout"]["uirevision"] == after["layout"]["uirevision"] == "run-epoch"


def test_a_level_of_alarm_has_its_own_colour() -> None:
    level, _ = charts.curve(POINTS, name="spread", levels=[charts.Level("alarm", 0.3, charts.RED)])["data"]
    assert level["line"]["color"] == level["textfont"]["color"] == charts.RED


def test_a_spectrum_is_drawn_on_a_log_scale_beside_that_before_training() -> None:
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
