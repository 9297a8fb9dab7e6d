"""A training that does not go on is noticed, by what is usual for it, and one that is slow is left alone."""

from __future__ import annotations

import pytest

from byol_core.events import Alarm
from byol_core.runs.stall import FIRST, LEAST_PHASE, LEAST_STEP, StallWatch, span


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock) -> StallWatch:
    return StallWatch(clock)


def after(watch: StallWatch, clock: Clock, seconds: float) -> Alarm | None:
    """The verdict when nothing happens for so long, asked all the while as the callback does."""
    verdict = None
    for _ in range(round(seconds)):
        clock.now += 1
        verdict = watch.verdict()
    return verdict


def steps(watch: StallWatch, clock: Clock, seconds: float, count: int = 5) -> None:
    watch.sign("training")
    for _ in range(count):
        clock.now += seconds
        watch.verdict()
        watch.sign()


def test_a_quick_step_that_does_not_come_is_an_alarm_until_it_does(watch, clock):
    steps(watch, clock, 0.4)
    assert after(watch, clock, LEAST_STEP) is None
    alarm = after(watch, clock, 1)
    assert (alarm.kind, alarm.space) == ("stalled", "")
    assert alarm.text.startswith("No step for 91 s, where the longest lately took 0.4 s: ")
    watch.sign()
    assert watch.verdict() is None


def test_a_slow_step_has_its_time(watch, clock):
    steps(watch, clock, 40.0)
    assert after(watch, clock, 700) is None
    assert after(watch, clock, 200) is not None


def test_a_stall_is_no_measure_of_the_next(watch, clock):
    steps(watch, clock, 0.4)
    assert after(watch, clock, 300) is not None
    watch.sign()
    assert after(watch, clock, LEAST_STEP + 1) is not None


def test_the_first_step_which_compiles_is_soon_forgotten(watch, clock):
    steps(watch, clock, 100.0, 1)
    steps(watch, clock, 0.1, 200)
    assert after(watch, clock, LEAST_STEP + 1) is not None


def test_what_nobody_knows_yet_has_longest(watch, clock):
    watch.sign("measuring the untrained encoder")
    assert after(watch, clock, FIRST) is None
    assert "while measuring the untrained encoder" in after(watch, clock, 1).text


def test_an_evaluation_is_measured_by_those_before_it(watch, clock):
    for _ in range(3):
        watch.sign("evaluating")
        clock.now += 5
        watch.sign("training")
    watch.sign("evaluating")
    assert after(watch, clock, LEAST_PHASE) is None
    assert "while evaluating for 5 min" in after(watch, clock, 1).text


def test_a_process_that_slept_may_take_its_time(watch, clock):
    steps(watch, clock, 0.4)
    watch.verdict()
    clock.now += 3600
    assert watch.verdict() is None
    assert after(watch, clock, 10) is None


@pytest.mark.parametrize(("seconds", "text"), [(0.42, "0.4 s"), (90, "90 s"), (240, "4 min"), (10800, "3 h")])
def test_spans_are_said_shortly(seconds, text):
    assert span(seconds) == text
