"""Lets other programs go first, for as long as they do not keep this process from computing. Knows no torch.

A page that is opened takes a core for a moment and gets it at once. A program that computes for minutes would leave a
process of low priority next to nothing: Linux shares cores by session first, where a step of niceness is a fifth less,
and Windows strictly by priority. Then this process asks for an equal share, and steps back when the others are done.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from byol_core.system.contention import Load, Meter

_SECONDS, _RESTING = 1.0, 4.0  # between two looks, while it computes and while it does not
_STARVES, _CALM = 2, 10  # looks in a row, until it asks for its share, and until it steps back
_FREE = 0.05  # waits less than this: nobody is in the way
_AUTOGROUP = Path("/proc/self/autogroup")
_TASKS = Path("/proc/self/task")


class Niceness:
    """Whether to be nice, decided look by look: ``niceness`` when nobody is in the way, else 0."""

    def __init__(self, niceness: int) -> None:
        self.niceness, self.now = niceness, niceness
        self._starved = self._calm = 0

    def decide(self, load: Load) -> int:
        """The niceness from here on. Who does not compute learns nothing about the others."""
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
    """The niceness that this process was started with; Windows has none."""
    return os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0


def _can_return(base: int) -> bool:
    """Whether the system lets this process be less nice again; where it does not, it stays nicer by one."""
    if sys.platform == "win32":
        return True
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, base + 1)
        os.setpriority(os.PRIO_PROCESS, 0, base)
        return True
    return False


def _set_process(niceness: int) -> None:
    """Of all threads: Linux keeps one for each, and a new thread has that of the one that made it."""
    if sys.platform == "win32":
        with suppress(psutil.Error, OSError):
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if niceness > 0 else psutil.NORMAL_PRIORITY_CLASS)
        return
    threads = [int(task.name) for task in _TASKS.iterdir()] if _TASKS.is_dir() else [0]
    for thread in threads:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, niceness)


def _set_session(niceness: int) -> bool:
    """Of the session, where Linux shares by them and this process began one; False to try again in a moment."""
    if not hasattr(os, "getsid") or not _AUTOGROUP.exists() or os.getsid(0) != os.getpid():
        return True
    try:
        _AUTOGROUP.write_text(str(niceness))
    except BlockingIOError:  # not ten times a second, whoever asks
        return False
    except OSError:
        return True
    return True
