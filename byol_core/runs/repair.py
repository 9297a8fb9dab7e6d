"""Rows that say more than is true: a run whose process is gone is interrupted, or stopped if that was asked for.

The supervisor and every reader of the store call this one function, so that what is shown is true without a supervisor.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from byol_core.processes import find
from byol_core.runs.folder import checkpoint_step
from byol_core.runs.model import Run

if TYPE_CHECKING:
    from byol_core.runs.store import RunStore

# Between being taken from the queue and having a process, a run may be without a pid for this long.
STARTING_SECONDS = 30.0


def repair(store: RunStore) -> list[Run]:
    """Correct every stale row of this machine; the runs that were corrected."""
    stale = [run for run in store.live_here() if _is_stale(run)]
    return [fixed for run in stale if (fixed := _correct(store, run))]


def _is_stale(run: Run) -> bool:
    if run.pid is None:
        return time.time() - (run.started or run.created) > STARTING_SECONDS
    return find(run.pid, run.pid_created) is None


def _correct(store: RunStore, run: Run) -> Run | None:
    if run.stop_requested:
        return store.correct(run, "stopped", "Stopped, but without a last checkpoint.")
    if run.pid is None:
        reason = "The process of this run never started; resume it to try again."
    else:
        kept = checkpoint_step(run.folder) is not None
        reason = (
            f"The process {run.pid} of this run ended without a word (killed, out of memory, or the machine went "
            f"down); resume it to {'go on from its last checkpoint' if kept else 'start again from the beginning'}."
        )
    return store.correct(run, "interrupted", reason)
