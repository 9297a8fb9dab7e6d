"""The process of a lane, as whoever asks sees it: whether it is there, how it is started and woken. Knows no torch."""

from __future__ import annotations

import math
import subprocess
import time
from pathlib import Path

from filelock import FileLock, Timeout

from byol_core.errors import LabError
from byol_core.jobs.kinds import Lane
from byol_core.system import processes
from byol_core.system.environment import child_environment

FOLDER = "warm"
# One thread for what a page waits for: training may go on beside it. What takes minutes follows the load by itself.
_ENVIRONMENTS: dict[Lane, dict[str, str]] = {
    "interactive": {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
    "batch": {},
}
_LONGEST_LOG_BYTES = 1_000_000
# A process that lives takes no longer than this from its start to its lock, on a machine that is very busy.
_COMING_SECONDS = 60.0
_looked: dict[tuple[Path, Lane], float] = {}
_started: dict[tuple[Path, Lane], tuple[float, subprocess.Popen[bytes]]] = {}  # the last one that this process started


def lane_lock(home: Path, lane: Lane) -> FileLock:
    """The lock that the process of a lane holds for as long as it lives."""
    return FileLock(home / FOLDER / f"{lane}.lock", is_singleton=False)


def bell_path(home: Path, lane: Lane) -> Path:
    """The bell that wakes that process."""
    return home / FOLDER / f"{lane}.bell"


def log_path(home: Path, lane: Lane) -> Path:
    """Where that process writes what it has to say."""
    return home / FOLDER / f"{lane}.log"


def tickets(home: Path, lane: Lane) -> Path:
    """The folder of what waits in a lane."""
    return home / FOLDER / lane


def wake(home: Path, lane: Lane) -> None:
    """Start the process of a lane when it is not there; LabError when it cannot be started."""
    _looked[home, lane] = time.monotonic()
    try:
        with lane_lock(home, lane).acquire(timeout=0):
            if _is_coming(home, lane):
                return
        log = log_path(home, lane)
        if log.exists() and log.stat().st_size > _LONGEST_LOG_BYTES:
            log.unlink(missing_ok=True)
        environment = child_environment(home, **_ENVIRONMENTS[lane])
        process = processes.start_detached(
            "byol_core.jobs", str(home), lane, log=log, environment=environment, cwd=home
        )
        _started[home, lane] = time.monotonic(), process
    except Timeout:
        return
    except OSError as error:
        raise LabError("The computation cannot be started ({reason}).", reason=error.strerror or str(error)) from None


def was_looked_for(home: Path, lane: Lane, seconds: float) -> bool:
    """Whether this process has looked for it in the last so many seconds."""
    return time.monotonic() - _looked.get((home, lane), -math.inf) < seconds


def _is_coming(home: Path, lane: Lane) -> bool:
    """Whether one was started so lately that it cannot have its lock yet: much is asked in a moment."""
    when, process = _started.get((home, lane), (-math.inf, None))
    return process is not None and time.monotonic() - when < _COMING_SECONDS and process.poll() is None
