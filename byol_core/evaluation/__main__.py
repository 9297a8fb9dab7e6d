"""``python -m byol_core.evaluation HOME``: answer the evaluations that wait in a home. Whoever asks starts it."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from byol_core.errors import LabError
from byol_core.evaluation.handler import IDLE_SECONDS, Studio, serve
from byol_core.system import niceness

NICENESS = 5  # an evaluation may wait; a page may not


def main(argv: Sequence[str] | None = None, studio: Studio | None = None) -> int:
    """Exit status 0: nothing waits any more, or another process answers it; 1: the home cannot be used."""
    parser = argparse.ArgumentParser("byol_core.evaluation", description="Answer the evaluations that wait in a home.")
    parser.add_argument("home", type=Path)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds without work before it ends")
    options = parser.parse_args(argv)
    niceness.let_others_first(NICENESS)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        serve(options.home.resolve(), idle=options.idle, ended=ended, studio=studio)
    except (LabError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
