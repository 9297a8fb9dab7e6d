"""Questions that wait, and the answers: asked by a page or a command, answered by one process a home.

``RUN_FOLDER/evaluations/`` holds for each question, under its name, what was asked (``.request.json``), while somebody
works on it how far it is (``.status.json``) and a lock, and for each answer :mod:`byol_core.evaluation.results`. The
lock tells the truth: the system lets go of it however the process ends. Knows no torch.
"""

from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from byol_core.errors import LabError
from byol_core.evaluation import results
from byol_core.evaluation.protocol import Protocol
from byol_core.evaluation.results import FOLDER, Predictions, answers, key, predictions, question, result
from byol_core.jobs import status as background
from byol_core.jobs.status import Job, Status
from byol_core.system import bell, processes
from byol_core.system.environment import child_environment
from byol_core.system.files import write_atomic

__all__ = [
    "Job", "Predictions", "answers", "ask", "asked", "forget", "job", "key", "predictions", "result", "stop",
]  # fmt: skip

Progress = Callable[[float, str], None]
Stop = Callable[[], bool]

LOCK, LOG, BELL = "evaluator.lock", "evaluator.log", "evaluator.bell"
REQUESTS = ".request.json"
ENDED = "The evaluation ended without an answer; try again."
_LONGEST_LOG_BYTES = 1_000_000
# Whoever only looks whether a lock is held holds it for less than this.
_PROBE_SECONDS = 0.05
# While something waits, whoever looks on looks this often whether anybody works in that home.
_AWAKE_SECONDS = 5.0
_looked: dict[Path, float] = {}
# An evaluator that lives takes no longer than this from its start to its lock, on a machine that is very busy.
_COMING_SECONDS = 60.0
_started: dict[Path, tuple[float, subprocess.Popen[bytes]]] = {}  # the last one that this process started in a home


class Request(BaseModel):
    """A question that was asked: when, in nanoseconds since 1970, and whether it is not to be answered after all."""

    protocol: Protocol
    asked: int
    stop: bool = False


@dataclass(frozen=True)
class Desk:
    """Where one question on one run is worked on."""

    run_folder: Path
    name: str

    @classmethod
    def of(cls, run_folder: Path, protocol: Protocol) -> Desk:
        """The desk of that question."""
        return cls(run_folder, question(protocol))

    @property
    def request(self) -> Path:
        """What was asked."""
        return self._path(REQUESTS)

    @property
    def status(self) -> Path:
        """How far it is."""
        return self._path(".status.json")

    @property
    def lock(self) -> Path:
        """Held by the process that works on it."""
        return self._path(".lock")

    def _path(self, ending: str) -> Path:
        return self.run_folder / FOLDER / f"{self.name}{ending}"

    def asked(self) -> Request | None:
        """The request; None when there is none that can be read."""
        try:
            return Request.model_validate_json(self.request.read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, request: Request) -> None:
        """Put the request there; LabError in a sentence when that cannot be."""
        with results.writing(self.run_folder):
            self.request.parent.mkdir(exist_ok=True)
            write_atomic(self.request, request.model_dump_json().encode(), make_folder=False)

    def clear(self) -> None:
        """Take away what was asked and how far it was."""
        with suppress(OSError):
            self.request.unlink(missing_ok=True)
            self.status.unlink(missing_ok=True)

    def say_nothing(self) -> None:
        """Take away how far it was, and leave what was asked."""
        with suppress(OSError):
            self.status.unlink(missing_ok=True)

    @contextmanager
    def hold(self, patience: float) -> Iterator[None]:
        """Keep every other process off this question; filelock's Timeout when one works on it."""
        with results.writing(self.run_folder):
            self.lock.parent.mkdir(exist_ok=True)
        lock = FileLock(self.lock, is_singleton=False)
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            raise
        except (OSError, NotImplementedError):  # a disk without locks, or a full one: the status alone tells
            yield
            return
        try:
            yield
        finally:
            lock.release()

    def held(self, status: Status) -> bool:
        """Whether the process that left this status works here still."""
        try:
            if not self.lock.exists():
                return False
            with FileLock(self.lock, is_singleton=False).acquire(timeout=_PROBE_SECONDS, poll_interval=0.005):
                return False
        except Timeout:
            return True
        except (OSError, NotImplementedError):
            return status.alive

    def stands(self) -> Job:
        """Where the work on this question stands, whatever was answered before."""
        status = background.read(self.status)
        request = self.asked()
        if status is not None and not status.failed and self.held(status):
            message = "Stopping" if request is not None and request.stop else status.message
            return Job("running", status.share, message, status.seconds_left)
        if request is None:  # somebody worked on it by hand and was ended
            return Job("absent")
        if request.stop:
            return Job("stopped", message="Stopped before there was an answer.")
        if status is None:
            return Job("waiting", message=self._why_it_waits())
        message = status.message if status.failed else self._why_it_ended()
        return Job("failed", status.share, message, setting=status.setting)

    def _why_it_waits(self) -> str:
        return background.full(self.run_folder) if background.is_full(self.run_folder) else "Waits for its turn"

    def _why_it_ended(self) -> str:
        """On a full disk a process cannot even say that the disk is full."""
        return background.full(self.run_folder) if background.is_full(self.run_folder) else ENDED


