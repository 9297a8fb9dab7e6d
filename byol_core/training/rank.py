"""A process that helps another one train: ``python -m byol_core.training.rank``, started with torchrun's environment.

It is told by rank 0 what to train, writes nothing, and ends with it.
"""

from __future__ import annotations

import os
import signal
import sys

from byol_core.errors import LabError


def main() -> int:
    """Train this rank's share; exit status 0 done, 1 when it or another rank failed."""
    _leave_signals_to_rank_0()
    from byol_core.training.trainer import follow

    try:
        follow()
    except LabError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _leave_signals_to_rank_0() -> None:
    """A signal to the whole group means that rank 0 should stop cleanly, for which it needs its helpers.

    Before torch is imported, which takes seconds. Torchrun ends its processes by SIGTERM itself.
    """
    started_here = "BYOL_LAB_FOLLOWS" in os.environ
    for name in ("SIGINT", "SIGTERM", "SIGHUP") if started_here else ("SIGINT",):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
