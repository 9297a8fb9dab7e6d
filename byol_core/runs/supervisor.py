"""The supervisor of a home: starts waiting runs in order, repairs stale rows, and ends runs that do not stop.

``python -m byol_core.runs.supervisor``: one a home (a lock says so), detached, gone when there was nothing to do for a
while. Runs do not need it to live on: when it dies, the next one finds them. It measures time by a clock that nobody
can set, and a store that cannot be used for a while does not end it.
"""

from __future__ import annotations

import argparse
import signal
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psutil
from filelock import Timeout

from byol_core.errors import LabError
from byol_core.messages import Message
from byol_core.runs import children, devices, folder, launcher, library, row_texts
from byol_core.runs import lock as hold
from byol_core.runs.children import Child
from byol_core.runs.repair import amend, repair
from byol_core.runs.run import Run
from byol_core.runs.schema import runs
from byol_core.runs.store import RunStore
from byol_core.system import processes
from byol_core.system.bell import Bell
from byol_core.system.files import write_json

WORKER = "byol_core.runs.worker"
_OPEN_SECONDS = 0.5  # between two tries to open the store
POLL_SECONDS = 2.0  # without being woken, by whoever queues or stops a run or by the end of a worker
IDLE_SECONDS = 60.0
# From the request to stop until the whole process group is killed.
GRACE_SECONDS = 60.0
ABOUT = "supervisor.json"
PATIENCE_SECONDS = 3600.0  # after failing for so long without a break, nothing is hoped for any more
_NEVER_BEGAN = Message("Its process did not get as far as to begin; resume it to try again.")


