"""The lesson on collapse: one space in all that is said of it, and the broken twin a button away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.runs import spread
from byol_core.config import presets
from byol_core.events import MetricRow
from byol_core.health import signs
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from tests.app.conftest import Open, figures, text
from tests.rows import put, put_summary

BROKEN = presets.get("collapse-demo").twin
Fallen = Callable[..., Run]


@pytest.fixture
def fallen(store: RunStore) -> Fallen:
    """``fallen(0.6, 0.03)`` is a finished run of the classroom preset with these std ratios at its end."""

    def fallen(ratio: float, projection: float, preset: str = "classroom", **changes: Any) -> Run:
        config = presets.get(preset).config().changed(**changes)
        run = store.create(config, preset=preset, here=True)
        store.move(run.run_id, "running")
        first, last = (
            {"std_ratio": 0.7, "projection_std_ratio": 0.8},
            {"std_ratio": ratio, "projection_std_ratio": projection},
        )
        store.add_metrics(run.run_id, 1, [MetricRow(0, 0, 0, first), MetricRow(9, 1, 9, {"loss": 0.1, **last})])
        store.set_alarm(run.run_id, signs.verdict(last, first, config))
        put_summary(store, run.run_id, {"loss": 0.1, "knn_accuracy": 0.5, **last})
        return store.move(run.run_id, "finished")

    return fallen


def curve_ids(page: Any) -> set[str]:
    return {
        curve.rpartition("/")[2]
        for figure in figures(page)
        for trace in figure["data"]
        for curve in trace.get("curves", ())
    }


@pytest.mark.parametrize(
    ("ratio", "projection", "space", "tile"),
    [
        (0.64, 0.03, "projection", ("Projection spread", "0.03")),
        (0.05, 0.03, "representation", ("Spread", "0.05")),
        (0.64, 0.79, "representation", ("Spread", "0.64")),
    ],
)
def test_tile_curve_and_signs_are_of_what_the_alarm_is_about(
    open_page: Open, fallen: Fallen, ratio: float, projection: float, space: str, tile: tuple[str, str]
) -> None:
    run = fallen(ratio, projection)
    page = open_page("runs", run=run.run_id)
    assert tile in [(metric.label, metric.value) for metric in page.metric]
    assert curve_ids(page) & set(spread.KEYS.values()) == {spread.KEYS[space]}
    assert f"**{tile[0]}**" in text(page)
    health = open_page("runs", run=run.run_id, show="health")
    assert curve_ids(health) == {spread.KEYS[space]}


def test_a_stall_says_nothing_of_the_vectors(fallen: Fallen, store: RunStore) -> None:
    run = fallen(0.64, 0.03)
    put(store, run.run_id, alarm="No step for 90 s.", alarm_kind="stalled", alarm_space=None)
    assert spread.space(store.get(run.run_id)) == "representation"


def test_a_run_of_the_lesson_shows_its_projection_and_starts_its_twin(
    open_page: Open, fallen: Fallen, store: RunStore
) -> None:
    run = fallen(0.64, 0.79, "collapse-demo", seed=4)
    page = open_page("runs", run=run.run_id)
    assert "Projection spread" in [metric.label for metric in page.metric]
    page.button(key="twin").click().run()
    (twin,) = store.queue()
    assert twin.config == {**run.config, "method": {**run.config["method"], "stop_gradient": False}}
    assert twin.name == "collapse-demo stop_gradient=false seed=4"
    assert page.query_params["compare"] == f"{run.run_id},{twin.run_id}"
    assert "projection_std_ratio" in curve_ids(page)


@pytest.mark.parametrize("place", [0, 1])
def test_twins_lead_to_their_comparison(open_page: Open, fallen: Fallen, place: int) -> None:
    fallen(0.64, 0.79, "collapse-demo", seed=4)  # of another seed: no twin of theirs
    runs = [fallen(0.64, 0.79, "collapse-demo"), fallen(0.64, 0.03, "collapse-demo", **BROKEN)]
    page = open_page("runs", run=runs[place].run_id)
    page.button(key="twin").click().run()
    assert page.query_params["compare"] == f"{runs[place].run_id},{runs[1 - place].run_id}"


def test_the_form_of_the_lesson_starts_the_broken_twin(open_page: Open, store: RunStore) -> None:
    page = open_page("train", preset="collapse-demo")
    (switches,) = (part for part in page.expander if part.label.startswith("Ablations"))
    assert switches.proto.expanded
    page.button(key="twin").click().run()
    (run,) = store.queue()
    assert (run.name, run.config["method"]["stop_gradient"]) == ("collapse-demo stop_gradient=false", False)


def test_what_is_broken_or_no_lesson_has_no_broken_twin(open_page: Open) -> None:
    for address in ({"preset": "collapse-demo", "method.stop_gradient": "false"}, {"preset": "classroom"}):
        assert "twin" not in {button.key for button in open_page("train", **address).button}
