"""Parts of the work add up to the whole, and a wish to stop is heard at every call."""

import pytest

from byol_core.events import StopAsked
from byol_core.jobs.context import JobProgress


def test_a_part_of_a_part_tells_its_share_of_the_whole():
    told = []
    whole = JobProgress(lambda share, message: told.append((share, message)), lambda: False)
    whole.part(0.5, 1.0, "second half").part(0.5, 1.0, "last quarter")
    assert told == [(0.5, "second half"), (0.75, "last quarter")]


def test_a_share_beyond_its_part_stays_within_it(monkeypatch):
    monkeypatch.setattr("byol_core.jobs.context._TELL_SECONDS", 0.0)
    told = []
    JobProgress(lambda share, message: told.append(share), lambda: False).part(0.2, 0.4, "x")(7.0)
    assert told == [0.2, 0.4]


def test_it_is_told_a_few_times_a_second_and_not_at_every_step():
    told = []
    progress = JobProgress(lambda share, message: told.append(share), lambda: False)
    for step in range(1, 1000):
        progress(step / 1000)
    assert len(told) < 100


def test_a_wish_to_stop_is_heard():
    progress = JobProgress(lambda share, message: None, lambda: True)
    with pytest.raises(StopAsked):
        progress(0.5)
