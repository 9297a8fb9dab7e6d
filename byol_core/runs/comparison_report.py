"""A comparison as the command line tells it: one JSON object for machines, small tables for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from byol_core.runs import compare, report
from byol_core.runs.model import Run, finite
from byol_core.runs.names import text_of
from byol_core.runs.store import RunStore

if TYPE_CHECKING:
    from rich.table import Table

# What people see of the curves and of the numbers at the end; machines get all.
_SHOWN = ("loss", "knn_accuracy", "std_ratio", "projection_std_ratio")
# What the rows of seeds are about.
JUDGED_BY = "knn_accuracy"


def as_object(store: RunStore, found: Sequence[Run]) -> dict[str, Any]:
    """Settings that differ, best and last of every curve, the numbers at the end, and runs of several seeds as one."""
    ids = [run.run_id for run in found]
    keys = sorted({key for run_id in ids for key in store.metric_keys(run_id)})
    curves = compare.best_and_last(store, ids, keys)
    rows = [
        {"label": row.label, "settings": row.settings, "runs": [run.run_id for run in row.runs]}
        | {"n": row.n, "mean": row.mean, "sd": row.sd}
        for row in _groups(found)
    ]
    told: dict[str, Any] = finite(
        {
            "runs": [report.as_object(store, run) for run in found],
            "differences": compare.differences(found),
            "best_and_last": {
                run_id: {key: {"best": best, "last": last} for key, (best, last) in curves[run_id].items()}
                for run_id in ids
            },
            "groups": {"by": JUDGED_BY, "rows": rows},
        }
    )
    return told


def _groups(found: Sequence[Run]) -> list[compare.Row]:
    known = {run.run_id: run.summary.get(JUDGED_BY) for run in found}
    return compare.grouped(found, {run_id: value for run_id, value in known.items() if value is not None})


def tables(store: RunStore, found: Sequence[Run]) -> list[Table]:
    """A column a run, and below it a line for runs of several seeds."""
    shown = report.table("", *(run.name for run in found))
    shown.add_row("run", *(run.run_id for run in found))
    shown.add_row("state", *(run.state for run in found))
    for key, values in compare.differences(found).items():
        shown.add_row(key, *("" if value is None else text_of(value) for value in values))
    curves = compare.best_and_last(store, [run.run_id for run in found], _SHOWN)
    for key in _SHOWN:
        for at, word in enumerate(("best", "last")):
            cells = [curves[run.run_id].get(key, (math.nan, math.nan))[at] for run in found]
            if not all(map(math.isnan, cells)):
                shown.add_row(f"{key}, {word}", *("" if math.isnan(cell) else report.number(cell) for cell in cells))
    shown.add_row("kNN accuracy, test images", *(report.number(run.summary.get(JUDGED_BY)) for run in found))
    groups = _groups(found)
    return [shown, _seeds(groups)] if any(row.n > 1 for row in groups) else [shown]


def _seeds(groups: Sequence[compare.Row]) -> Table:
    seeds = report.table("seeds as one", "kNN, mean", "sd", "n")
    for row in groups:
        seeds.add_row(row.label, report.number(row.mean), report.number(row.sd), str(row.n))
    return seeds
