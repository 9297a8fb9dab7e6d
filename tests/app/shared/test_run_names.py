"""What runs are called where several of them are shown."""

from __future__ import annotations

from app.shared.run_names import unique_names
from tests.app.conftest import Make


def test_runs_of_one_name_are_told_apart(make: Make) -> None:
    one, other = make("finished"), make("finished")
    assert unique_names([one, other]) == [f"{run.name} ({run.run_id})" for run in (one, other)]
