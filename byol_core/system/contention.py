"""Measures how much CPU time other programs take away from this process. Does not need torch."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

CROWDED = 0.15  # from this share of waiting on, other programs count as interfering
_LEAST = 0.1  # cores; a process that wants less than this is waiting for something other than a core
_FULL = 0.05  # of the cores; if less than this is idle, no core is free
_TASKS = Path("/proc/self/task")
_Threads = dict[str, tuple[float, float]]  # by thread id: seconds running, and seconds waiting in the run queue


@dataclass(frozen=True)
class Load:
    """What was measured in a period of ``seconds``.

    ``waits``: of the time in which threads of this process wanted to run, the share (0 to 1) in which they had to wait
    for a core. ``idle``: how many cores were unused. ``computes``: whether this process wanted to run at all.
    """

    seconds: float
    waits: float
    idle: float
    computes: bool = True

    @property
    def crowded(self) -> bool:
        """Whether other programs interfere."""
        return self.waits > CROWDED


@dataclass(frozen=True)
class _Counts:
    """Seconds since the start: wall clock, CPU time of this process, idle time of the cores, times by thread."""

    clock: float
    used: float
    idle: float
    threads: _Threads | None


class Meter:
    """Measures the load between two calls of :meth:`read`."""

    def __init__(self) -> None:
        self._before = _count()

    def read(self) -> Load:
        """The load since the last call."""
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
    """The number of cores that this process may use; in a container it can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _waited(before: _Threads, now: _Threads, seconds: float) -> tuple[float, float]:
    """How many cores were wanted, and the share of that time spent waiting; a new thread counts from its start."""
    pairs = [(now[name], before.get(name, (0.0, 0.0))) for name in now]
    ran = sum(new[0] - old[0] for new, old in pairs)
    waited = sum(new[1] - old[1] for new, old in pairs)
    return (ran + waited) / seconds, waited / max(ran + waited, 1e-9)


def _guessed(used: float, idle: float) -> tuple[float, float]:
    """The same where the system does not report waiting: what others use, counted only if no core is idle."""
    have = cores()
    others = have - idle - used
    return used, min(1.0, max(0.0, others / have)) if idle < _FULL * have else 0.0


def _count() -> _Counts:
    mine = time.process_time()
    return _Counts(time.monotonic(), mine, _idle(), _threads())


def _threads() -> _Threads | None:
    """Seconds running and seconds waiting by thread; None where the system does not report them."""
    found = {}
    with suppress(OSError):
        for task in _TASKS.iterdir():
            with suppress(OSError, ValueError, IndexError):  # the thread has just ended
                ran, waited, *_ = (task / "schedstat").read_bytes().split()
                found[task.name] = int(ran) / 1e9, int(waited) / 1e9
    return found or None


def _idle() -> float:
    """Idle seconds of the cores that this process may use, summed."""
    each = psutil.cpu_times(percpu=True)
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(each))
    # A core that waits for a disk is free to compute.
    return float(sum(each[core].idle + getattr(each[core], "iowait", 0.0) for core in mine if core < len(each)))
