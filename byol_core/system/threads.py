"""How many CPU threads torch computes with: as many as the machine gives, looked at between the steps of a training.

Threads of a step meet hundreds of times, and each time all wait for the one that has no core. Beside a program that
keeps every core busy, two threads are slower than one, so the number follows the load. One that was set stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from byol_core.system.contention import Load, Meter, cores

PROCESSOR = "processor"  # what slows a run down, as a code
_SECONDS, _STEPS = 1.0, 3  # of a look, at least
_LONG = 3.0  # seconds after which a step or two are enough: whoever starves has no time to lose
_KNOWN = 30.0  # seconds for which the speed with another number of threads is believed
_BETTER = 1.1  # so much faster, or it stays
_CHANGED = 0.3  # another load: of the waiting, or of a core that is idle
_ROOM = 0.25  # of a core idle for each thread more, to try it
_PLENTY = 0.75  # the same where no speed can be compared

_count = torch.get_num_threads()
_held = 0  # how many blocks want a single thread


def use(count: int) -> None:
    """Compute with so many threads from here on, or as soon as :func:`only_one` is over."""
    global _count
    _count = count
    if not _held:
        torch.set_num_threads(count)


@contextmanager
def only_one() -> Iterator[None]:
    """Compute with one thread inside."""
    global _held, _count
    if not _held:
        _count = torch.get_num_threads()
    _held += 1
    torch.set_num_threads(1)
    try:
        yield
    finally:
        _held -= 1
        if not _held:
            torch.set_num_threads(_count)


class Climb:
    """The number of threads, decided look by look: the fastest of those at hand, at most ``most``."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.now = most, most
        self._clock = clock
        self._speeds: dict[int, tuple[float, float]] = {}  # by number: the speed, and when it was seen
        self._loads: dict[int, Load] = {}

    def decide(self, load: Load, speed: float | None) -> int:
        """The number from here on; ``speed``: what was done a second, None where the work is not always the same."""
        if speed is None:
            return self._by_room(load)
        before = self._loads.get(self.now)
        if before is not None and self._is_another(before, load):
            self._speeds.clear()
            self._loads.clear()
        self._speeds[self.now], self._loads[self.now] = (speed, self._clock()), load
        choices = self._choices(load)
        known = [count for count in choices if self._is_known(count)]
        best = max(known, key=lambda count: self._speeds[count][0])
        if self._speeds[best][0] > _BETTER * speed:
            self.now = best
        else:  # what was not tried lately, if there is any
            self.now = next((count for count in choices if count not in known), self.now)
        return self.now

    def _choices(self, load: Load) -> list[int]:
        """The number of now and its neighbors: half of it where others are in the way, twice where there is room."""
        fewer, more = max(1, self.now // 2), min(self.most, 2 * self.now)
        found = [self.now]
        if load.crowded and fewer < self.now:
            found.append(fewer)
        if more > self.now and (self._is_known(more) or load.idle >= _ROOM * (more - self.now)):
            found.append(more)
        return found

    def _is_known(self, count: int) -> bool:
        return count in self._speeds and self._clock() - self._speeds[count][1] < _KNOWN

    def _is_another(self, before: Load, now: Load) -> bool:
        waits, idle = abs(now.waits - before.waits), abs(now.idle - before.idle)
        return waits > _CHANGED or idle > _CHANGED * max(1, self.most / 4)

    def _by_room(self, load: Load) -> int:
        more = min(self.most, 2 * self.now)
        if load.crowded:
            self.now = max(1, self.now // 2)
        elif more > self.now and load.idle >= _PLENTY * (more - self.now):
            self.now = more
        return self.now


class Follower:
    """Keeps torch's threads at what the machine gives; to be told of each step, by the thread that computes.

    ``follows``: whether the number may change; where not, it is only seen whether others are in the way.
    """

    def __init__(self, most: int, follows: bool = True) -> None:
        self.follows, self._climb = follows and most > 1, Climb(most)
        self._fits = most <= cores()  # else its threads wait for each other
        self._meter, self._warm = Meter(), False
        self._crowded = self._was_crowded = False
        self._steps, self._seconds = 0, 0.0  # since the last look
        self._looked = self._stepped = time.monotonic()

    @property
    def slowed_by(self) -> str:
        """``PROCESSOR`` while other programs are in the way; else empty."""
        return PROCESSOR if self._crowded and self._fits else ""

    def go_on(self) -> None:
        """After something else than steps, such as an evaluation: its time is not theirs."""
        self._stepped = time.monotonic()

    def step(self) -> None:
        """A step is done; now and then, look."""
        before, self._stepped = self._stepped, time.monotonic()
        self._steps, self._seconds = self._steps + 1, self._seconds + self._stepped - before
        if self._seconds >= _LONG or (self._seconds >= _SECONDS and self._steps >= _STEPS):
            # The first steps compile and allocate: they say how crowded it is, and nothing of their speed.
            self._look(self._steps / max(self._seconds, 1e-9) if self._warm else None)
            self._warm = True

    def pulse(self) -> None:
        """Some of a work is done, of which nobody knows how much; now and then, look."""
        if time.monotonic() - self._looked >= _SECONDS:
            self._look(None)

    def _look(self, speed: float | None) -> None:
        load, self._looked = self._meter.read(), time.monotonic()
        self._steps, self._seconds = 0, 0.0
        self._crowded, self._was_crowded = load.crowded and (self._was_crowded or self._crowded), load.crowded
        if self.follows and (count := self._climb.decide(load, speed)) != _count:
            use(count)
