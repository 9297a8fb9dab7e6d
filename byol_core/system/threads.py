"""How many CPU threads torch uses: as many as the machine has to spare, decided again and again during training.

The threads of a training step synchronize hundreds of times, and each time all of them wait for the one that has no
core. Next to a program that keeps every core busy, two threads are slower than one, so the number of threads follows
the load. A number that the user set never changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from byol_core.system.contention import Load, Meter, cores

PROCESSOR = "processor"  # what slows a run down, as a code
_SECONDS, _STEPS = 1.0, 3  # the least length of one measurement
_LONG = 3.0  # seconds after which one or two steps are enough: a starved run must react quickly
_KNOWN = 30.0  # seconds for which a measured speed with another number of threads is trusted
_BETTER = 1.1  # how much faster another number must be to switch to it
_CHANGED = 0.3  # a change of waiting or idle share from which on earlier measurements no longer apply
_ROOM = 0.25  # of a core idle per additional thread, to try more threads
_PLENTY = 0.75  # the same, where speeds cannot be compared

_count = torch.get_num_threads()
_held = 0  # nested blocks that want a single thread


def use(count: int) -> None:
    """Use this many threads from now on, or as soon as :func:`only_one` is left."""
    global _count
    _count = count
    if not _held:
        torch.set_num_threads(count)


@contextmanager
def only_one() -> Iterator[None]:
    """Use a single thread inside the block."""
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
    """Chooses the number of threads by hill climbing, from 1 to ``most``: the fastest nearby number measured."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.now = most, most
        self._clock = clock
        self._speeds: dict[int, tuple[float, float]] = {}  # by number of threads: its speed, and when that was measured
        self._loads: dict[int, Load] = {}

    def decide(self, load: Load, speed: float | None) -> int:
        """The number to use from now on.

        ``speed`` is the work per second, None if the amount of work is not comparable.
        """
        if speed is None:
            return self._by_room(load)
        before = self._loads.get(self.now)
        if before is not None and self._is_another(before, load):
            # Speeds that were measured under another load say nothing about this one.
            self._speeds.clear()
            self._loads.clear()
        self._speeds[self.now], self._loads[self.now] = (speed, self._clock()), load
        choices = self._choices(load)
        known = [count for count in choices if self._is_known(count)]
        best = max(known, key=lambda count: self._speeds[count][0])
        if self._speeds[best][0] > _BETTER * speed:
            self.now = best
        else:  # otherwise try a number that was not measured lately, if there is one
            self.now = next((count for count in choices if count not in known), self.now)
        return self.now

    def _choices(self, load: Load) -> list[int]:
        """The current number, half of it if other programs interfere, and twice as many if cores are idle."""
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
    """Adjusts torch's threads to the load; the thread that computes calls :meth:`step` after every training step.

    ``follows``: whether the number may change. If not, it only observes whether other programs interfere.
    """

    def __init__(self, most: int, follows: bool = True) -> None:
        self.follows, self._climb = follows and most > 1, Climb(most)
        # Otherwise its own threads wait for each other, which is not other programs' fault.
        self._fits = most <= cores()
        self._meter, self._warm = Meter(), False
        self._crowded = self._was_crowded = False
        self._steps, self._seconds = 0, 0.0  # since the last measurement
        self._looked = self._stepped = time.monotonic()

    @property
    def slowed_by(self) -> str:
        """``PROCESSOR`` while other programs take this run's cores; else empty."""
        return PROCESSOR if self._crowded and self._fits else ""

    def go_on(self) -> None:
        """Call this after something other than a step, such as an evaluation, so that its time does not count."""
        self._stepped = time.monotonic()

    def step(self) -> None:
        """Note that a step is done; about once a second, measure and decide."""
        before, self._stepped = self._stepped, time.monotonic()
        self._steps, self._seconds = self._steps + 1, self._seconds + self._stepped - before
        if self._seconds >= _LONG or (self._seconds >= _SECONDS and self._steps >= _STEPS):
            # The first steps compile and allocate: they show the load, but not the speed of later steps.
            self._look(self._steps / max(self._seconds, 1e-9) if self._warm else None)
            self._warm = True

    def pulse(self) -> None:
        """Note progress in work of unknown length, such as an evaluation; about once a second, measure and decide."""
        if time.monotonic() - self._looked >= _SECONDS:
            self._look(None)

    def _look(self, speed: float | None) -> None:
        load, self._looked = self._meter.read(), time.monotonic()
        self._steps, self._seconds = 0, 0.0
        self._crowded, self._was_crowded = load.crowded and (self._was_crowded or self._crowded), load.crowded
        if self.follows and (count := self._climb.decide(load, speed)) != _count:
            use(count)