# Asking


def ask(home: Path, run_folder: Path, protocol: Protocol) -> Job:
    """Have a question answered by the evaluator of this home, which is started when it is not there.

    A question that waits or is being answered is left as it is, one that failed or was stopped is asked again. LabError
    when the run has no weights, or its folder cannot be written.
    """
    key(run_folder, protocol)
    desk, found = Desk.of(run_folder, protocol), job(run_folder, protocol)
    request = desk.asked()
    anew = found.state == "running" and (request is None or request.stop)
    if anew or found.state in ("absent", "failed", "stopped"):
        if found.state != "running":
            with results.writing(run_folder):
                desk.status.unlink(missing_ok=True)
        desk.write(Request(protocol=protocol, asked=time.time_ns()))
    bell.ring(bell_path(home))
    wake(home)
    return job(run_folder, protocol)


def job(run_folder: Path, protocol: Protocol) -> Job:
    """Where a question stands. While it waits, this sees now and then that somebody is there to answer it."""
    return _seen(Desk.of(run_folder, protocol), protocol)


def _seen(desk: Desk, protocol: Protocol) -> Job:
    found = desk.stands()  # before the answer: it may come between the two looks, and then nobody works on it any more
    if found.state != "running" and result(desk.run_folder, protocol) is not None:
        return Job("ready", 1.0)
    if found.state == "waiting":
        _keep_awake(desk.run_folder.parent)
    return found


def stop(run_folder: Path, protocol: Protocol) -> None:
    """Have nobody answer this question: whoever works on it ends within about a second."""
    desk = Desk.of(run_folder, protocol)
    if desk.stands().state in ("waiting", "running"):
        request = desk.asked() or Request(protocol=protocol, asked=time.time_ns())
        desk.write(request.model_copy(update={"stop": True}))


def forget(run_folder: Path, protocol: Protocol) -> None:
    """Take away the answer and what went wrong, so that :func:`ask` begins anew; whoever works on it ends."""
    Desk.of(run_folder, protocol).clear()
    with suppress(LabError):
        results.drop(run_folder, key(run_folder, protocol))


def asked(run_folder: Path) -> list[tuple[Protocol, Job]]:
    """What waits, is being answered, was stopped or failed, in the order in which it was asked."""
    found = [(request.protocol, _seen(desk, request.protocol)) for desk, request in _requests([run_folder])]
    return [(protocol, job) for protocol, job in found if job.state != "ready"]


def waiting(home: Path) -> list[tuple[Desk, Request]]:
    """What waits in all runs of a home, in the order in which it was asked."""
    with suppress(OSError):
        found = _requests(path for path in home.iterdir() if not path.name.startswith("."))
        return [(desk, request) for desk, request in found if desk.stands().state == "waiting"]
    return []


def _requests(run_folders: Iterator[Path] | list[Path]) -> list[tuple[Desk, Request]]:
    files = [path for folder in run_folders for path in (folder / FOLDER).glob(f"*{REQUESTS}")]
    desks = [Desk(path.parent.parent, path.name.removesuffix(REQUESTS)) for path in files]
    found = [(desk, request) for desk in desks if (request := desk.asked())]
    return sorted(found, key=lambda pair: pair[1].asked)


# Who answers


def evaluator_lock(home: Path) -> FileLock:
    """The lock that the evaluator of a home holds for as long as it lives."""
    return FileLock(home / LOCK, is_singleton=False)


def bell_path(home: Path) -> Path:
    """The bell that wakes the evaluator of a home."""
    return home / BELL


def wake(home: Path) -> None:
    """Start the evaluator of this home when something waits and it is not there; LabError when it cannot be started."""
    _looked[home] = time.monotonic()
    try:
        with evaluator_lock(home).acquire(timeout=0):
            if _is_coming(home) or not waiting(home):
                return
        log = home / LOG
        if log.exists() and log.stat().st_size > _LONGEST_LOG_BYTES:
            log.unlink(missing_ok=True)
        environment = child_environment(home)
        process = processes.start_detached(
            "byol_core.evaluation", str(home), log=log, environment=environment, cwd=home
        )
        _started[home] = time.monotonic(), process
    except Timeout:
        return
    except OSError as error:
        raise LabError(f"The evaluation cannot be started ({error.strerror or error}).") from None


def _is_coming(home: Path) -> bool:
    """Whether one was started so lately that it cannot have its lock yet: many questions are asked in a moment."""
    when, process = _started.get(home, (-math.inf, None))
    return process is not None and time.monotonic() - when < _COMING_SECONDS and process.poll() is None


def _keep_awake(home: Path) -> None:
    """The evaluator may have been killed, or the machine started anew, since the question was asked."""
    if time.monotonic() - _looked.get(home, -math.inf) >= _AWAKE_SECONDS:
        with suppress(LabError):
            wake(home)
