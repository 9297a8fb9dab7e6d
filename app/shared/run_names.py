"""What runs are called where several of them are shown."""

from __future__ import annotations

from collections.abc import Sequence

from byol_core.runs.run import Run


def unique_names(runs: Sequence[Run]) -> list[str]:
    """The names of the runs; two of the same name are told apart by their ids."""
    names = [run.name for run in runs]
    return [run.name if names.count(run.name) == 1 else f"{run.name} ({run.run_id})" for run in runs]
