"""Questions that wait and the answers: asked by a page or a command, answered by one warm process a home and lane.

A question lies beside what it is about (:mod:`byol_core.jobs.request`), and a ticket for it in ``HOME/warm/LANE/``.
Knows no torch.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from numpy.typing import NDArray

from byol_core.errors import LabError
from byol_core.jobs import arrays as answer
from byol_core.jobs import status as background
from byol_core.jobs.arrays import Answer
from byol_core.jobs.request import Desk, Request
from byol_core.jobs.status import Job
from byol_core.system import bell, processes
from byol_core.system.environment import child_environment
from byol_core.system.files import because, is_disk_full, write_atomic

LANES = ("maps", "lab")
FOLDER = "warm"
ENDED = "The computation ended without an answer; try again."
_LONGEST_LOG_BYTES = 1_000_000
# While something waits, whoever looks on looks this often whether anybody works on it.
_AWAKE_SECONDS = 5.0
# A process that lives takes no longer than this from its start to its lock, on a machine that is very busy.
_COMING_SECONDS = 60.0
_Lane = tuple[Path, str]
_looked: dict[_Lane, float] = {}
_started: dict[_Lane, tuple[float, subprocess.Popen[bytes]]] = {}  # the last one that this process started
_asked: dict[Desk, _Lane] = {}  # where this process asked what, so that whoever looks on can wake it again


# Asking


def ask(
    home: Path,
    lane: str,
    folder: Path,
    key: str,
    kind: str,
    question: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> Job:
    """Have a question answered, by a process that is started when it is not there; asking again changes nothing.

    ``key`` names all that the answer depends on, ``kind`` is one of :mod:`byol_core.jobs.handlers`, ``question`` goes
    through JSON. What failed stays so until :func:`forget`. In the lane "lab" the newest question goes first, and one
    that waits is dropped when it was not asked again for a minute. LabError when folder or home cannot be written.
    """
    home, desk = home.resolve(), Desk(folder.resolve(), key)
    found = _stands(desk)
    if found.state == "absent" or (found.state == "waiting" and not _is_that(desk.asked(), kind, question)):
        with _writing(folder):
            desk.folder.mkdir(exist_ok=True)  # one level alone: a deleted run stays deleted
            desk.write(kind, question, arrays)
    elif found.state != "waiting":
        return found
    _asked[desk] = (home, lane)
    _queue(desk, home, lane)
    wake(home, lane)
    return job(folder, key)


def _is_that(request: Request | None, kind: str, question: Mapping[str, Any]) -> bool:
    """Whether that is what was asked: a folder that came from elsewhere may hold anything."""
    return request is not None and request.kind == kind and request.question == json.loads(json.dumps(dict(question)))


def _queue(desk: Desk, home: Path, lane: str) -> None:
    """Leave a ticket. Where the newest goes first, asking again makes it the newest."""
    ticket = ticket_path(desk, home, lane)
    with _writing(home):
        there = ticket.exists()
        if not there:
            text = json.dumps({"folder": str(desk.folder), "key": desk.key})
            write_atomic(ticket, text.encode())
        if not there or lane == "lab":
            now = time.time_ns()  # systems that note it themselves do so a few milliseconds at a time
            with suppress(FileNotFoundError):  # it was answered this moment
                os.utime(ticket, ns=(now, now))
    bell.ring(bell_path(home, lane))


def ticket_path(desk: Desk, home: Path, lane: str) -> Path:
    """Where the ticket of a question lies in its lane."""
    name = hashlib.sha256(f"{desk.folder}\0{desk.key}".encode()).hexdigest()[:24]
    return home / FOLDER / lane / f"{name}.json"


class _writing:
    """What cannot be written is told in a sentence."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        """Nothing to do before."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            if is_disk_full(error):
                raise LabError(background.full(self.folder)) from None
            raise LabError(f"This cannot be computed: '{self.folder}' cannot be written ({because(error)}).") from None


# Looking on


