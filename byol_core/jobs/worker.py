"""The process of a lane: does what waits, one job after another, and stays loaded for a while after the last.

One a home and lane (a lock says so). A job during which it was killed is not tried again by itself: it may have been
the reason. Torch, numba and the like are imported by the handlers.
"""

from __future__ import annotations

import errno
import math
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout
from pydantic import ValidationError

from byol_core.errors import LabError
from byol_core.events import StopAsked
from byol_core.jobs import service
from byol_core.jobs import status as progress_file
from byol_core.jobs.context import JobContext, LruCache, Yield
from byol_core.jobs.kinds import Handler, JobKind, Lane, Result, find_handler
from byol_core.jobs.queue import Ticket
from byol_core.jobs.request import JobFiles, Request
from byol_core.jobs.status import Reporter
from byol_core.messages import Message
from byol_core.system.bell import Bell
from byol_core.system.files import because, clear_leftovers, is_disk_full
from byol_core.system.fingerprint import stamp_of
from byol_core.system.out_of_memory import is_out_of_memory, let_go

# After its last job it stays for so long: who asked once may ask again, and what took seconds to load is here. What
# the batch lane keeps are whole image sets.
IDLE_SECONDS: dict[Lane, float] = {"interactive": 600.0, "batch": 10.0}
_LOOK_SECONDS = 2.0  # without being woken, it looks round this often
# Whoever only looks holds the lock for less than this.
_PATIENCE_SECONDS = 3.0
# A job on which no word can be left, as on a full disk, is looked at again after so long.
_AGAIN_SECONDS = 5.0
# So much is kept warm: an encoder with its vectors, the images, a few fitted models.
_THINGS = 24
# Of a kind whose newest goes first, whoever waits asks again now and then; what nobody asked for so long is dropped.
_ABANDONED_SECONDS = 60.0
_PACKAGE = Path(__file__).resolve().parents[1]
# So often it looks whether its own code is another than the one that it has loaded.
_EDITION_SECONDS = 2.0


@dataclass(frozen=True)
class Waiting:
    """A job that waits: ``touched`` is when it was asked last, in nanoseconds since 1970."""

    ticket: Path
    kind: JobKind
    files: JobFiles
    request: Request
    touched: int

    @property
    def order(self) -> tuple[int, bool, int]:
        """The smallest goes first."""
        newest_first = self.kind.latest_first
        return self.kind.rank, not newest_first, -self.touched if newest_first else self.touched


