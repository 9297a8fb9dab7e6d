"""``python -m byol_core.jobs HOME LANE``: answer what waits in a lane of a home. Whoever asks starts it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from byol_core.errors import LabError
from byol_core.jobs import handlers
from byol_core.jobs.handlers import Handler
from byol_core.jobs.queue import LANES
from byol_core.jobs.worker import IDLE_SECONDS, Worker
from byol_core.system import niceness

NICENESS = {"maps": 5, "lab": 0}  # a map may wait; whoever drags a slider may not
SECONDS = "BYOL_LAB_WARM_SECONDS"  # of the environment: how long it stays after its last answer


def main(argv: Sequence[str] | None = None, find: Callable[[str], Handler] = handlers.handler) -> int:
    """Exit status 0: nothing waits any more, or another process answers it; 1: the home cannot be used."""
    parser = argparse.ArgumentParser("byol_core.jobs", description="Answer what waits in a lane of a home.")
    parser.add_argument("home", type=Path)
    parser.add_argument("lane", choices=LANES)
    parser.add_argument("--idle", type=float, default=_seconds(), help="seconds without work before it ends")
    options = parser.parse_args(argv)
    niceness.let_others_first(NICENESS[options.lane])
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        Worker(options.home.resolve(), options.lane, options.idle, find, ended).serve()
    except (LabError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _seconds() -> float:
    try:
        return float(os.environ[SECONDS])
    except (KeyError, ValueError):
        return IDLE_SECONDS


if __name__ == "__main__":
    sys.exit(main())
