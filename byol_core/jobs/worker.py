"""The process of a lane: answers what waits, one after another, and stays warm for a while after its last answer.

One a home and lane (a lock says so). A question during which it was killed is not tried again by itself: it may have
been the reason. Torch, numba and the like are imported by whoever answers.
"""

from __future__ import annotations

import errno
import json
import math
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout

from byol_core.errors import LabError
from byol_core.events import StopAsked
from byol_core.jobs import arrays, handlers, queue
from byol_core.jobs import status as background
from byol_core.jobs.context import Memory, Postponed, Tools
from byol_core.jobs.handlers import Handler
from byol_core.jobs.request import Desk, Request
from byol_core.jobs.status import Reporter
from byol_core.system.bell import Bell
from byol_core.system.files import because, clear_leftovers, is_disk_full
from byol_core.system.fingerprint import stamp_of
from byol_core.system.out_of_memory import is_out_of_memory, let_go

# After its last answer it stays for so long: who asked once may ask again, and what took seconds to load is here.
IDLE_SECONDS = 600.0
_LOOK_SECONDS = 2.0  # without being woken, it looks round this often
# Whoever only looks holds the lock for less than this.
_PATIENCE_SECONDS = 3.0
# A question on which no word can be left, as on a full disk, is looked at again after so long.
_AGAIN_SECONDS = 5.0
# So much is kept warm: an encoder with its vectors, the images, a few fitted models.
_THINGS = 16
# In the laboratory whoever waits asks again now and then; what nobody asked for so long is dropped.
_ABANDONED_SECONDS = 60.0
_PACKAGE = Path(__file__).resolve().parents[1]
# So often it looks whether its own code is another than the one that it has loaded.
_EDITION_SECONDS = 2.0


@dataclass(frozen=True)
class Ticket:
    """A question that waits: ``touched`` is when it was asked last, in nanoseconds since 1970."""

    path: Path
    desk: Desk
    request: Request
    touched: int


