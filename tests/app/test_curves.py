"""Curves are read as they grow, and afresh when a resumed run took some of them back."""

from __future__ import annotations

import json

from app.components.curves import MOST_POINTS, Curves, no_accuracy
from byol_core.events import MetricRow
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, health_rows, text


def test_only_new_points_are_added(make: Make, store: RunStore) -> None:
    run = make("running")
    curves = Curves(run.run_id, run.attempt)
    curves.read(store)
    before = list(curves.points["loss"])
    store.add_metrics(run.run_id, 1, [MetricRow(22, 1.1, 22.0, {"loss": 0.5})])
    curves.read(store)
    assert curves.points["loss"] == [*before, (22, 1.1, 22.0, 0.5)]
    assert curves.baselines == {"knn_untrained": 0.652, "knn_pixels": 0.376}


def test_other_curves_are_read_when_they_are_asked_for(make: Make, store: RunStore) -> None:
    run = make("running")
    store.add_metrics(run.run_id, 1, health_rows("projection"))
    curves = Curves(run.run_id, run.attempt)
    curves.read(store)
    assert "projection_rankme" not in curves.points
    curves.read(store, ["projection_rankme"])
    curves.read(store, ["projection_rankme"])
    assert [point[0] for point in curves.points["projection_rankme"]] == [0, 10, 20]


def test_a_run_without_target_has_no_curve_of_tau(open_page: Open, make: Make) -> None:
    assert "**Tau**" in text(open_page("runs", run=make("running").run_id))
    simclr = make("running", **{"method.objective": "simclr"})
    assert "**Tau**" not in text(open_page("runs", run=simclr.run_id))


def test_a_long_curve_stays_short_and_keeps_its_ends(make: Make, store: RunStore) -> None:
    run = make("running")
    curves = Curves(run.run_id, run.attempt)
    for start in range(22, 22 + 3 * MOST_POINTS, MOST_POINTS):
        rows = [MetricRow(step, step / 20, float(step), {"loss": 1.0}) for step in range(start, start + MOST_POINTS)]
        store.add_metrics(run.run_id, 1, rows)
        curves.read(store)
    assert len(curves.points["loss"]) <= 2 * MOST_POINTS
    assert (curves.points["loss"][0][0], curves.points["loss"][-1][0]) == (0, 21 + 3 * MOST_POINTS)


def test_labels_are_missed_only_once_the_run_was_judged(make: Make, store: RunStore) -> None:
    for run, missed in ((make("running"), False), (make("running", labels=False), True)):
        curves = Curves(run.run_id, run.attempt)
        curves.read(store)
        assert no_accuracy(run, curves).startswith("These images have no labels") is missed


def test_labels_without_held_out_images_are_not_called_missing(make: Make, store: RunStore) -> None:
    run = make("running", labels=False, **{"data.validation": 0.0})
    curves = Curves(run.run_id, run.attempt)
    curves.read(store)
    probe = {"image_size": 64, "indices": [0], "labels": [0], "class_names": ["a"], "columns": 1, "cell": 64}
    (run.folder / "embeddings").mkdir()
    (run.folder / "embeddings" / "probe.json").write_text(json.dumps(probe))
    assert "data.validation is 0)" in no_accuracy(run, curves)
