"""Curves come to the browser as they grow, and afresh when a resumed run took some of them back."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from app.runs import curves
from byol_core.events import MetricRow
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, figures, health_rows, sent, text
from tests.rows import start_from


def open_again(page: AppTest, run: Run, **had: int) -> AppTest:
    """The page after its browser said what it has."""
    page.session_state["feed"] = {"have": {curves.curve_id(run, key): step for key, step in had.items()}}
    return page.run()


def test_only_what_the_browser_has_not_is_sent(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    page = open_page("runs", run=run.run_id)
    assert sent(page)[curves.curve_id(run, "loss")] == (-1, list(range(0, 21, 2)))
    store.add_metrics(run.run_id, 1, [MetricRow(22, 1.1, 22.0, {"loss": 0.5})])
    found = sent(open_again(page, run, loss=20))
    assert found[curves.curve_id(run, "loss")] == (20, [22])
    assert found[curves.curve_id(run, "tau")][0] == -1


def test_nonsense_from_a_browser_is_no_error(open_page: Open, make: Make) -> None:
    run = make("running")
    page = open_page("runs", run=run.run_id)
    for nonsense in ([1], *({curves.curve_id(run, "loss"): step} for step in ("x", True, 1.5, 10**30, -7))):
        page.session_state["feed"] = {"have": nonsense}
        page.run()
        assert not page.exception
        assert sent(page)[curves.curve_id(run, "loss")][0] == -1


def test_a_resumed_run_is_read_afresh(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("interrupted")
    store.resume(run.run_id)
    resumed = store.claim(run.run_id)
    assert resumed is not None
    start_from(store, run.run_id, resumed.attempt, 10)
    page = open_again(open_page("runs", run=run.run_id), run, loss=20)
    assert sent(page)[f"{run.run_id}/2/loss"] == (-1, [0, 2, 4, 6, 8, 10])


def test_a_long_curve_opens_short_and_keeps_its_ends(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    rows = [MetricRow(step, step / 20, float(step), {"loss": 1.0}) for step in range(22, 3000)]
    store.add_metrics(run.run_id, 1, rows)
    _, steps = sent(open_page("runs", run=run.run_id))[curves.curve_id(run, "loss")]
    assert len(steps) <= curves.MOST_POINTS
    assert (steps[0], steps[-1]) == (0, 2999)


def test_a_curve_that_begins_gets_its_chart(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running", labels=False)
    page = open_page("runs", run=run.run_id)
    before = len(figures(page))
    store.add_metrics(run.run_id, 1, [MetricRow(20, 1.0, 20.0, {"knn_accuracy": 0.7})])
    assert len(figures(page.run())) == before + 1


def test_a_view_is_kept_in_the_address(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished").run_id, axis="step", smooth="0.6", scale="log y")
    figure = figures(page)[-1]
    assert (figure["live"]["x"], figure["live"]["smooth"]) == ("step", 0.6)
    assert (figure["layout"]["xaxis"]["type"], figure["layout"]["yaxis"]["type"]) == ("linear", "log")


def test_the_machine_has_a_tab(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    assert "The first look at the machine comes within seconds." in text(
        open_page("runs", run=run.run_id, show="system")
    )
    values = {"system_cpu": 81.0, "system_memory": 1.5}
    store.add_metrics(run.run_id, 1, [MetricRow(step, 1.0, float(step), values) for step in (10, 20)])
    page = open_page("runs", run=run.run_id, show="system")
    said = text(page)
    assert "81 %" in said and "1.50 GB" in said and "No GPU was measured" in said
    assert sent(page)[curves.curve_id(run, "system_cpu")] == (-1, [10, 20])


def test_a_run_without_target_has_no_curve_of_tau(open_page: Open, make: Make) -> None:
    assert "**Tau**" in text(open_page("runs", run=make("running").run_id))
    simclr = make("running", **{"method.objective": "simclr"})
    assert "**Tau**" not in text(open_page("runs", run=simclr.run_id))


def test_the_newest_health_stands_on_its_card(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    store.add_metrics(run.run_id, 1, health_rows("representation"))
    page = open_page("runs", run=run.run_id, show="health")
    store.add_metrics(run.run_id, 1, [MetricRow(30, 1.5, 30.0, {"rankme": 12.5})])
    assert "12.5" in text(page.run())


def test_labels_are_missed_only_once_the_run_was_judged(make: Make, store: RunStore) -> None:
    for run, missed in ((make("running"), False), (make("running", labels=False), True)):
        known = curves.ends(run, store, curves.KEYS)
        assert curves.no_accuracy(run, known).startswith("These images have no labels") is missed


def test_labels_without_held_out_images_are_not_called_missing(make: Make, store: RunStore) -> None:
    run = make("running", labels=False, **{"data.validation": 0.0})
    snapshot = {"image_size": 64, "indices": [0], "labels": [0], "class_names": ["a"], "columns": 1, "cell": 64}
    (run.folder / "embeddings").mkdir()
    (run.folder / "embeddings" / "probe.json").write_text(json.dumps(snapshot))
    assert "data.validation is 0)" in curves.no_accuracy(run, curves.ends(run, store, curves.KEYS))
