"""The supervisor of a home: starts waiting runs in order, repairs stale rows, and ends runs that do not stop.

``python -m byol_core.runs.supervisor``: one a home (a lock says so), detached, gone when there was nothing to do for a
while. Runs do not need it to live on: when it dies, the next one finds them.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import psutil
from filelock import Timeout

from byol_core import processes
from byol_core.errors import LabError
from byol_core.files import write_json
from byol_core.runs import executors, folder, slots
from byol_core.runs.model import Run
from byol_core.runs.repair import repair
from byol_core.runs.store import RunStore

WORKER = "byol_core.runs.worker"
POLL_SECONDS = 0.5
IDLE_SECONDS = 60.0
# From the request to stop until the whole process group is killed.
GRACE_SECONDS = 60.0
NICENESS = 10
ABOUT = "supervisor.json"


class Supervisor:
    """One look at the store after another; all it knows is in the store."""

    def __init__(self, store: RunStore, *, worker: str = WORKER, grace: float = GRACE_SECONDS) -> None:
        self.store, self.worker, self.grace = store, worker, grace
        self.devices = slots.cuda_devices()
        self._children: list[subprocess.Popen[bytes]] = []

    def tick(self) -> bool:
        """Do all that is to do now; whether there is anything to wait for."""
        self._children = [child for child in self._children if child.poll() is None]  # reaps those that ended
        repair(self.store)
        live = self.store.live_here()
        for run in live:
            self._enforce_stop(run)
        waiting = self.store.queue()
        self._start_waiting(waiting, live)
        return bool(live or waiting)

    def _enforce_stop(self, run: Run) -> None:
        asked = run.stop_requested_at
        if asked is None or time.time() - asked < self.grace:
            return
        if processes.kill(run.pid, run.pid_created):
            self.store.correct(run, "stopped", f"Ended by force: it did not stop within {self.grace:.0f} seconds.")

    def _start_waiting(self, waiting: Sequence[Run], live: Sequence[Run]) -> None:
        first = slots.slot_of({}, self.devices)[0]
        busy = {slot: [run.name] for run in live for slot in slots.parts(run.device or first)}
        running = dict.fromkeys(busy, "is running")
        for run in waiting:
            choices = slots.slot_of(run.config, self.devices)
            # The shortest queues; a run that waits for several keeps the free ones among them for itself.
            chosen = sorted(choices, key=lambda slot: len(busy.get(slot, [])))[: slots.needed(run.config, choices)]
            taken = [slot for slot in chosen if slot in busy]
            if not taken:
                self._start(run, slots.together(chosen))
                running |= dict.fromkeys(chosen, "is running")
            else:
                verb = running.get(taken[0], "is to run")
                self.store.set_message(run.run_id, _waits_for(busy[taken[0]], taken[0], verb))
            for slot in chosen:
                busy.setdefault(slot, []).append(run.name)

    def _start(self, run: Run, slot: str) -> None:
        claimed = self.store.claim(run.run_id, device=slot)
        if claimed is None:
            return
        try:
            child = processes.start_detached(
                self.worker,
                run.run_id,
                "--nice",
                str(NICENESS),
                cwd=self.store.home,
                log=run.folder / folder.LOG,
                environment=self._environment(slot),
            )
            self._children.append(child)
            self.store.set_process(run.run_id, processes.identity(child.pid))
        except (OSError, psutil.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else "it ended at once"
            # Not when the process got as far as to say how it ended.
            self.store.correct(claimed, "failed", f"Its process could not be started ({reason}).")

    def _environment(self, slot: str) -> dict[str, str]:
        environment = {**executors.child_environment(self.store.home), **slots.environment(slot)}
        return environment | ({"BYOL_LAB_DATABASE": self.store.url} if self.store.url else {})


def _waits_for(names: Sequence[str], slot: str, verb: str) -> str:
    others = f" and {len(names) - 1} more before it" if len(names) > 1 else ""
    return f"Waits for {slots.title(slot)}: '{names[0]}' {verb} there{others}."


def serve(store: RunStore, *, idle: float = IDLE_SECONDS, **options: Any) -> None:
    """Be the supervisor of this home until nothing was to do for a while; at once, when there is one already."""
    while True:
        try:
            with executors.supervisor_lock(store.home).acquire(timeout=2):
                pid, created = processes.identity()
                write_json(store.home / ABOUT, {"pid": pid, "created": created})
                _loop(Supervisor(store, **options), idle)
        except Timeout:
            return
        if not store.queue():  # one that came in after the last look found the lock taken, and relies on this
            return


def _loop(supervisor: Supervisor, idle: float) -> None:
    folder.empty_trash(supervisor.store.home)
    last = time.monotonic()
    while time.monotonic() - last < idle:
        try:
            if supervisor.tick():
                last = time.monotonic()
        except LabError as error:  # a store that cannot be used for a moment
            print(time.strftime("%F %T"), error, flush=True)
        if not supervisor.store.home.is_dir():
            return
        time.sleep(POLL_SECONDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the home of ``$BYOL_LAB_HOME``."""
    parser = argparse.ArgumentParser(prog="python -m byol_core.runs.supervisor")
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds without work before it ends")
    parser.add_argument("--grace", type=float, default=GRACE_SECONDS, help="seconds that a stop may take")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        serve(RunStore(), idle=options.idle, grace=options.grace)
    except LabError as error:
        print(time.strftime("%F %T"), error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
