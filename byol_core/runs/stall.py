"""Notices a training that does not go on: a step or an evaluation that takes far longer than it should."""

from __future__ import annotations

import time
from collections.abc import Callable

from byol_core.events import Alarm
from byol_core.messages import Message, sentences

TRAINING = "training"
# How long nothing may happen: the longest time lately in that phase, times this, but never less than the seconds below.
TIMES = 20.0
_FADES = 0.98  # a heartbeat: the first step, which compiles, is soon no measure any more
LEAST_STEP, LEAST_PHASE = 90.0, 300.0
FIRST = 900.0  # while nobody knows how long it should take: compilers, large sets, slow disks
_ADVICE = Message("If it does not go on, stop the run and resume it.")


class StallWatch:
    """Told of each heartbeat by the thread that trains, and asked by another one.

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
        return Alarm(sentences(self._stalled(gap), _ADVICE), "stalled")

    def _stalled(self, gap: float) -> str:
        usual, time = self._longest.get(self._activity), span(gap)
        if self._activity == TRAINING and usual is None:
            return Message(
                "No step for {time}: the machine may be overloaded or out of memory, or a disk or device does not "
                "answer.",
                time=time,
            )
        if self._activity == TRAINING:
            return Message(
                "No step for {time}, where the longest lately took {usual}: the machine may be overloaded or out of "
                "memory, or a disk or device does not answer.",
                time=time,
                usual=span(usual or 0.0),
            )
        doing = self._activity or Message("starting")
        if usual is None:
            return Message(
                "No heartbeat while {doing} for {time}: the machine may be overloaded or out of memory, or a disk or "
                "device does not answer.",
                doing=doing,
                time=time,
            )
        return Message(
            "No heartbeat while {doing} for {time}, where the longest lately took {usual}: the machine may be "
            "overloaded or out of memory, or a disk or device does not answer.",
            doing=doing,
            time=time,
            usual=span(usual),
        )

    def _allowed(self) -> float:
        usual = self._longest.get(self._activity)
        if usual is None:
            return FIRST
        return max(TIMES * usual, LEAST_STEP if self._activity == TRAINING else LEAST_PHASE)


def span(seconds: float) -> str:
    """``0.4 s``, ``90 s``, ``4 min``, ``3 h``."""
    if seconds < 10:
        return Message("{seconds:.1f} s", seconds=seconds)
    if seconds < 120:
        return Message("{seconds:.0f} s", seconds=seconds)
    if seconds < 7200:
        return Message("{minutes:.0f} min", minutes=seconds / 60)
    return Message("{hours:.0f} h", hours=seconds / 3600)
