"""One job in this process, as for a command: pages see how far it is and can stop it. Knows no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from byol_core.jobs.context import JobContext, LruCache, Tell
from byol_core.jobs.kinds import Handler, JobKind, Result
from byol_core.jobs.queue import writing
from byol_core.jobs.request import JobFiles, Request
from byol_core.jobs.status import Reporter, Status
from byol_core.jobs.worker import do, is_called_off


def elsewhere(files: JobFiles) -> Status | None:
    """How far another process is with this job; None when no other one works on it."""
    status = files.read_status()
    if status is None or status.failed or status.pid == os.getpid() or not status.alive:
        return None
    return status


def work(
    files: JobFiles,
    kind: JobKind,
    task: Mapping[str, Any],
    handler: Handler,
    *,
    memory: LruCache,
    tell: Tell,
    stop: Callable[[], bool],
) -> Result:
    """Do a job here and keep its result. Whatever goes wrong is told by the exception alone; StopAsked when ``stop``
    says so, or somebody else does; LabError when the folder cannot be written.

    What a page asked before waits again for the lane when this fails.
    """
    waiting = _what_waits(files)
    with writing(files.folder):
        files.folder.mkdir(exist_ok=True)  # one level alone: a deleted run stays deleted
        request = waiting or files.write(kind.name, task)
    reporter = Reporter(files.status)
    with suppress(OSError):
        reporter.begin()

    def told(share: float, message: str) -> None:
        reporter.say(share, message)
        tell(share, message)

    job = JobContext(files, told, memory, called_off=lambda: stop() or is_called_off(files, request))
    try:
        return do(handler, request, job)
    except BaseException:
        _let_be(files, request, mine=waiting is None)
        raise


def _what_waits(files: JobFiles) -> Request | None:
    """What somebody asked and nobody began; what failed or was stopped is taken away."""
    request = files.read_request()
    if request is not None and not request.stop and files.read_status() is None:
        return request
    files.clear()
    return None


def _let_be(files: JobFiles, begun: Request, *, mine: bool) -> None:
    """What a page asked before or meanwhile waits again; what it stopped, and what was asked here, does not."""
    now = files.read_request()
    if now is None or now.stop or (mine and now.asked == begun.asked):
        files.clear()
    else:
        files.clear_status()
