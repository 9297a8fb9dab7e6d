from __future__ import annotations

import math
from dataclasses import replace

import pytest

from byol_core.events import MetricRow
from byol_core.runs import compare
from byol_core.runs.schema import attempts
from byol_core.system.processes import identity
from tests.rows import start_from


def logged(store, config, values, key="loss", **changes):
    run = store.create(config.changed(**changes), here=True)
    store.add_metrics(run.run_id, 1, [MetricRow(step, 0.0, 0.0, {key: value}) for step, value in enumerate(values)])
    return store.get(run.run_id)


def again(store, run, start, values):
    """A second attempt from the checkpoint of a step."""
    store.move(run.run_id, "stopped")
    store.resume(run.run_id)
    store.claim(run.run_id, identity())
    start_from(store, run.run_id, 2, start)
    rows = [MetricRow(start + 1 + at, 0.0, 0.0, {"loss": value}) for at, value in enumerate(values)]
    store.add_metrics(run.run_id, 2, rows)


def test_only_what_differs_is_told(store, config):
    runs = [store.create(config.changed(**{"seed": seed, "views.strength": 0.5})) for seed in (1, 2)]
    assert compare.differences(runs) == {"seed": [1, 2]}
    assert compare.differences(runs[:1]) == compare.differences([]) == {}


def test_a_setting_that_a_run_does_not_know_is_none(store, config):
    run = store.create(config.changed(**{"views.strength": 0.7}))
    views = {key: value for key, value in run.config["views"].items() if key != "strength"}
    older = replace(run, config={**run.config, "views": views})
    assert compare.differences([run, older]) == {"views.strength": [0.7, None]}


def test_best_is_low_for_a_loss_and_high_for_an_accuracy(store, config):
    loss = logged(store, config, [0.9, 0.2, 0.4])
    accuracy = logged(store, config, [0.5, 0.8, 0.7], "knn_accuracy")
    found = compare.best_and_last(store, [loss.run_id, accuracy.run_id], ["loss", "knn_accuracy"])
    assert found == {loss.run_id: {"loss": (0.2, 0.4)}, accuracy.run_id: {"knn_accuracy": (0.8, 0.7)}}


@pytest.mark.parametrize(
    ("key", "low"),
    [
        ("loss", True),
        ("projection_uniformity", True),
        ("alignment", True),
        ("mean_cosine", True),
        ("std_ratio", False),
        ("rankme", False),
        ("images_per_second", False),
        ("cross_view_cosine", False),
    ],
)
def test_each_metric_has_its_direction(key, low):
    assert compare.low_is_best(key) == low


def test_what_a_resumed_run_took_back_does_not_count(store, config):
    run, plain = logged(store, config, [0.9, 0.8, 0.1, 0.05]), logged(store, config, [0.3])
    again(store, run, 1, [0.7])
    found = compare.best_and_last(store, [run.run_id, plain.run_id], ["loss"])
    assert found == {run.run_id: {"loss": (0.7, 0.7)}, plain.run_id: {"loss": (0.3, 0.3)}}


def test_a_curve_of_nan_is_nan_and_one_ending_in_nan_has_a_best(store, config):
    gone, ends = logged(store, config, [math.nan]), logged(store, config, [0.5, math.nan])
    found = compare.best_and_last(store, [gone.run_id, ends.run_id], ["loss"])
    assert all(map(math.isnan, found[gone.run_id]["loss"]))
    assert found[ends.run_id]["loss"][0] == 0.5 and math.isnan(found[ends.run_id]["loss"][1])


def test_more_runs_than_one_query_takes(store, config, monkeypatch):
    monkeypatch.setattr(compare, "_AT_ONCE", 2)
    runs = [logged(store, config, [value]) for value in (0.1, 0.2, 0.3)]
    found = compare.best_and_last(store, [run.run_id for run in runs], ["loss"])
    assert [found[run.run_id]["loss"][0] for run in runs] == [0.1, 0.2, 0.3]


def test_many_runs_that_were_resumed_often_are_one_query(store, config):
    runs = [logged(store, config, [0.3]) for _ in range(2)]
    with store.writing() as connection:
        many = [{"run_id": run.run_id, "attempt": n, "start_step": 5} for run in runs for n in range(2, 700)]
        connection.execute(attempts.insert(), many)
    found = compare.best_and_last(store, [run.run_id for run in runs], ["loss"])
    assert found == {run.run_id: {"loss": (0.3, 0.3)} for run in runs}


def test_runs_that_differ_only_in_seed_are_one_row(store, config):
    runs = [
        store.create(config.changed(**{"views.strength": strength, "seed": seed}), name=f"s seed={seed}")
        for strength in (0.3, 0.6)
        for seed in (0, 1, 2)
    ]
    values = dict(zip((run.run_id for run in runs[:5]), (0.6, 0.7, 0.8, 0.5, math.nan), strict=True))
    weak, strong = compare.grouped(runs, values)
    assert (weak.label, weak.settings) == ("strength=0.3", {"views.strength": 0.3})
    assert (weak.runs, weak.n, weak.mean, weak.sd) == (
        tuple(runs[:3]),
        3,
        pytest.approx(0.7),
        pytest.approx(0.1),
    )
    assert (strong.n, strong.mean, strong.sd, len(strong.runs)) == (1, 0.5, None, 3)


def test_one_row_is_called_by_its_runs_and_may_have_no_value(store, config):
    runs = [store.create(config.changed(seed=seed), name=f"mine seed={seed}") for seed in (0, 1)]
    (row,) = compare.grouped(runs, {})
    assert (row.label, row.n, row.mean, row.sd) == ("mine", 0, None, None)
    assert compare.grouped([], {}) == []
