"""Wakes a process that waits for work, at once and without being looked for: who leaves work rings its bell.

A bell is a named pipe, in the system's folder for temporary files: people copy and pack a home while its lab is open,
and a pipe there would have them wait for ever. What was rung stays in it until it is heard, so a ring that comes while
the process looks round is not lost. It says no more than "look", and whoever waits looks now and then without one as
well: work may come from another machine that shares the disk, and where there are no named pipes, as on Windows, that
is all there is.
"""

from __future__ import annotations

import hashlib
import os
import select
import signal
import stat
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_SOON, _LATER = 0.05, 0.5  # between two looks without a bell: while more may come at any moment, and later
_LIVELY_SECONDS = 30.0
_MOST = 65536


class Bell:
    """The bell of the process that holds the lock at that path; hung up for the time of a ``with`` block.

    In the main thread a signal rings it too, once its handler has run. ``soon``: seconds between two looks where there
    are no bells, while more may come at any moment.
    """

    def __init__(self, path: Path, soon: float = _SOON) -> None:
        self.path, self.soon = path, soon
        self._pipe: int | None = None
        self._before = -1
        self._worked = time.monotonic()

    def __enter__(self) -> Bell:
        self._pipe = _hung(pipe_of(self.path)) if hasattr(os, "mkfifo") else None
        if self._pipe is not None and _in_main_thread():
            self._before = signal.set_wakeup_fd(self._pipe, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._pipe is None:
            return
        if _in_main_thread():
            signal.set_wakeup_fd(self._before)
        with suppress(OSError):
            pipe_of(self.path).unlink(missing_ok=True)
        os.close(self._pipe)
        self._pipe = None

    def worked(self) -> None:
        """There was something to do: more may come soon."""
        self._worked = time.monotonic()

    def wait(self, seconds: float) -> None:
        """Until somebody rings, at most so long; without a bell, a moment."""
        if self._pipe is None:
            lively = time.monotonic() - self._worked < _LIVELY_SECONDS
            time.sleep(min(seconds, self.soon if lively else _LATER))
            return
        select.select([self._pipe], [], [], seconds)
        with suppress(BlockingIOError):
            while os.read(self._pipe, _MOST):
                pass


def pipe_of(path: Path) -> Path:
    """Where the pipe of the bell with this name lies: this user's own folder, one name for each home."""
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"byol-lab-{os.getuid()}" / f"{name}.bell"


def ring(path: Path) -> bool:
    """Wake whoever waits at that bell; False when nobody does."""
    if not hasattr(os, "mkfifo"):
        return False
    try:
        pipe = os.open(pipe_of(path), os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # nobody there
        return False
    try:
        about = os.fstat(pipe)
        if not stat.S_ISFIFO(about.st_mode) or about.st_uid != os.getuid():
            return False
        with suppress(BlockingIOError):  # full: it was rung often enough
            os.write(pipe, b".")
        return True
    except OSError:  # it was taken down this moment
        return False
    finally:
        os.close(pipe)


def _hung(path: Path) -> int | None:
    """The pipe, open to both sides, so that it has no end; None where there can be none."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.parent.lstat().st_uid != os.getuid():  # somebody else was there before, and might take the pipe away
            return None
        path.unlink(missing_ok=True)  # of one that was killed; the lock says that it is nobody's
        os.mkfifo(path, 0o600)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:  # a disk without pipes, or a full one
        return None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