def job(folder: Path, key: str) -> Job:
    """Where a question stands: a few small files are read. While it waits, this sees now and then that somebody works.

    What somebody asked in another process waits for the next :func:`ask` when nobody is there to answer it.
    """
    desk = Desk(folder.resolve(), key)
    found = _stands(desk)
    lane = _asked.get(desk)  # at once: another thread may take it away
    if found.state == "waiting" and lane:
        _keep_awake(desk, *lane)
    elif found.state != "running":
        _asked.pop(desk, None)
    return found


def _stands(desk: Desk) -> Job:
    if desk.is_answered():
        return Job("ready", 1.0)
    status, request = desk.word(), desk.asked()
    if desk.is_answered():  # it came between the two looks, and then nobody works on it any more
        return Job("ready", 1.0)
    if request is None:
        return Job("absent")
    if status is None:
        full = background.is_full(desk.folder)
        return Job("waiting", message=background.full(desk.folder) if full else "Waits for its turn")
    if status.failed:
        return Job("failed", status.share, status.message, setting=status.setting)
    if status.alive:
        return Job("running", status.share, status.message, status.seconds_left)
    return _ended(desk)


def _ended(desk: Desk) -> Job:
    """The process that worked on it is gone, perhaps since the last look; on a full disk it could not even say why."""
    if desk.is_answered():
        return Job("ready", 1.0)
    return Job("failed", message=background.full(desk.folder) if background.is_full(desk.folder) else ENDED)


def result(folder: Path, key: str) -> Answer | None:
    """The answer; None when there is none that can be read."""
    return answer.read(Desk(folder, key).answer)


def partial(folder: Path, key: str) -> Answer | None:
    """What there is so far, while it is worked on; None when there is nothing."""
    return answer.read(Desk(folder, key).partial)


def withdraw(folder: Path, key: str) -> None:
    """Nobody waits any more: whoever works on it ends within about a second, and what waits is dropped."""
    desk = Desk(folder.resolve(), key)
    _asked.pop(desk, None)
    with suppress(OSError):
        desk.request.unlink(missing_ok=True)
    status = desk.word()
    if status is None or status.failed or not status.alive:
        desk.clear()


def forget(folder: Path, key: str) -> None:
    """Take away the answer and what went wrong, so that :func:`ask` begins anew; whoever works on it ends."""
    desk = Desk(folder.resolve(), key)
    desk.clear()
    with suppress(OSError):
        desk.answer.unlink(missing_ok=True)


# Who answers


def lane_lock(home: Path, lane: str) -> FileLock:
    """The lock that the process of a lane holds for as long as it lives."""
    return FileLock(home / FOLDER / f"{lane}.lock", is_singleton=False)


def bell_path(home: Path, lane: str) -> Path:
    """The bell that wakes that process."""
    return home / FOLDER / f"{lane}.bell"


def log_path(home: Path, lane: str) -> Path:
    """Where that process writes what it has to say."""
    return home / FOLDER / f"{lane}.log"


def wake(home: Path, lane: str) -> None:
    """Start the process of a lane when it is not there; LabError when it cannot be started."""
    _looked[home, lane] = time.monotonic()
    try:
        with lane_lock(home, lane).acquire(timeout=0):
            if _is_coming(home, lane):
                return
        log = log_path(home, lane)
        if log.exists() and log.stat().st_size > _LONGEST_LOG_BYTES:
            log.unlink(missing_ok=True)
        # One thread: training may go on beside it.
        environment = child_environment(home, OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
        process = processes.start_detached(
            "byol_core.jobs", str(home), lane, log=log, environment=environment, cwd=home
        )
        _started[home, lane] = time.monotonic(), process
    except Timeout:
        return
    except OSError as error:
        raise LabError(f"The computation cannot be started ({error.strerror or error}).") from None


def _is_coming(home: Path, lane: str) -> bool:
    """Whether one was started so lately that it cannot have its lock yet: much is asked in a moment."""
    when, process = _started.get((home, lane), (-math.inf, None))
    return process is not None and time.monotonic() - when < _COMING_SECONDS and process.poll() is None


def _keep_awake(desk: Desk, home: Path, lane: str) -> None:
    """The process may have been killed, or the machine started anew, since the question was asked."""
    if time.monotonic() - _looked.get((home, lane), -math.inf) >= _AWAKE_SECONDS:
        with suppress(LabError):
            _queue(desk, home, lane)
            wake(home, lane)
