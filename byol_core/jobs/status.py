"""A process that works for a reader: one small file says who it is and how far it is.

Whoever starts it and whoever waits for it need not live as long as it does: a page may be closed and opened again.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil
from pydantic import BaseModel, ValidationError

from byol_core.messages import Message, decode, encode
from byol_core.system import processes
from byol_core.system.files import write_atomic

# A result of such a process, and the word on it, need less.
LEAST_FREE_BYTES = 256 * 1024
# Nobody sees more than so many words a second, and each is a write to the disk.
_EVERY_SECONDS = 0.5
# Before so much is done, what is left is anybody's guess.
_LEAST_SHARE = 0.05
STARTING = Message("Starting")
_UNREADABLE = Message("The progress of this work cannot be read; try again.")


State = Literal["absent", "waiting", "running", "ready", "failed", "stopped"]


@dataclass(frozen=True)
class Job:
    """Where a question stands: ``share`` of the work (0 to 1) is done, ``message`` says what goes on or went wrong.

    ``seconds_left`` is a guess, and None where there is nothing to go by. "waiting": asked, and not yet begun.
    ``setting`` is the one that what went wrong is about, as of a LabError. ``died``: its process ended without a word.
    """

    state: State
    share: float = 0.0
    message: str = ""
    seconds_left: float | None = None
    setting: str | None = None
    died: bool = False


class Status(BaseModel):
    """What a process says about its work: ``share`` of it is done, 0 to 1; ``mark`` and ``pid`` tell who it is.

    ``own_process``: it does this alone and may be ended for it. ``said``: how the message was made, see
    :mod:`byol_core.messages`.
    """

    pid: int
    mark: float
    share: float = 0.0
    message: str = ""
    failed: bool = False
    seconds_left: float | None = None
    setting: str | None = None
    own_process: bool = False
    said: Any = None

    def model_post_init(self, context: Any) -> None:
        """Take the message as it was said, in whatever process that was."""
        self.message = decode(self.message, self.said)

    @property
    def alive(self) -> bool:
        """Whether the process that said this is still there, on this machine."""
        return processes.find(self.pid, self.mark) is not None


def read(file: Path) -> Status | None:
    """The last word; None where there is none. One that cannot be read counts as a failure that says so."""
    try:
        return Status.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        return Status(pid=0, mark=0.0, failed=True).model_copy(update={"message": _UNREADABLE})


def announce(file: Path, pid: int) -> None:
    """Say for a job's own process that it was started, so that nobody starts another; OSError as writing."""
    try:
        pid, mark = processes.identity(pid)
    except psutil.Error:
        mark = 0.0  # it ended at once: nobody will be found under this identity
    _write(file, Status(pid=pid, mark=mark, own_process=True), STARTING)


class Reporter:
    """What a process says about itself, at most twice a second."""

    def __init__(self, file: Path, own_process: bool = False) -> None:
        self.file, self.own_process = file, own_process
        self.pid, self.mark = processes.identity()
        self.began, self.said = time.monotonic(), 0.0

    def say(self, share: float, message: str, *, failed: bool = False, setting: str | None = None) -> None:
        """Write how far it is; where that cannot be written, the work goes on, and a reader finds out."""
        if failed or time.monotonic() - self.said > _EVERY_SECONDS:
            with suppress(OSError):
                self.begin(share, message, failed=failed, setting=setting)

    def begin(
        self, share: float = 0.0, message: str = STARTING, *, failed: bool = False, setting: str | None = None
    ) -> None:
        """The same at once, with an OSError where it cannot be written."""
        self.said = time.monotonic()
        left = None if failed else self._seconds_left(share)
        said = {"share": share, "failed": failed, "setting": setting, "seconds_left": left}
        status = Status(pid=self.pid, mark=self.mark, own_process=self.own_process).model_copy(update=said)
        _write(self.file, status, message)

    def _seconds_left(self, share: float) -> float | None:
        if not _LEAST_SHARE < share < 1:
            return None
        return round((time.monotonic() - self.began) * (1 - share) / share, 1)


def _write(file: Path, status: Status, message: str) -> None:
    # A folder that was deleted meanwhile does not come back.
    told = status.model_copy(update={"message": str(message), "said": encode(message)})
    write_atomic(file, told.model_dump_json().encode(), make_folder=False)


def is_full(folder: Path) -> bool:
    """Whether the disk of that folder has no room for a result."""
    with suppress(OSError):
        return shutil.disk_usage(folder).free < LEAST_FREE_BYTES
    return False


def full(folder: Path) -> str:
    """The sentence for a disk without room for a result."""
    return Message("The disk of '{folder}' is full; free some space, then try again.", folder=folder)
