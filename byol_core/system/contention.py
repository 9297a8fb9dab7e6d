"""How much of the processor other programs take from this process, between two looks. Knows no torch."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

CROWDED = 0.15  # the share of the time for want of a core from which others count as being in the way
_LEAST = 0.1  # cores; who computes less than this waits for something else
_FULL = 0.05  # of the cores; less than this idle, and nothing is left
_TASKS = Path("/proc/self/task")
_Threads = dict[str, tuple[float, float]]  # by number: seconds on a core, and in the queue for one


@dataclass(frozen=True)
class Load:
    """What was seen in so many ``seconds``.

    ``waits``: of the time in which threads of this process could have computed, the share (0 to 1) in which something
    else had their core. ``idle``: cores that nobody used. ``computes``: whether there was anything to wait for.
    """

    seconds: float
    waits: float
    idle: float
    computes: bool = True

    @property
    def crowded(self) -> bool:
        """Whether other programs are in the way."""
        return self.waits > CROWDED


@dataclass(frozen=True)
class _Counts:
    """Seconds since the start: of the clock, of this process on a core, of idle cores; by thread, ran and waited."""

    clock: float
    used: float
    idle: float
    threads: _Threads | None


class Meter:
    """Looks at this process and at the machine, each time since the look before."""

    def __init__(self) -> None:
        self._before = _count()

    def read(self) -> Load:
        """What was seen since the last look."""
        before, self._before = self._before, _count()
        now = self._before
        seconds = max(now.clock - before.clock, 1e-6)
        idle = max(0.0, now.idle - before.idle) / seconds
        if now.threads is None or before.threads is None:
            wants, waits = _guessed((now.used - before.used) / seconds, idle)
        else:
            wants, waits = _waited(before.threads, now.threads, seconds)
        computes = wants > _LEAST
        return Load(seconds, waits if computes else 0.0, idle, computes)


def cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _waited(before: _Threads, now: _Threads, seconds: float) -> tuple[float, float]:
    """Cores that were wanted, and the share of the waiting; a thread that is new brings all of its time."""
    pairs = [(now[name], before.get(name, (0.0, 0.0))) for name in now]
    ran = sum(new[0] - old[0] for new, old in pairs)
    waited = sum(new[1] - old[1] for new, old in pairs)
    return (ran + waited) / seconds, waited / max(ran + waited, 1e-9)


def _guessed(used: float, idle: float) -> tuple[float, float]:
    """Where the system does not say who waits: what others use, when no core is left; ``used``, ``idle``: cores."""
    have = cores()
    others = have - idle - used
    return used, min(1.0, max(0.0, others / have)) if idle < _FULL * have else 0.0


def _count() -> _Counts:
    mine = time.process_time()
    return _Counts(time.monotonic(), mine, _idle(), _threads())


def _threads() -> _Threads | None:
    """Seconds on a core and in the queue for one, by thread; None where the system does not tell."""
    found = {}
    with suppress(OSError):
        for task in _TASKS.iterdir():
            with suppress(OSError, ValueError, IndexError):  # it ended this moment
                ran, waited, *_ = (task / "schedstat").read_bytes().split()
                found[task.name] = int(ran) / 1e9, int(waited) / 1e9
    return found or None


def _idle() -> float:
    """Idle seconds of the cores that this process may use."""
    each = psutil.cpu_times(percpu=True)
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(each))
    return float(sum(each[core].idle + getattr(each[core], "iowait", 0.0) for core in mine if core < len(each)))
