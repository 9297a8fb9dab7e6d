"""Gives other programs priority, unless they take all the CPU time. Does not need torch.

A page that is opened needs a core for a moment and should get it at once. A program that computes for minutes, however,
would leave a low-priority process almost nothing: Linux shares cores between sessions first, where one step of niceness
costs a fifth, and Windows goes strictly by priority. In that case this process returns to normal priority, and lowers
it again when the other program is done.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from byol_core.system.contention import Load, Meter

_SECONDS, _RESTING = 1.0, 4.0  # seconds between two measurements, while computing and while idle
_STARVES, _CALM = 2, 10  # measurements in a row before it returns to normal priority, and before it is nice again
_FREE = 0.05  # waiting less than this means that nobody interferes
_AUTOGROUP = Path("/proc/self/autogroup")
_TASKS = Path("/proc/self/task")


class Niceness:
    """Decides after every measurement whether to be nice: ``niceness`` normally, 0 while this process is starved."""

    def __init__(self, niceness: int) -> None:
        self.niceness, self.now = niceness, niceness
        self._starved = self._calm = 0

    def decide(self, load: Load) -> int:
        """The niceness from now on. While this process does not compute, it cannot tell whether it is starved."""
        if not load.computes:
            return self.now
        self._starved = self._starved + 1 if load.crowded else 0
        self._calm = self._calm + 1 if load.waits < _FREE else 0
        if self._starved >= _STARVES:
            self.now = 0
        elif self._calm >= _CALM:
            self.now = self.niceness
        return self.now


class Courtesy(Niceness):
    """The niceness of this process, which the system is told. ``base``: what it was started with, None where it could
    not be taken back."""

    def __init__(self, niceness: int, base: int | None) -> None:
        super().__init__(niceness)
        self._base = base
        self._told: int | None = None
        self.tell()

    def become(self, niceness: int) -> None:
        """Another kind of work begins, which steps back so far."""
        self.niceness = self.now = niceness
        self._starved = self._calm = 0
        self.tell()

    def tell(self) -> None:
        """Tell the system what was decided; where it does not listen now, the next look does."""
        wanted = self.now
        if wanted != self._told and _set_session(wanted):
            self._told = wanted
            if self._base is not None:
                _set_process(self._base + wanted)


def let_others_first(niceness: int) -> Courtesy | None:
    """From here on; called before there are other threads. Where it could not be taken back, a single step it is."""
    if niceness <= 0:
        return None
    base = _base()
    mine = Courtesy(niceness, base if _can_return(base) else None)
    threading.Thread(target=_watch, args=(mine,), name="courtesy", daemon=True).start()
    return mine


def _watch(mine: Courtesy) -> None:
    meter, pause, seconds = Meter(), threading.Event(), _SECONDS
    while not pause.wait(seconds):
        load = meter.read()
        seconds = _SECONDS if load.computes else _RESTING
        mine.decide(load)
        mine.tell()


def _base() -> int:
    """The niceness that this process was started with; 0 on Windows."""
    return os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0


def _can_return(base: int) -> bool:
    """Whether the process may lower its niceness again; where it may not, the attempt leaves it nicer by one step."""
    if sys.platform == "win32":
        return True
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, base + 1)
        os.setpriority(os.PRIO_PROCESS, 0, base)
        return True
    return False


def _set_process(niceness: int) -> None:
    """Set the niceness of all threads: on Linux each has its own, which a new thread copies from its creator."""
    if sys.platform == "win32":
        with suppress(psutil.Error, OSError):
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if niceness > 0 else psutil.NORMAL_PRIORITY_CLASS)
        return
    threads = [int(task.name) for task in _TASKS.iterdir()] if _TASKS.is_dir() else [0]
    for thread in threads:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, niceness)


def _set_session(niceness: int) -> bool:
    """Set the niceness of the session, if Linux schedules by session and this process leads one; False to try again."""
    if not hasattr(os, "getsid") or not _AUTOGROUP.exists() or os.getsid(0) != os.getpid():
        return True
    try:
        _AUTOGROUP.write_text(str(niceness))
    except BlockingIOError:  # the kernel allows only about ten changes a second
        return False
    except OSError:
        return True
    return True
