"""Tells how far the work is, and hears a wish to stop: one object that every loop calls."""

from __future__ import annotations

import time
from collections.abc import Callable

from byol_core.events import StopAsked

Progress = Callable[[float, str], None]
Told = Callable[[float], None]  # the share of a part that is done; raises StopAsked

_EVERY = 0.1  # seconds: nobody sees more


def no_one(share: float) -> None:
    """Nobody wants to know."""


class Pulse:
    """Part of the work, from ``start`` to ``end`` of the whole. Call it with the share of the part that is done."""

    def __init__(self, progress: Progress, stop: Callable[[], bool]) -> None:
        self._progress, self._stop = progress, stop
        self._start, self._end, self.message = 0.0, 1.0, ""
        self._told = [0.0]  # when, shared with all parts

    def part(self, start: float, end: float, message: str) -> Pulse:
        """A part of this part, which is told under another message."""
        inner = Pulse(self._progress, self._stop)
        inner._start, inner._end, inner.message = self._at(start), self._at(end), message
        inner._told = self._told
        inner(0.0)
        return inner

    def _at(self, share: float) -> float:
        return self._start + (self._end - self._start) * min(1.0, max(0.0, share))

    def __call__(self, share: float) -> None:
        """Tell it, a few times a second; StopAsked when somebody wants to stop."""
        if self._stop():
            raise StopAsked
        now = time.perf_counter()
        if now - self._told[0] >= _EVERY or share == 0:
            self._told[0] = now
            self._progress(self._at(share), self.message)