@dataclass
class Worker:
    """The process of one lane of a home. ``find``: who answers a kind; ``ended``: set to leave."""

    home: Path
    lane: str
    idle: float = IDLE_SECONDS
    find: Callable[[str], Handler] = handlers.handler
    ended: threading.Event = field(default_factory=threading.Event)
    memory: Memory = field(default_factory=lambda: Memory(_THINGS))
    _tried: dict[tuple[Path, int], float] = field(default_factory=dict, init=False)
    _edition: tuple[float, str] = field(default=(-math.inf, ""), init=False)

    def serve(self) -> None:
        """Answer until nothing was asked for a while; at once, when another process does that."""
        while not self.ended.is_set():
            try:
                lock, path = queue.lane_lock(self.home, self.lane), queue.bell_path(self.home, self.lane)
                with lock.acquire(timeout=_PATIENCE_SECONDS), Bell(path) as bell:
                    self._loop(bell)
            except Timeout:
                return
            if not self._waiting():  # one that came in after the last look found the lock taken, and relies on this
                return

    def _loop(self, bell: Bell) -> None:
        with suppress(OSError):
            clear_leftovers(self.home / queue.FOLDER)
        busy, edition = time.monotonic(), _edition()
        while not self.ended.is_set() and self.home.is_dir():
            if self._is_outdated(edition):
                self.ended.set()  # whoever looks on starts the next one, which answers with the new program
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

    def _waiting(self) -> list[Ticket]:
        """What waits, the next first; tickets of what does not wait any more are taken away."""
        found = [ticket for path in self._tickets() if (ticket := self._ticket(path))]
        newest_first = self.lane == "lab"
        found.sort(key=lambda ticket: -ticket.touched if newest_first else ticket.touched)
        return sorted(found, key=lambda ticket: handlers.rank(ticket.request.kind))

    def _tickets(self) -> list[Path]:
        with suppress(OSError):
            return [path for path in (self.home / queue.FOLDER / self.lane).iterdir() if path.suffix == ".json"]
        return []

    def _ticket(self, path: Path) -> Ticket | None:
        try:
            touched = path.stat().st_mtime_ns
            told = json.loads(path.read_bytes())
            desk = Desk(Path(told["folder"]), told["key"])
        except OSError:
            return None
        except (ValueError, KeyError, TypeError):
            _drop(path)
            return None
        request, status = desk.asked(), desk.word()
        if status is not None and not status.failed and status.alive:
            return None  # at work, perhaps by this process, which may postpone it
        if request is None or status is not None or desk.is_answered():
            _drop(path)
            return None
        if self.lane == "lab" and time.time_ns() - touched > _ABANDONED_SECONDS * 1e9:
            desk.clear()
            _drop(path)
            return None
        last = self._tried.get((desk.request, request.asked), -math.inf)
        return Ticket(path, desk, request, touched) if time.monotonic() - last > _AGAIN_SECONDS else None

    # Answering

    def _take(self, ticket: Ticket) -> None:
        """Answer one question; whatever happens is told in its status, and a traceback goes to the log only."""
        desk, reporter = ticket.desk, Reporter(ticket.desk.status)
        try:
            if background.is_full(desk.folder):
                raise LabError(background.full(desk.folder))
            reporter.begin()  # should this process be killed, the next one must know that it was at this
        except (LabError, OSError) as error:
            self._tried[desk.request, ticket.request.asked] = time.monotonic()
            print(f"{desk.key}: {error}", flush=True)
            return
        try:
            self._answer(ticket, reporter)
        except StopAsked as error:
            if self._is_called_off(ticket):
                _let_be(ticket)
            else:  # or it would wait again, for ever
                self._fail(ticket, reporter, error)
        except Postponed:
            desk.say_nothing()
        except Exception as error:
            self._fail(ticket, reporter, error)

    def _answer(self, ticket: Ticket, reporter: Reporter) -> None:
        desk, begun = ticket.desk, ticket.request
        own = handlers.rank(begun.kind)

        def called_off() -> bool:
            return self._is_called_off(ticket)

        def others() -> bool:
            return any(handlers.rank(waiting.request.kind) < own for waiting in self._waiting())

        tools = Tools(desk, reporter, self.memory, called_off, others)
        with suppress(OSError):
            clear_leftovers(desk.folder)
        found = self.find(begun.kind)(desk.folder, begun.question, tools.asked_arrays(), tools)
        if called_off():
            raise StopAsked
        arrays.save(desk.answer, found)
        desk.clear()

    def _is_called_off(self, ticket: Ticket) -> bool:
        now = ticket.desk.asked()
        return self.ended.is_set() or now is None or now.asked != ticket.request.asked

    def _fail(self, ticket: Ticket, reporter: Reporter, error: Exception) -> None:
        """Whatever the reason, the page that waits for this answer has to be told."""
        if not isinstance(error, LabError):
            print("".join(traceback.format_exception(error)), flush=True)
        try:
            log = queue.log_path(self.home, self.lane).relative_to(self.home)
            said = reason(error, ticket.desk.folder, f"; {log} in the home has the details")
            reporter.begin(0.0, said, failed=True, setting=getattr(error, "setting", None))
        except OSError:  # then it waits again, rather than being worked on for ever
            ticket.desk.say_nothing()
            self._tried[ticket.desk.request, ticket.request.asked] = time.monotonic()
        if is_out_of_memory(error):
            self.memory.clear()
        let_go(error)


def _edition(package: Path = _PACKAGE) -> str:
    """What tells one state of this package's code from the next: those who answer are imported when first asked.

    Where people work on the code, any file of it; where it is installed, the one that an upgrade always replaces.
    """
    in_the_making = (package.parent / "pyproject.toml").is_file()
    return stamp_of(sorted(package.rglob("*.py")) if in_the_making else [package / "__init__.py"])


def _drop(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _let_be(ticket: Ticket) -> None:
    """Nobody waits for it; what was asked anew in its last moment, or when this process had to leave, waits again."""
    if ticket.desk.asked() is None:
        ticket.desk.clear()
    else:
        ticket.desk.say_nothing()


def reason(error: Exception, folder: Path, details: str = "") -> str:
    """What went wrong, in one sentence; ``details``: what is added to it when nobody expected that."""
    if isinstance(error, LabError):
        return str(error)
    if is_out_of_memory(error):
        return "The memory was not enough for this; close other programs, then try again."
    if is_disk_full(error):
        return background.full(folder)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"The result cannot be written ({because(error)}); raise it, then try again."
    lines = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"The computation failed unexpectedly ({what}){details}."
