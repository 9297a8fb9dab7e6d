"""A process that helps another one train: ``python -m byol_core.follow``, started with torchrun's environment.

It is told by rank 0 what to train, writes nothing, and ends with it. Ctrl-C is rank 0's to hear.
"""

from __future__ import annotations

import signal
import sys

from byol_core.errors import LabError


def main() -> int:
    """Train this rank's share; exit status 0 done, 1 when it or another rank failed."""
    from byol_core.train import follow

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        follow()
    except LabError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
