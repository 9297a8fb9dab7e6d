"""What is tried out beside a training, in processes of their own: how long a run would take, and which batch fits.

Knows no torch.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from byol_core.config import RunConfig
from byol_core.errors import LabError
from byol_core.jobs import JobKind, own_process, partial, result
from byol_core.training.batch_size_finder import sizes

# Nobody waits beside these for anything else of this machine.
ESTIMATE = JobKind("estimate", "byol_core.training.time_estimate:answer", lane=None, niceness=0)
BATCH_SIZE = JobKind("batch-size", "byol_core.training.batch_size_finder:answer", lane=None, niceness=0)
PATIENCE_SECONDS = 180.0


def largest_batch(config: RunConfig, below: int, stop: Callable[[], bool] = lambda: False) -> int | None:
    """The largest batch under ``below``, of its halves, with which a step and an evaluation fit; None if none does.

    It takes up to some minutes, and ends early when ``stop`` says so. What was found before the system ended the
    process that tries counts.
    """
    if not sizes(config, below):
        return None
    task = {"config": config.model_dump(mode="json"), "below": below}
    try:
        with tempfile.TemporaryDirectory(prefix="byol-batch-") as name:
            folder, key = Path(name), BATCH_SIZE.name
            own_process.start(BATCH_SIZE, folder, key, task)
            own_process.wait(folder, key, PATIENCE_SECONDS, stop)
            found = result(folder, key) or partial(folder, key)
    except (LabError, OSError, MemoryError):  # there may not even be enough for that
        return None
    size = None if found is None else found.about.get("size")
    return size if isinstance(size, int) else None
