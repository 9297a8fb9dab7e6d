"""Which runs the list shows, in which lines and order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.runs.lines import Line, Wanted, fold, ordered, spread, unfolded
from byol_core.runs.run import Run

EMPTY: dict[str, Any] = {
    **dict.fromkeys(("preset", "started", "ended", "pid", "pid_created", "heartbeat", "seconds_left")),
    **dict.fromkeys(("attempt", "position", "step", "total_steps", "epoch", "images_per_second", "created"), 0),
    **dict.fromkeys(("phase", "message"), ""),
    "stop_requested": False,
    "state": "finished",
    "config": {"data": {"source": "/images/Satellites"}},
    "summary": {},
    "folder": Path("nowhere"),
}


def run(name: str, **changes: Any) -> Run:
    return Run(**{**EMPTY, "run_id": name, "name": name, **changes})


def scored(name: str, accuracy: float | None, **changes: Any) -> Run:
    return run(name, summary={"knn_accuracy": accuracy, "loss": 0.5, "seconds": 10.0}, **changes)


@pytest.mark.parametrize(
    "text", ["wide", "WIDE", "paper", "rainy day", "satell", "classroom", "study", "crop wide", " "]
)
def test_a_search_looks_into_everything_that_people_wrote(text: str) -> None:
    written = run("wide-crop", tags=("paper",), notes="On a rainy day.", preset="classroom", group="color study")
    assert Wanted(text).lets_through(written)


@pytest.mark.parametrize("value", [float("nan"), 1e300, 10**400, "high", [1], None])
def test_a_number_that_is_none_breaks_no_line(value: Any) -> None:
    (line,) = unfolded([run("odd", summary={"knn_accuracy": value, "loss": value, "seconds": value})])
    assert (line.values("knn_accuracy"), line.seconds) == ([], None)


def test_a_search_needs_every_word() -> None:
    assert not Wanted("wide blur").lets_through(run("wide-crop"))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["done", "bad", "tagged", "swept"]),
        (Wanted(states=("failed", "alarm")), ["bad", "tagged"]),
        (Wanted(tags=("a",)), ["bad", "tagged"]),
        (Wanted(tags=("a", "b")), ["tagged"]),
        (Wanted(sweep="s"), ["swept"]),
        (Wanted(archived=True), ["old"]),
    ],
)
def test_filters_let_through_any_state_and_all_tags(wanted: Wanted, found: list[str]) -> None:
    runs = [
        run("done"),
        run("bad", state="failed", tags=("a",)),
        run("tagged", tags=("b", "a"), alarm="It has collapsed."),
        run("swept", group="s"),
        run("old", archived=1.0),
    ]
    assert [one.name for one in runs if wanted.lets_through(one)] == found


def test_a_sweep_is_one_line_at_the_place_of_its_newest_run() -> None:
    lines = fold([run("c"), run("b2", group="b"), run("a"), run("b1", group="b"), run("lone", group="d")])
    assert [(line.name, len(line.runs), line.sweep) for line in lines] == [
        ("c", 1, ""),
        ("b", 2, "b"),
        ("a", 1, ""),
        ("lone", 1, ""),
    ]


def test_a_line_sums_the_time_of_its_runs_and_averages_their_progress() -> None:
    line = Line((scored("a", 0.7), run("b", state="stopped", step=1, total_steps=2)), "s")
    assert (line.seconds, line.share_done) == (10.0, 0.75)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("newest", ["b", "C", "a"]),
        ("oldest", ["a", "C", "b"]),
        ("name", ["a", "b", "C"]),
        ("knn", ["a", "b", "C"]),
        ("an order of another release", ["b", "C", "a"]),
    ],
)
def test_lines_are_ordered_and_those_without_a_number_come_last(order: str, names: list[str]) -> None:
    runs = [scored("a", 0.8, created=1), scored("b", 0.7, created=3), scored("C", None, created=2)]
    assert [line.name for line in ordered(unfolded(runs), order)] == names


def test_a_run_that_goes_on_has_no_number_of_its_earlier_end() -> None:
    assert Line((scored("a", 0.8, state="running"),)).values("knn_accuracy") == []


@pytest.mark.parametrize(
    ("values", "said"), [([], ""), ([0.78], "0.780"), ([0.7, 0.8], "0.750 ± 0.071"), ([0.5, 0.5], "0.500 ± 0.000")]
)
def test_several_values_are_said_as_mean_and_deviation(values: list[float], said: str) -> None:
    assert spread(values) == said
