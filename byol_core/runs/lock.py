"""Whose a run is: a lock in its folder, held by the process that works on it.

The system lets go of the lock when that process ends, however it ends. So the lock tells the truth where a pid cannot:
in another container, under another name of the machine, or when two processes were started for one run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from byol_core.errors import InputError
from byol_core.runs.run import Run

LOCK = "worker.lock"
# In the environment of a worker and of all that it starts: which attempt at which run it was started for.
ATTEMPT = "BYOL_LAB_ATTEMPT"
# Whoever takes in what a dead worker left holds the lock for a moment.
PATIENCE_SECONDS = 3.0
# Whoever else only looks holds it for less than this.
_PROBE_SECONDS = 0.05


def ticket(run: Run) -> str:
    """The value of ``$BYOL_LAB_ATTEMPT`` in the worker of this attempt."""
    return f"{run.run_id}/{run.attempt}"


@contextmanager
def hold(run: Run, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Keep every other process off a run; InputError when one works on it."""
    lock = _lock(run.folder)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise InputError("Another process works on the run '{name}' already.", name=run.name) from None
    except (OSError, NotImplementedError):  # a disk without locks, or a full one: the store alone decides
        yield
        return
    try:
        yield
    finally:
        lock.release()


def held(folder: Path) -> bool | None:
    """Whether a process works on the run of that folder; None when the folder does not tell."""
    try:
        if not (folder / LOCK).exists():
            return None
        with _lock(folder).acquire(timeout=_PROBE_SECONDS, poll_interval=0.005):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return None


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / LOCK, is_singleton=False)
