"""What a worker leaves in the run's folder can be read back, also when a full disk cut it off."""

from __future__ import annotations

import math

import pytest

from byol_core.events import MetricRow
from byol_core.runs import outcome

ROWS = [MetricRow(1, 0.1, 0.5, {"loss": 0.25}), MetricRow(2, 0.2, 1.0, {"loss": 1 / 3, "tau": 0.99})]


def test_an_outcome_is_taken_as_it_was_left(tmp_path):
    outcome.leave(tmp_path, 3, "stopped", "As asked.", {"loss": 0.25}, ROWS)
    assert outcome.take(tmp_path, 3) == outcome.Outcome("stopped", "As asked.", {"loss": 0.25}, ROWS)
    assert outcome.take(tmp_path, 3) is not None  # it stays until the store has it
    outcome.forget(tmp_path)
    assert outcome.take(tmp_path, 3) is None


def test_the_outcome_of_another_attempt_is_none(tmp_path):
    outcome.leave(tmp_path, 1, "failed", "", {}, [])
    assert outcome.take(tmp_path, 2) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"attempt": 1}', '{"attempt": 1, "state": "x", "message": "", "summary": 3}']
)
def test_a_damaged_outcome_is_none(tmp_path, text):
    (tmp_path / outcome.OUTCOME).write_text(text)
    assert outcome.take(tmp_path, 1) is None


def test_rows_are_found_by_attempt_and_settled(tmp_path):
    assert outcome.append(tmp_path, 1, ROWS[:1])
    assert outcome.append(tmp_path, 2, ROWS[1:])
    assert outcome.unsaved(tmp_path) == {1: ROWS[:1], 2: ROWS[1:]}
    outcome.settle(tmp_path)
    assert outcome.unsaved(tmp_path) == {}


def test_a_line_that_was_cut_off_costs_only_itself(tmp_path):
    outcome.append(tmp_path, 1, ROWS[:1])
    with (tmp_path / outcome.UNSAVED).open("ab") as file:
        file.write(b'\n[1, 2, 0.2, 1.0, {"lo')
    outcome.append(tmp_path, 1, ROWS[1:])
    assert outcome.unsaved(tmp_path) == {1: ROWS}


def test_a_value_that_is_not_a_number_comes_back_as_such(tmp_path):
    outcome.append(tmp_path, 1, [MetricRow(1, 0.1, 0.5, {"loss": math.nan})])
    assert math.isnan(outcome.unsaved(tmp_path)[1][0].values["loss"])


def test_a_folder_that_is_not_there_says_so(tmp_path):
    assert not outcome.append(tmp_path / "gone", 1, ROWS)
