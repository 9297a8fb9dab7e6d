"""Supervisors and workers that are loaded already and begin at one instant: ``python -m racers KIND HOME ROUNDS``.

Real processes: each is forked from this one when all is imported, waits at the line, and never returns.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from byol_core.config import RunConfig
from byol_core.runs import supervisor, worker
from byol_core.runs.store import RunStore


def race(*racers: Callable[[], int]) -> list[int]:
    """The exit statuses of racers that began together."""
    start = time.monotonic() + 0.05
    pids = [_fork(racer, start) for racer in racers]
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def _fork(racer: Callable[[], int], start: float) -> int:
    if pid := os.fork():
        return pid
    status = 99
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what it says is not what is counted
    try:
        while time.monotonic() < start:
            pass
        status = racer()
    finally:
        os._exit(status)


def supervisors(home: Path) -> None:
    """Two supervisors for two runs, whose worker only says that it was started."""
    os.environ["BYOL_LAB_HOME"] = str(home)
    store = RunStore(home)
    for _ in range(2):
        store.create(RunConfig())
    store.engine.dispose()
    supervisor.POLL_SECONDS = 0.02
    arguments = ["--idle", "0.2"]
    print(*race(*[lambda: supervisor.main(arguments, worker="roll_call")] * 2), flush=True)


def workers(home: Path) -> None:
    """Three workers for one run, which waits, or was just taken by nobody in particular."""
    os.environ["BYOL_LAB_HOME"] = str(home)
    store = RunStore(home)
    run = store.create(RunConfig(steps=6))
    (home / "hurry").touch()
    if int(home.name) % 2:
        store.claim(run.run_id)
    store.engine.dispose()
    print(*race(*[lambda: worker.main([run.run_id])] * 3), flush=True)


if __name__ == "__main__":
    for number in range(int(sys.argv[3])):
        globals()[sys.argv[1]](Path(sys.argv[2]) / str(number))
