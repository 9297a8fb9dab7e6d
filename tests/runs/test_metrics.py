from __future__ import annotations

import json
import math

import pytest

from byol_core.events import MetricRow
from byol_core.runs.metrics import thin
from byol_core.runs.run import finite
from tests.rows import start_from


def steps(points):
    return [point[0] for point in points]


@pytest.fixture
def run(store, config):
    return store.create(config, here=True)


def again(store, run, start):
    """A second attempt, from the checkpoint of a step."""
    store.move(run.run_id, "stopped")
    store.resume(run.run_id)
    run = store.claim(run.run_id)
    start_from(store, run.run_id, run.attempt, start)
    return run


def test_a_curve_comes_back_as_it_was_logged(store, run, row):
    store.add_metrics(run.run_id, 1, [row(2, 0.5), row(1, 0.7)])
    assert store.series(run.run_id, "loss") == [(1, 0.1, 0.1, 0.7), (2, 0.2, 0.2, 0.5)]
    assert store.metric_keys(run.run_id) == ["loss"]
    assert store.latest(run.run_id, "loss") == (2, 0.2, 0.2, 0.5)
    assert store.latest(run.run_id, "tau") is None


def test_several_curves_are_read_at_once_from_their_own_steps(store, run):
    rows = [MetricRow(step, 0.0, 0.0, {"loss": step / 10, "tau": 1.0}) for step in range(10)]
    store.add_metrics(run.run_id, 1, rows)
    found = store.curves(run.run_id, {"loss": 6, "tau": -1, "none": -1}, max_points=10)
    assert (steps(found["loss"]), len(found["tau"]), found["none"]) == ([7, 8, 9], 10, [])


def test_last_values_exclude_what_a_later_attempt_took_back(store, run):
    rows = [MetricRow(step, 0.0, 0.0, {"loss": float(step), "tau": math.nan}) for step in range(10)]
    store.add_metrics(run.run_id, 1, rows)
    again(store, run, 4)
    assert store.last_values(run.run_id, ["loss", "tau", "none"]) == {"loss": 4.0}


def test_only_what_is_new_is_read(store, run, row):
    store.add_metrics(run.run_id, 1, [row(step, 1.0) for step in range(10)])
    assert steps(store.series(run.run_id, "loss", after_step=7)) == [8, 9]


def test_a_step_logged_twice_counts_once(store, run, row):
    store.add_metrics(run.run_id, 1, [row(1, 0.7)])
    store.add_metrics(run.run_id, 1, [row(1, 0.6)])
    assert [point[3] for point in store.series(run.run_id, "loss")] == [0.6]


def test_a_resumed_run_takes_back_what_came_after_its_checkpoint(store, run, row):
    store.add_metrics(run.run_id, 1, [row(step, 1.0) for step in range(1, 10)])
    second = again(store, run, 5)
    assert steps(store.series(run.run_id, "loss")) == [1, 2, 3, 4, 5]
    store.add_metrics(run.run_id, second.attempt, [row(6, 2.0), row(7, 2.0)])
    points = store.series(run.run_id, "loss")
    assert steps(points) == [1, 2, 3, 4, 5, 6, 7]
    assert [point[3] for point in points][4:] == [1.0, 2.0, 2.0]


def test_of_three_attempts_each_takes_back_its_part(store, run, row):
    store.add_metrics(run.run_id, 1, [row(step, 1.0) for step in range(1, 10)])
    second = again(store, run, 6)
    store.add_metrics(run.run_id, second.attempt, [row(step, 2.0) for step in range(7, 10)])
    third = again(store, run, 3)
    store.add_metrics(run.run_id, third.attempt, [row(4, 3.0)])
    assert [point[3] for point in store.series(run.run_id, "loss")] == [1.0, 1.0, 1.0, 3.0]
    assert store.sparkline([run.run_id], points=4)[run.run_id][-1] == 3.0


def test_a_run_that_begins_anew_takes_back_all(store, run, row):
    store.add_metrics(run.run_id, 1, [row(0, 1.0), row(1, 1.0)])
    second = again(store, run, -1)
    store.add_metrics(run.run_id, second.attempt, [row(0, 2.0)])
    assert [point[3] for point in store.series(run.run_id, "loss")] == [2.0]


def test_an_attempt_may_start_before_the_checkpoint_it_announced(store, run, row):
    store.add_metrics(run.run_id, 1, [row(step, 1.0) for step in range(1, 10)])
    second = again(store, run, 8)
    store.add_metrics(run.run_id, second.attempt, [row(5, 2.0)])
    assert steps(store.series(run.run_id, "loss")) == [1, 2, 3, 4, 5]


def test_a_long_curve_is_thinned_with_its_highs_and_lows(store, run, row):
    losses = [math.sin(step / 7) for step in range(5000)]
    losses[1234], losses[4321] = 9.0, -9.0
    store.add_metrics(run.run_id, 1, [row(step, loss) for step, loss in enumerate(losses)])
    points = store.series(run.run_id, "loss", max_points=100)
    assert len(points) <= 100
    assert steps(points) == sorted(set(steps(points)))
    assert {(0, losses[0]), (1234, 9.0), (4321, -9.0), (4999, losses[-1])} <= {(p[0], p[3]) for p in points}


@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 5])
def test_thinning_keeps_the_ends_whatever_is_asked(most):
    points = [(step, 0.0, 0.0, float(step)) for step in range(10)]
    kept = thin(points, most)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert len(kept) <= max(most, 2)


def test_numbers_that_are_none_survive(store, run):
    rows = [MetricRow(1, 0.0, 0.0, {"loss": math.nan}), MetricRow(2, 0.0, 0.0, {"loss": math.inf})]
    store.add_metrics(run.run_id, 1, rows)
    values = [point[3] for point in store.series(run.run_id, "loss")]
    assert math.isnan(values[0])
    assert values[1] == math.inf
    assert json.dumps(finite(values)) == "[null, null]"


def test_sparklines_of_many_runs_come_at_once(store, config, row):
    short, long, empty = (store.create(config, here=True) for _ in range(3))
    store.add_metrics(short.run_id, 1, [row(1, 1.0), row(2, 0.5)])
    store.add_metrics(long.run_id, 1, [row(step, 1.0 - step / 1000) for step in range(1000)])
    lines = store.sparkline([short.run_id, long.run_id, empty.run_id], points=10)
    assert lines[short.run_id] == [1.0, 0.5]
    assert len(lines[long.run_id]) == 10
    assert lines[long.run_id] == sorted(lines[long.run_id], reverse=True)
    assert lines[empty.run_id] == []
