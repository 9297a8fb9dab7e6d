"""Where runs are computed: submit, tail, stop and wake. ``LocalExecutor`` is this machine."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from byol_core.errors import LabError
from byol_core.runs import folder
from byol_core.runs import lock as hold
from byol_core.runs.store import RunStore
from byol_core.system import bell, processes
from byol_core.system.environment import child_environment

LOCK = "supervisor.lock"
LOG = "supervisor.log"
BELL = "supervisor.bell"  # wakes it
_LONGEST_LOG_BYTES = 1_000_000
_looked: dict[Path, float] = {}  # when this process last looked whether a home needs its supervisor


class LocalExecutor:
    """Runs on this machine, each in a process of its own that a supervisor starts."""

    def __init__(self, store: RunStore | None = None) -> None:
        self.store = store or RunStore()

    def submit(self, run_id: str) -> None:
        """Have a queued run computed: the supervisor takes it when its turn comes."""
        self.store.get(run_id)
        self.wake()

    def tail(self, run_id: str, lines: int = 40) -> list[str]:
        """The last lines of its log."""
        return folder.tail(self.store.get(run_id).folder, lines)

    def stop(self, run_id: str) -> None:
        """Ask it to write a checkpoint and end; the supervisor kills it when it does not."""
        if self.store.request_stop(run_id).live:
            self.wake()

    def wake(self) -> None:
        """Start the supervisor when there is something to do and nobody does it, as after a restart of the machine."""
        if self.store.queue_here() or self.store.live_here():
            ensure_supervisor(self.store.home, self.store.url)


def supervisor_lock(home: Path) -> FileLock:
    """The lock that the supervisor of a home holds for as long as it lives."""
    return FileLock(home / LOCK, is_singleton=False)


def supervisor_runs(home: Path) -> bool:
    """Whether a supervisor takes care of this home now."""
    lock = supervisor_lock(home)
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def ensure_supervisor(home: Path, url: str | None = None) -> None:
    """Start the supervisor of this home, detached, unless there is one."""
    bell.ring(home / BELL)
    if supervisor_runs(home):  # the lock tells, not who hears: a home may have been removed and made again
        return
    log = home / LOG
    environment = child_environment(home)
    if url:
        environment["BYOL_LAB_DATABASE"] = url
    environment.pop(hold.ATTEMPT, None)  # when a worker is the one who sees that there is none
    try:
        if log.exists() and log.stat().st_size > _LONGEST_LOG_BYTES:
            log.unlink(missing_ok=True)
        processes.start_detached("byol_core.runs.supervisor", log=log, environment=environment, cwd=home)
    except OSError as error:
        raise LabError("The supervisor of the runs cannot be started ({reason}).", reason=error.strerror) from None


def keep_awake(store: RunStore, seconds: float = 5.0) -> None:
    """Now and then, have the supervisor started that is missing: it was killed, or the machine was restarted.

    For whoever looks at a store all the time; a store that cannot be read is somebody else's to report.
    """
    now = time.monotonic()
    if now - _looked.get(store.home, -math.inf) >= seconds:
        _looked[store.home] = now
        with suppress(LabError, OSError):
            LocalExecutor(store).wake()
