"""Jobs that wait and their results: asked by a page or a command, done by one job process a home and lane.

A request lies beside what it is about (:mod:`byol_core.jobs.request`), and a ticket for it in ``HOME/warm/LANE/``.
Knows no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import BaseModel

from byol_core.errors import LabError
from byol_core.jobs import arrays as array_file
from byol_core.jobs import status as progress_file
from byol_core.jobs.arrays import Answer
from byol_core.jobs.kinds import JobKind, Lane
from byol_core.jobs.request import JobFiles, Request
from byol_core.jobs.service import bell_path, tickets, wake, was_looked_for
from byol_core.jobs.status import Job
from byol_core.messages import Message
from byol_core.system import bell, processes
from byol_core.system.files import because, is_disk_full, write_atomic

ENDED = Message("The computation ended without a result; try again.")
STOPPING, WAITS = Message("Stopping"), Message("Waits for its turn")
STOPPED = Message("Stopped before there was a result.")
# While something waits, a reader looks this often whether anybody works on it.
_AWAKE_SECONDS = 5.0
_asked: dict[JobFiles, tuple[Path, JobKind]] = {}  # what this process asked, so that a reader can wake it again


@dataclass(frozen=True)
class Asked:
    """What a reader knows of a job that perhaps another process has asked: whose it is, its kind and its task."""

    home: Path
    kind: JobKind
    task: Mapping[str, Any]


class Ticket(BaseModel):
    """What lies in a lane: which job waits, and who does it. Only this program writes there, so it may name code."""

    folder: Path
    key: str
    kind: JobKind


# Asking


def ask(
    home: Path,
    kind: JobKind,
    folder: Path,
    key: str,
    task: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> Job:
    """Have a job done, by a process that is started when it is not there; asking again changes nothing.

    ``key`` names all that the result depends on, ``task`` goes through JSON. What failed stays so until :func:`forget`,
    what was stopped is begun again. LabError when folder or home cannot be written.
    """
    home, files = home.resolve(), JobFiles(folder.resolve(), key)
    found, request = _stands(files), files.read_request()
    if _is_to_write(found, request, kind, task):
        with writing(folder):
            files.folder.mkdir(exist_ok=True)  # one level alone: a deleted run stays deleted
            files.write(kind.name, task, arrays)
    elif found.state != "waiting":
        return found
    look_after(home, kind, folder, key)
    return job(folder, key)


def _is_to_write(found: Job, request: Request | None, kind: JobKind, task: Mapping[str, Any]) -> bool:
    """Whether there is no such request yet; a folder that came from elsewhere may hold anything under its name."""
    if found.state == "waiting":
        return request is None or request.kind != kind.name or request.task != json.loads(json.dumps(dict(task)))
    stopping = found.state == "running" and request is not None and request.stop
    return stopping or found.state in ("absent", "stopped")


def look_after(home: Path, kind: JobKind, folder: Path, key: str, *, at_most_every: float = 0.0) -> None:
    """See to it that somebody does a job that waits; LabError when nobody can be started.

    ``at_most_every``: nothing is done if this process did that in the last so many seconds.
    """
    home, files, lane = home.resolve(), JobFiles(folder.resolve(), key), _lane_of(kind)
    _asked[files] = (home, kind)
    if not was_looked_for(home, lane, at_most_every):
        _queue(files, home, kind)
        wake(home, lane)


def _lane_of(kind: JobKind) -> Lane:
    if kind.lane is None:
        raise ValueError(f"a job of the kind '{kind.name}' waits in no lane")
    return kind.lane


def _queue(files: JobFiles, home: Path, kind: JobKind) -> None:
    """Leave a ticket. Where the newest goes first, asking again makes it the newest."""
    ticket, lane = ticket_path(files, home, kind), _lane_of(kind)
    with writing(home):
        there = ticket.exists()
        if not there:
            text = Ticket(folder=files.folder, key=files.key, kind=kind).model_dump_json()
            write_atomic(ticket, text.encode())
        if not there or kind.latest_first:
            now = time.time_ns()  # systems that note it themselves do so a few milliseconds at a time
            with suppress(FileNotFoundError):  # it was done this moment
                os.utime(ticket, ns=(now, now))
    bell.ring(bell_path(home, lane))


def ticket_path(files: JobFiles, home: Path, kind: JobKind) -> Path:
    """Where the ticket of a job lies in its lane; one of another kind under the same key has another."""
    told = f"{files.folder}\0{files.key}\0{kind.name}"
    return tickets(home, _lane_of(kind)) / f"{hashlib.sha256(told.encode()).hexdigest()[:24]}.json"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What cannot be written is told in a sentence."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise LabError(progress_file.full(folder)) from None
        raise LabError(
            "This cannot be computed: '{folder}' cannot be written ({reason}).", folder=folder, reason=because(error)
        ) from None


# Looking on


def job(folder: Path, key: str, asked: Asked | None = None) -> Job:
    """Where a job stands: a few small files are read. While it waits, this sees now and then that somebody works.

    Without ``asked``, what another process has asked waits for the next :func:`ask` when nobody is there to do it; and
    a result that does not lie beside its request is not found.
    """
    files = JobFiles(folder.resolve(), key)
    found = _stands(files)  # before the result: it may come between the two looks, and then nobody works on it
    if asked and found.state != "running" and asked.kind.is_done(files.folder, asked.task):
        found = Job("ready", 1.0)
    known = (asked.home, asked.kind) if asked else _asked.get(files)  # at once: another thread may take it away
    if found.state == "waiting" and known:
        with suppress(LabError):  # its process may have been killed, or the machine restarted
            look_after(*known, folder, key, at_most_every=_AWAKE_SECONDS)
    elif found.state != "running":
        _asked.pop(files, None)
    return found


def _stands(files: JobFiles) -> Job:
    if files.is_done():
        return Job("ready", 1.0)
    status, request = files.read_status(), files.read_request()
    if files.is_done():  # it came between the two looks, and then nobody works on it any more
        return Job("ready", 1.0)
    if request is None:
        return Job("absent")
    if status is not None and not status.failed and status.alive:
        message = STOPPING if request.stop else status.message
        return Job("running", status.share, message, status.seconds_left)
    if request.stop:
        return Job("stopped", message=STOPPED)
    if status is None:
        full = progress_file.is_full(files.folder)
        return Job("waiting", message=progress_file.full(files.folder) if full else WAITS)
    return Job("failed", status.share, status.message, setting=status.setting) if status.failed else _ended(files)


def _ended(files: JobFiles) -> Job:
    """The process that worked on it is gone, perhaps since the last look; on a full disk it could not even say why."""
    if files.is_done():
        return Job("ready", 1.0)
    full = progress_file.is_full(files.folder)
    return Job("failed", message=progress_file.full(files.folder) if full else ENDED, died=not full)


def result(folder: Path, key: str) -> Answer | None:
    """The arrays of a result; None when there is none that can be read."""
    return array_file.read(JobFiles(folder, key).result)


def partial(folder: Path, key: str) -> Answer | None:
    """What there is so far, while it is worked on; None when there is nothing."""
    return array_file.read(JobFiles(folder, key).partial)


def stop(folder: Path, key: str) -> None:
    """Whoever works on it ends within about a second, and what waits is not begun; it says so until it is asked again.

    LabError when the folder cannot be written.
    """
    files = JobFiles(folder.resolve(), key)
    request = files.read_request()
    if request is not None and _stands(files).state in ("waiting", "running"):
        with writing(folder):
            files.put(request.model_copy(update={"stop": True}))


def withdraw(folder: Path, key: str) -> None:
    """Nobody waits any more: whoever works on it ends within about a second, and what waits is dropped."""
    files = JobFiles(folder.resolve(), key)
    _asked.pop(files, None)
    with suppress(OSError):
        files.request.unlink(missing_ok=True)
    end_own_process(files)
    status = files.read_status()
    if status is None or status.failed or not status.alive:
        files.clear()


def end_own_process(files: JobFiles) -> None:
    """End the process of a job that has one of its own, if it is there still."""
    status = files.read_status()
    if status is not None and status.own_process and not status.failed:
        processes.kill(status.pid, status.mark)


def forget(folder: Path, key: str) -> None:
    """Take away the result and what went wrong, so that :func:`ask` starts over; whoever works on it ends."""
    files = JobFiles(folder.resolve(), key)
    end_own_process(files)
    files.clear()
    with suppress(OSError):
        files.result.unlink(missing_ok=True)
