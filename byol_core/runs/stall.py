"""Notices a training that does not go on: a step or an evaluation that takes far longer than it should."""

from __future__ import annotations

import time
from collections.abc import Callable

from byol_core.events import Alarm

TRAINING = "training"
# How long nothing may happen: the longest time lately in that phase, times this, but never less than the seconds below.
TIMES = 20.0
_FADES = 0.98  # a sign of life: the first step, which compiles, is soon no measure any more
LEAST_STEP, LEAST_PHASE = 90.0, 300.0
FIRST = 900.0  # while nobody knows how long it should take: compilers, large sets, slow disks


class StallWatch:
    """Told of each sign of life by the thread that trains, and asked by another one.

    ``clock`` counts seconds and is set by nobody. Each kind of work is measured by itself: an evaluation takes longer
    than a step.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last, self._activity = clock(), ""
        self._longest: dict[str, float] = {}
        self._asked = clock()

    def sign(self, activity: str | None = None) -> None:
        """Something happened; with ``activity``, what comes now is this kind of work."""
        now = self._clock()
        gap = now - self._last
        if gap <= self._allowed():  # a stall is no measure of the next
            self._longest[self._activity] = max(gap, _FADES * self._longest.get(self._activity, 0.0))
        self._last = now
        if activity is not None:
            self._activity = activity

    def verdict(self) -> Alarm | None:
        """The alarm on a training that does not go on; None while all is as usual."""
        now, before = self._clock(), self._asked
        self._asked = now
        if now - before > self._allowed() / 2:  # the whole process slept, and may take its time to go on
            self._last = now
        gap = now - self._last
        if gap <= self._allowed():
            return None
        usual = self._longest.get(self._activity)
        what = "No step" if self._activity == TRAINING else f"No sign of life while {self._activity or 'starting'}"
        known = f", where the longest lately took {span(usual)}" if usual is not None else ""
        return Alarm(
            f"{what} for {span(gap)}{known}: the machine may be overloaded or out of memory, or a disk or device does "
            "not answer. If it does not go on, stop the run and resume it.",
            "stalled",
        )

    def _allowed(self) -> float:
        usual = self._longest.get(self._activity)
        if usual is None:
            return FIRST
        return max(TIMES * usual, LEAST_STEP if self._activity == TRAINING else LEAST_PHASE)


def span(seconds: float) -> str:
    """``0.4 s``, ``90 s``, ``4 min``, ``3 h``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
