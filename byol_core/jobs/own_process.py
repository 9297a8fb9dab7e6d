"""A job in a process of its own, for what may run out of memory, or has to be ended at once: it may die without harm.

It starts as soon as it is asked and waits in no lane. It belongs to the process that asked: it is in its session, and
is ended with it. ``python -m byol_core.jobs.own_process FOLDER KEY HANDLER`` is what it runs. Knows no torch.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from byol_core.errors import LabError
from byol_core.events import StopAsked
from byol_core.jobs import queue
from byol_core.jobs.context import JobContext, LruCache
from byol_core.jobs.kinds import JobKind, find_handler
from byol_core.jobs.request import JobFiles
from byol_core.jobs.status import Job, Reporter, announce
from byol_core.jobs.worker import do, is_called_off, reason
from byol_core.system import niceness
from byol_core.system.environment import child_environment

_LOOK_SECONDS = 0.1
_BUSY = ("waiting", "running")
_started: set[subprocess.Popen[bytes]] = set()  # those that have not ended


def start(
    kind: JobKind, folder: Path, key: str, task: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Job:
    """Begin a job; one that goes on, or is done, is left as it is. LabError when it cannot be started.

    ``environment``: what its process has in its environment besides what this one has.
    """
    files = JobFiles(folder.resolve(), key)
    if queue.job(folder, key).state in ("running", "ready"):
        return queue.job(folder, key)
    with queue.writing(folder):
        files.write(kind.name, task)
    command = [sys.executable, "-m", __name__, str(files.folder), key, kind.handler, "--nice", str(kind.niceness)]
    try:
        process = subprocess.Popen(
            command,
            env=child_environment(None, **(environment or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _started.add(process)
        threading.Thread(target=_see_off, args=(process,), daemon=True).start()
        announce(files.status, process.pid)
    except OSError as error:
        raise LabError("The computation cannot be started ({reason}).", reason=error.strerror or str(error)) from None
    return queue.job(folder, key)


def _see_off(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process, or the system would list it as a zombie until this one ends."""
    process.wait()
    _started.discard(process)


def wait(folder: Path, key: str, seconds: float, stop: Callable[[], bool] = lambda: False) -> Job:
    """How the job ended. After so many seconds, or when ``stop`` says so, its process is ended, and it is told as it
    stood before."""
    end = time.monotonic() + seconds
    try:
        while (found := queue.job(folder, key)).state in _BUSY and time.monotonic() < end and not stop():
            time.sleep(_LOOK_SECONDS)
        return found
    finally:
        queue.end_own_process(JobFiles(folder.resolve(), key))


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0: done, or nobody wants it any more; 1: it failed, and its status says why."""
    parser = argparse.ArgumentParser("byol_core.jobs.own_process", description="Do one job.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("key")
    parser.add_argument("handler")
    parser.add_argument("--nice", type=int, default=0)
    options = parser.parse_args(argv)
    niceness.let_others_first(options.nice)
    files = JobFiles(options.folder, options.key)
    request, reporter = files.read_request(), Reporter(files.status, own_process=True)
    if request is None:
        return 0
    job = JobContext(files, reporter.say, LruCache(), lambda: is_called_off(files, request), asked=request.asked)
    try:
        reporter.begin()
        do(find_handler(options.handler), request, job)
    except StopAsked:
        files.clear()
    except Exception as error:
        with suppress(OSError):  # then it is seen that this process is gone
            said = reason(error, files.folder)
            reporter.begin(0.0, said, failed=True, setting=getattr(error, "setting", None))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