@dataclass
class Worker:
    """The process of one lane of a home. ``find``: the handler of a place; ``ended``: set to leave; ``begin``: told the
    kind of each job before it."""

    home: Path
    lane: Lane
    idle: float = 0.0
    find: Callable[[str], Handler] = find_handler
    ended: threading.Event = field(default_factory=threading.Event)
    memory: LruCache = field(default_factory=lambda: LruCache(_THINGS))
    begin: Callable[[JobKind], None] = lambda kind: None
    _tried: dict[tuple[Path, int], float] = field(default_factory=dict, init=False)
    _edition: tuple[float, str] = field(default=(-math.inf, ""), init=False)

    def serve(self) -> None:
        """Work until nothing was asked for a while; at once, when another process does that."""
        while not self.ended.is_set():
            try:
                lock, path = service.lane_lock(self.home, self.lane), service.bell_path(self.home, self.lane)
                with lock.acquire(timeout=_PATIENCE_SECONDS), Bell(path) as bell:
                    self._loop(bell)
            except Timeout:
                return
            if not self._waiting():  # one that came in after the last look found the lock taken, and relies on this
                return

    def _loop(self, bell: Bell) -> None:
        with suppress(OSError):
            clear_leftovers(self.home / service.FOLDER)
        busy, edition = time.monotonic(), _edition()
        while not self.ended.is_set() and self.home.is_dir():
            if self._is_outdated(edition):
                self.ended.set()  # a reader starts the next one, which works with the new program
                return
            if waiting := self._waiting():
                self._take(waiting[0])
                busy = time.monotonic()
                bell.worked()
            elif time.monotonic() - busy >= self.idle:
                return
            else:
                bell.wait(min(_LOOK_SECONDS, self.idle))

    def _is_outdated(self, edition: str) -> bool:
        """Whether the program was replaced since it was loaded."""
        if time.monotonic() - self._edition[0] > _EDITION_SECONDS:
            self._edition = time.monotonic(), _edition()
        return self._edition[1] != edition

    # What waits

    def _waiting(self) -> list[Waiting]:
        """What waits, the next first; tickets of what does not wait any more are taken away."""
        found = [waiting for path in self._tickets() if (waiting := self._read(path))]
        return sorted(found, key=lambda waiting: waiting.order)

    def _tickets(self) -> list[Path]:
        with suppress(OSError):
            return [path for path in service.tickets(self.home, self.lane).iterdir() if path.suffix == ".json"]
        return []

    def _read(self, path: Path) -> Waiting | None:
        try:
            touched = path.stat().st_mtime_ns
            ticket = Ticket.model_validate_json(path.read_bytes())
        except OSError:
            return None
        except ValidationError:
            _drop(path)
            return None
        files = JobFiles(ticket.folder, ticket.key)
        request, status = files.read_request(), files.read_status()
        if status is not None and not status.failed and status.alive:
            return None  # at work, perhaps by this process, which may let another one pass
        if request is None or status is not None or not _is_wanted(files, ticket.kind, request):
            _drop(path)
            return None
        if ticket.kind.latest_first and time.time_ns() - touched > _ABANDONED_SECONDS * 1e9:
            files.clear()
            _drop(path)
            return None
        last = self._tried.get((files.request, request.asked), -math.inf)
        found = Waiting(path, ticket.kind, files, request, touched)
        return found if time.monotonic() - last > _AGAIN_SECONDS else None

    # Working

    def _take(self, waiting: Waiting) -> None:
        """Do one job; whatever happens is told in its status, and a traceback goes to the log only."""
        files, reporter = waiting.files, Reporter(waiting.files.status)
        try:
            if progress_file.is_full(files.folder):
                raise LabError(progress_file.full(files.folder))
            reporter.begin()  # should this process be killed, the next one must know that it was at this
        except (LabError, OSError) as error:
            self._tried[files.request, waiting.request.asked] = time.monotonic()
            print(f"{files.key}: {error}", flush=True)
            return
        try:
            self.begin(waiting.kind)
            do(self.find(waiting.kind.handler), waiting.request, self._context(waiting, reporter))
        except StopAsked as error:
            if self._is_called_off(waiting):
                _let_be(files)
            else:  # or it would wait again, for ever
                self._fail(waiting, reporter, error)
        except Yield:
            files.clear_status()
        except Exception as error:
            self._fail(waiting, reporter, error)

    def _context(self, waiting: Waiting, reporter: Reporter) -> JobContext:
        def others() -> bool:
            return any(other.kind.rank < waiting.kind.rank for other in self._waiting())

        def tell(share: float, message: str) -> None:
            reporter.say(share, message)
            self._let_pass(waiting.kind)

        return JobContext(
            waiting.files,
            tell,
            self.memory,
            called_off=lambda: self._is_called_off(waiting),
            others=others,
            asked=waiting.request.asked,
        )

    def _let_pass(self, kind: JobKind) -> None:
        """Whoever drags a slider does not wait for a map to end: what that takes is done in between."""
        if kind.latest_first:
            return
        for other in self._waiting()[:1]:
            if other.kind.latest_first and not other.kind.rank:
                self._take(other)
                self.begin(kind)

    def _is_called_off(self, waiting: Waiting) -> bool:
        return self.ended.is_set() or is_called_off(waiting.files, waiting.request)

    def _fail(self, waiting: Waiting, reporter: Reporter, error: Exception) -> None:
        """Whatever the reason, the page that waits for this result has to be told."""
        if not isinstance(error, LabError):
            print("".join(traceback.format_exception(error)), flush=True)
        files = waiting.files
        try:
            log = service.log_path(self.home, self.lane).relative_to(self.home)
            said = reason(error, files.folder, str(log))
            reporter.begin(0.0, said, failed=True, setting=getattr(error, "setting", None))
        except OSError:  # then it waits again, rather than being worked on for ever
            files.clear_status()
            self._tried[files.request, waiting.request.asked] = time.monotonic()
        if is_out_of_memory(error):
            self.memory.clear()
        let_go(error)


def do(handler: Handler, request: Request, job: JobContext) -> Result:
    """Do one job and keep its result, unless nobody waits for it any more: then StopAsked."""
    files = job.files
    with suppress(OSError):
        clear_leftovers(files.folder)
    found = handler(files.folder, request.task, job.inputs(), job)
    if job.called_off():
        raise StopAsked
    found.keep(files.result)
    files.clear()
    return found


def is_called_off(files: JobFiles, begun: Request) -> bool:
    """Whether what was begun was withdrawn, stopped or asked again since."""
    now = files.read_request()
    return now is None or now.stop or now.asked != begun.asked


def _is_wanted(files: JobFiles, kind: JobKind, request: Request) -> bool:
    """Whether a ticket is of what is asked now; a request of an earlier release may have no kind."""
    return request.kind in ("", kind.name) and not request.stop and not files.is_done()


def _edition(package: Path = _PACKAGE) -> str:
    """What tells one state of this package's code from the next: those who answer are imported when first asked.

    Where people work on the code, any file of it; where it is installed, the one that an upgrade always replaces.
    """
    in_the_making = (package.parent / "pyproject.toml").is_file()
    return stamp_of(sorted(package.rglob("*.py")) if in_the_making else [package / "__init__.py"])


def _drop(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _let_be(files: JobFiles) -> None:
    """Nobody waits for it; what was asked again in its last moment, or when this process had to leave, waits again."""
    if files.read_request() is None:
        files.clear()
    else:
        files.clear_status()


def reason(error: Exception, folder: Path, log: str = "") -> str:
    """What went wrong, in one sentence; ``log``: the file in the home that has more of what nobody expected."""
    if isinstance(error, LabError):
        return error.message
    if is_out_of_memory(error):
        return Message("The memory was not enough for this; close other programs, then try again.")
    if is_disk_full(error):
        return progress_file.full(folder)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return Message("The result cannot be written ({reason}); raise it, then try again.", reason=because(error))
    lines = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    if not log:
        return Message("The computation failed unexpectedly ({reason}).", reason=what)
    return Message(
        "The computation failed unexpectedly ({reason}); {log} in the home has the details.", reason=what, log=log
    )
