"""What a worker leaves in the run's folder can be read back, also when a full disk cut it off."""

from __future__ import annotations

import math

import pytest

from byol_core.events import MetricRow
from byol_core.runs import unsaved

ROWS = [MetricRow(1, 0.1, 0.5, {"loss": 0.25}), MetricRow(2, 0.2, 1.0, {"loss": 1 / 3, "tau": 0.99})]


def test_an_outcome_is_taken_as_it_was_left(tmp_path):
    unsaved.leave(tmp_path, 3, "stopped", "As asked.", {"loss": 0.25}, ROWS)
    assert unsaved.take(tmp_path, 3) == unsaved.Outcome("stopped", "As asked.", {"loss": 0.25}, ROWS)
    assert unsaved.take(tmp_path, 3) is not None  # it stays until the store has it
    unsaved.forget(tmp_path)
    assert unsaved.take(tmp_path, 3) is None


def test_the_outcome_of_another_attempt_is_none(tmp_path):
    unsaved.leave(tmp_path, 1, "failed", "", {}, [])
    assert unsaved.take(tmp_path, 2) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"attempt": 1}', '{"attempt": 1, "state": "x", "message": "", "summary": 3}']
)
def test_a_damaged_outcome_is_none(tmp_path, text):
    (tmp_path / unsaved.OUTCOME).write_text(text)
    assert unsaved.take(tmp_path, 1) is None


def test_rows_are_found_by_attempt_and_settled(tmp_path):
    assert unsaved.append(tmp_path, 1, ROWS[:1])
    assert unsaved.append(tmp_path, 2, ROWS[1:])
    assert unsaved.unsaved(tmp_path) == {1: ROWS[:1], 2: ROWS[1:]}
    unsaved.settle(tmp_path)
    assert unsaved.unsaved(tmp_path) == {}


def test_a_line_that_was_cut_off_costs_only_itself(tmp_path):
    unsaved.append(tmp_path, 1, ROWS[:1])
    with (tmp_path / unsaved.UNSAVED).open("ab") as file:
        file.write(b'\n[1, 2, 0.2, 1.0, {"lo')
    unsaved.append(tmp_path, 1, ROWS[1:])
    assert unsaved.unsaved(tmp_path) == {1: ROWS}


def test_a_value_that_is_not_a_number_comes_back_as_such(tmp_path):
    unsaved.append(tmp_path, 1, [MetricRow(1, 0.1, 0.5, {"loss": math.nan})])
    assert math.isnan(unsaved.unsaved(tmp_path)[1][0].values["loss"])


def test_a_folder_that_is_not_there_says_so(tmp_path):
    assert not unsaved.append(tmp_path / "gone", 1, ROWS)
