"""One export in a process of its own: ``python -m byol_core.export RUN_ID FORMAT FILE``, started by :mod:`.apart`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from byol_core.errors import LabError
from byol_core.export import write
from byol_core.runs.store import RunStore
from byol_core.system import niceness


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 done, 1 failed; what went wrong is the last line of stderr."""
    run_id, format, file = arguments
    niceness.let_others_first(5)
    try:
        store = RunStore()
        write(store, store.get(run_id), format, Path(file))
    except LabError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
