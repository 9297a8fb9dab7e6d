from __future__ import annotations

from dataclasses import replace

import pytest

from byol_core.cli import run_tables
from byol_core.events import Alarm, MetricRow
from byol_core.system.formatting import file_size


@pytest.mark.parametrize(
    ("stopped", "accuracy", "ratio"),
    [
        (True, "not judged, since the run was stopped", "not judged, since the run was stopped"),
        (False, "no labels", ""),
    ],
)
def test_a_missing_number_says_why(store, config, stopped, accuracy, ratio):
    summary = {"stopped": stopped, "knn_accuracy": None, "knn_pixels": None, "std_ratio": None}
    titles, values = run_tables.numbers_table(replace(store.create(config), summary=summary)).columns
    said = dict(zip(titles.cells, values.cells, strict=True))
    assert said["kNN accuracy, test"] == accuracy
    assert said["kNN on raw pixels, test"] == "no labels"
    assert said["std ratio (1 healthy, 0 collapsed)"] == ratio


@pytest.fixture
def alarmed(store, config):
    run = store.create(config, name="mine", here=True)
    values = {"std_ratio": 0.2, "projection_std_ratio": 0.4, "rankme": 31.25}
    store.add_metrics(run.run_id, 1, [MetricRow(3, 0.1, 1.0, values)])
    store.set_alarm(run.run_id, Alarm("It collapses, probably because of this.", "collapsing", "projection"))
    return store.get(run.run_id)


def cells(table):
    return list(zip(*(column.cells for column in table.columns), strict=True))


def test_an_object_holds_the_alarm_and_the_last_signs_of_health(store, alarmed):
    seen = run_tables.as_object(store, alarmed)
    assert seen["alarm"] == "It collapses, probably because of this."
    assert (seen["alarm_kind"], seen["alarm_space"]) == ("collapsing", "projection")
    assert seen["health"] == {"std_ratio": 0.2, "projection_std_ratio": 0.4, "rankme": 31.25}


def test_a_run_that_waits_to_be_resumed_takes_no_time(store, config):
    run = store.create(config, here=True)
    assert run_tables.as_object(store, store.move(run.run_id, "stopped"))["wall_seconds"] is not None
    assert run_tables.as_object(store, store.resume(run.run_id))["wall_seconds"] is None


def test_facts_begin_with_the_alarm_and_name_every_sign(store, alarmed):
    rows = cells(run_tables.facts_table(store, alarmed))
    assert rows[0] == ("ALARM", "It collapses, probably because of this.")
    assert ("Spread (std ratio)", "0.200 (representation), 0.400 (projection)") in rows
    assert ("RankMe", "31.2 (representation)") in rows


def test_the_list_and_the_numbers_of_a_run_say_its_alarm(store, alarmed):
    assert cells(run_tables.runs_table([alarmed]))[0][-1] == "ALARM: It collapses, probably because of this."
    assert cells(run_tables.numbers_table(alarmed))[0] == ("ALARM", "It collapses, probably because of this.")


def test_why_a_run_was_interrupted_is_said_before_its_alarm(store, alarmed):
    interrupted = replace(alarmed, message="Its process is gone.")
    assert cells(run_tables.runs_table([interrupted]))[0][-1].startswith("Its process is gone. ALARM: It collapses")


def test_a_failure_that_is_its_own_alarm_is_said_once(store, alarmed):
    failed = replace(alarmed, message=alarmed.alarm)
    assert cells(run_tables.runs_table([failed]))[0][-1] == alarmed.alarm


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [(0, "0 B"), (812, "812 B"), (1234, "1.2 kB"), (56_000, "56.0 kB"), (2e6, "2.0 MB"), (3e9, "3.0 GB")],
)
def test_what_is_small_has_a_size(bytes_, said):
    assert file_size(int(bytes_)) == said


@pytest.mark.parametrize("width", [80, 120])
def test_a_run_with_a_long_alarm_is_one_line_of_the_list(store, alarmed, width):
    from rich.console import Console

    long = replace(alarmed, alarm="The projection is collapsing, " * 20)
    out = Console(width=width, record=True)
    with out.capture() as said:
        out.print(run_tables.runs_table([long, alarmed], width))
    lines = said.get().splitlines()
    assert len(lines) == 3
    assert lines[1].rstrip().endswith("…") and "ALARM: The projection" in lines[1]
