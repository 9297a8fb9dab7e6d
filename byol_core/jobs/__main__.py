"""``python -m byol_core.jobs HOME LANE``: do what waits in a lane of a home. Whoever asks starts it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from byol_core.errors import LabError
from byol_core.jobs.kinds import LANES, Handler, JobKind, Lane, find_handler
from byol_core.jobs.worker import IDLE_SECONDS, Worker
from byol_core.system import niceness

NICENESS = 5  # until the first job, and with most
SECONDS = "BYOL_LAB_WARM_SECONDS"  # of the environment: how long it stays after its last job


def main(argv: Sequence[str] | None = None, find: Callable[[str], Handler] = find_handler) -> int:
    """Exit status 0: nothing waits any more, or another process does it; 1: the home cannot be used."""
    parser = argparse.ArgumentParser("byol_core.jobs", description="Do what waits in a lane of a home.")
    parser.add_argument("home", type=Path)
    parser.add_argument("lane", choices=LANES)
    parser.add_argument("--idle", type=float, help="seconds without work before it ends")
    options = parser.parse_args(argv)
    idle = _seconds(options.lane) if options.idle is None else options.idle
    courtesy = niceness.let_others_first(NICENESS)

    def begin(kind: JobKind) -> None:
        if courtesy is not None:
            courtesy.become(kind.niceness)

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        Worker(options.home.resolve(), options.lane, idle, find, ended, begin=begin).serve()
    except (LabError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _seconds(lane: Lane) -> float:
    try:
        return float(os.environ[SECONDS])
    except (KeyError, ValueError):
        return IDLE_SECONDS[lane]


if __name__ == "__main__":
    sys.exit(main())
