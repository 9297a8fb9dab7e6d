"""Wakes up a process that waits for work, so that it does not have to poll: whoever adds work rings its bell.

A bell is a named pipe in the system's folder for temporary files. It is not in the home, because people copy and zip a
home while the program is running, and reading a pipe would make them wait forever. A ring stays in the pipe until it is
read, so a ring that comes while the process is busy is not lost.

A ring only means "look for work", and the process also looks now and then without one: work may come from another
machine that shares the disk, and Windows has no named pipes.
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

_SOON, _LATER = 0.05, 0.5  # seconds between two looks without a bell: shortly after some work, and later
_LIVELY_SECONDS = 30.0
_MOST = 65536


class Bell:
    """The bell of the process that holds the lock at ``path``; it exists for the duration of a ``with`` block.

    In the main thread, a signal rings it too, so that :meth:`wait` returns once the signal handler has run. ``soon`` is
    the number of seconds between two looks on systems without named pipes, shortly after there was work.
    """

    def __init__(self, path: Path, soon: float = _SOON) -> None:
        self.path, self.soon = path, soon
        self._pipe: int | None = None
        self._before = -1
        self._worked = time.monotonic()

    def __enter__(self) -> Bell:
        self._pipe = _open_pipe(pipe_of(self.path)) if hasattr(os, "mkfifo") else None
        if self._pipe is not None and _in_main_thread():
            # A signal handler in Python runs between two bytecodes, and ``select`` would go on sleeping after it.
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
        """Note that there was work just now, so more may come soon."""
        self._worked = time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait until somebody rings, at most ``seconds``; without a named pipe, sleep briefly."""
        if self._pipe is None:
            lively = time.monotonic() - self._worked < _LIVELY_SECONDS
            time.sleep(min(seconds, self.soon if lively else _LATER))
            return
        select.select([self._pipe], [], [], seconds)
        with suppress(BlockingIOError):
            while os.read(self._pipe, _MOST):
                pass


def pipe_of(path: Path) -> Path:
    """The path of the pipe for this lock: in a folder of this user, with a name derived from the path of the lock."""
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"byol-lab-{os.getuid()}" / f"{name}.bell"


def ring(path: Path) -> bool:
    """Wake up the process that waits at this bell; False when there is none."""
    if not hasattr(os, "mkfifo"):
        return False
    try:
        pipe = os.open(pipe_of(path), os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # nobody waits
        return False
    try:
        about = os.fstat(pipe)
        if not stat.S_ISFIFO(about.st_mode) or about.st_uid != os.getuid():
            return False
        with suppress(BlockingIOError):  # full: it was rung often enough
            os.write(pipe, b".")
        return True
    except OSError:  # it was removed at this moment
        return False
    finally:
        os.close(pipe)


def _open_pipe(path: Path) -> int | None:
    """Create the pipe, and open both ends so that it never reports end of file; None where that is not possible."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # Another user created the folder first, and could replace the pipe.
        if path.parent.lstat().st_uid != os.getuid():
            return None
        path.unlink(missing_ok=True)  # of a process that was killed; the caller has the lock, so nobody else uses it
        os.mkfifo(path, 0o600)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:  # a file system without pipes, or a full disk
        return None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