class Supervisor:
    """One look at the store after another; all that matters of what it knows is in the store."""

    def __init__(self, store: RunStore, *, worker: str = WORKER, grace: float = GRACE_SECONDS) -> None:
        self.store, self.worker, self.grace = store, worker, grace
        self.devices = devices.cuda_devices()
        self._me = processes.identity()
        self._claimed: set[str] = set()  # attempts
        self._children: list[Child] = []
        self._asked: dict[str, float] = {}  # attempts that were asked to stop, and when that was first seen

    def tick(self) -> bool:
        """Do all that is to do now; whether there is anything to wait for."""
        ended = [child for child in self._children if child.process.poll() is not None]  # before the rows say so
        repair(self.store)
        for child in ended:
            children.see_off(self.store, child)
            self._children.remove(child)
        live = self.store.live_here()
        self._find_lost(live)
        self._enforce_stops(live)
        waiting = self.store.queue_here()
        self._start_waiting(waiting, live)
        return bool(live or waiting)

    def _find_lost(self, live: Sequence[Run]) -> None:
        """Runs that were taken, and whose worker did not get as far as to say so."""
        for run in live:
            unsaid = (run.pid, run.pid_created) == self._me and run.state == "starting"
            if not unsaid or hold.ticket(run) not in self._claimed:
                continue
            child = next((child for child in self._children if child.ticket == hold.ticket(run)), None)
            if child is None:
                self.store.correct(run, "failed", _NEVER_BEGAN)
            else:  # the store did not take it at first
                self.store.set_process(run.run_id, processes.identity(child.process.pid))

    def _enforce_stops(self, live: Sequence[Run]) -> None:
        now = time.monotonic()
        asked = {hold.ticket(run): run for run in live if run.stop_requested}
        self._asked = {ticket: self._asked.get(ticket, now) for ticket in asked}
        for ticket, run in asked.items():
            if now - self._asked[ticket] < self.grace or not processes.kill(run.pid, run.pid_created):
                continue
            if processes.find(run.pid, run.pid_created) is not None:
                continue  # it hangs in a disk or a driver
            why = Message("Ended by force: it did not stop within {seconds:g} seconds.", seconds=self.grace)
            repair(self.store)  # with what it left
            amend(self.store, run.run_id, run.attempt, "stopped", why)

    def _start_waiting(self, waiting: Sequence[Run], live: Sequence[Run]) -> None:
        first = devices.slot_of({}, self.devices)[0]
        busy = {slot: [run.name] for run in live for slot in devices.parts(run.device or first)}
        running = set(busy)
        why: dict[str, str] = {}
        for run in waiting:
            choices = devices.slot_of(run.config, self.devices)
            # The shortest queues; a run that waits for several keeps the free ones among them for itself.
            chosen = sorted(choices, key=lambda slot: len(busy.get(slot, [])))[: devices.needed(run.config, choices)]
            taken = [slot for slot in chosen if slot in busy]
            if not taken:
                self._start(run, devices.together(chosen))
                running |= set(chosen)
            else:
                why[run.run_id] = _waits_for(busy[taken[0]], taken[0], taken[0] in running)
            for slot in chosen:
                busy.setdefault(slot, []).append(run.name)
        self._say_why([run for run in waiting if why.get(run.run_id, run.message) != run.message], why)

    def _say_why(self, changed: Sequence[Run], why: dict[str, str]) -> None:
        if not changed:
            return
        with self.store.writing() as connection:
            for run in changed:
                waits = (runs.c.run_id == run.run_id, runs.c.state == "queued")
                said = row_texts.changed(connection, run.run_id, message=why[run.run_id])
                connection.execute(runs.update().where(*waits).values(**said))

    def _start(self, run: Run, slot: str) -> None:
        # In this process's name until the worker has one of its own, so that none is without a process even if this
        # one is killed between the two lines.
        claimed = self.store.claim(run.run_id, self._me, device=slot)
        if claimed is None:
            return
        self._claimed.add(hold.ticket(claimed))
        try:
            child = children.start(self.store, claimed, slot, self.worker)
            self._children.append(child)
            self.store.set_process(run.run_id, processes.identity(child.process.pid))
        except (OSError, psutil.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else Message("it ended at once")
            # Not when the process got as far as to say how it ended.
            self.store.correct(
                claimed, "failed", Message("Its process could not be started ({reason}).", reason=reason)
            )


def _waits_for(names: Sequence[str], slot: str, running: bool) -> str:
    """Why a run waits: for the first of those before it, which is running or waits itself."""
    device, run, more = devices.title(slot), names[0], len(names) - 1
    if running and not more:
        return Message("Waits for {device}: '{run}' is running there.", device=device, run=run)
    if running:
        return Message(
            "Waits for {device}: '{run}' is running there and {more} more before it.", device=device, run=run, more=more
        )
    if not more:
        return Message("Waits for {device}: '{run}' is to run there.", device=device, run=run)
    return Message(
        "Waits for {device}: '{run}' is to run there and {more} more before it.", device=device, run=run, more=more
    )


def serve(store: RunStore, *, idle: float = IDLE_SECONDS, ended: threading.Event | None = None, **options: Any) -> None:
    """Be the supervisor of this home until nothing was to do for a while; at once, when there is one already.

    ``ended``: set to leave after the look that is being taken.
    """
    ended = ended or threading.Event()
    while not ended.is_set():
        try:
            lock = launcher.supervisor_lock(store.home)
            with lock.acquire(timeout=2), Bell(store.home / launcher.BELL, soon=0.5) as bell:
                _introduce(store)
                _loop(Supervisor(store, **options), idle, ended, bell)
        except Timeout:
            return
        if not _waiting(store):  # one that came in after the last look found the lock taken, and relies on this
            return


def _introduce(store: RunStore) -> None:
    """For people who look: the lock is what counts."""
    pid, created = processes.identity()
    with suppress(OSError):
        write_json(store.home / ABOUT, {"pid": pid, "created": created})


def _waiting(store: RunStore) -> bool:
    try:
        return store.home.is_dir() and bool(store.queue_here())
    except LabError:
        return False


def _loop(supervisor: Supervisor, idle: float, ended: threading.Event, bell: Bell) -> None:
    trouble = Trouble()
    trouble.without(_empty_trash, supervisor.store)
    busy = time.monotonic()
    while not ended.is_set() and time.monotonic() - busy < idle:
        if not supervisor.store.home.is_dir():
            return
        if trouble.without(supervisor.tick):
            busy = time.monotonic()
        bell.wait(min(POLL_SECONDS, idle))


class Trouble:
    """Says what goes wrong once, and once when it is over: a log that fills a full disk helps nobody."""

    def __init__(self) -> None:
        self._said, self._since = "", 0.0

    def without(self, action: Callable[..., bool], *arguments: Any) -> bool:
        """What the action says; when it fails, whether there is still hope."""
        try:
            found = action(*arguments)
        except Exception as error:  # a full disk, a store that somebody else holds: the next look may find it over
            self._say(str(error) if isinstance(error, LabError | OSError) else traceback.format_exc())
            return time.monotonic() - self._since < PATIENCE_SECONDS
        if self._said:
            say("All is well again.")
        self._said = ""
        return found

    def _say(self, text: str) -> None:
        if not self._said:
            self._since = time.monotonic()
        if text != self._said:
            say(text)
        self._said = text


def say(text: str) -> None:
    """A line for supervisor.log, when there is room."""
    with suppress(OSError, ValueError):
        print(time.strftime("%F %T"), text, flush=True)


def _empty_trash(store: RunStore) -> bool:
    folder.empty_trash(store.home)
    return library.purge(store, older_than=library.TRASH_SECONDS) > 0


def _open(seconds: float) -> RunStore:
    """The store, as soon as it can be opened; LabError when it cannot for so long."""
    end = time.monotonic() + seconds
    while True:
        try:
            return RunStore()
        except LabError:
            if time.monotonic() > end:
                raise
        time.sleep(_OPEN_SECONDS)


def main(arguments: Sequence[str] | None = None, worker: str = WORKER) -> int:
    """Serve the home of ``$BYOL_LAB_HOME``."""
    parser = argparse.ArgumentParser(prog="python -m byol_core.runs.supervisor")
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds without work before it ends")
    parser.add_argument("--grace", type=float, default=GRACE_SECONDS, help="seconds that a stop may take")
    options = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, lambda *_: None)  # to be woken when a worker ends
    try:
        serve(_open(options.idle), idle=options.idle, grace=options.grace, ended=ended, worker=worker)
    except LabError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
