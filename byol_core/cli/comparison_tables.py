"""A comparison as the command line tells it: one JSON object for machines, small tables for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from byol_core.cli import run_tables
from byol_core.cli.language import N_, _, tell
from byol_core.evaluation import summary
from byol_core.evaluation.intervals import Difference
from byol_core.messages import Message
from byol_core.runs import accuracies, compare
from byol_core.runs.names import text_of
from byol_core.runs.run import Run, finite
from byol_core.runs.store import RunStore
from byol_core.system.formatting import number

if TYPE_CHECKING:
    from rich.table import Table

# What people see of the curves and of the numbers at the end; machines get all.
_SHOWN = {
    "loss": N_("loss"),
    "knn_accuracy": N_("kNN accuracy, validation images"),
    "std_ratio": N_("std_ratio"),
    "projection_std_ratio": N_("projection_std_ratio"),
}
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
            "runs": [run_tables.as_object(store, run) for run in found],
            "differences": compare.differences(found),
            "best_and_last": {run.run_id: _ends(run, curves[run.run_id]) for run in found},
            "groups": {"by": JUDGED_BY, "split": "test", "rows": rows},
            "against_the_best": _against_the_best(found),
        }
    )
    return told


def _ends(run: Run, curves: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Best and last of each curve; of an accuracy with its split, and of the last one its images and interval."""
    told: dict[str, Any] = {key: {"best": best, "last": last} for key, (best, last) in curves.items()}
    for key in accuracies.KEYS:
        if key in told:
            figure = accuracies.while_learning(run, told[key]["last"])
            told[key] |= {"split": "validation", "last_figure": figure.as_dict() if figure else None}
    return told


def _against_the_best(found: Sequence[Run]) -> dict[str, Any]:
    """How far each run is from the one with the best accuracy on the test images, by the run's id."""
    gaps = differences_to_best(found)
    return {run_id: gap.as_dict() for run_id, gap in gaps.items()}


def differences_to_best(found: Sequence[Run]) -> dict[str, Difference]:
    """The same as figures; the best itself is left out, and runs that were evaluated on another set."""
    judged = {run.run_id: figure.value for run in found if (figure := accuracies.at_end(run).get(JUDGED_BY))}
    best = next((run for run in found if judged and run.run_id == max(judged, key=lambda run_id: judged[run_id])), None)
    others = [run for run in found if best is not None and run.run_id != best.run_id]
    return {run.run_id: gap for run in others if best and (gap := accuracies.between(run, best))}


def _groups(found: Sequence[Run]) -> list[compare.Row]:
    known = {run.run_id: run.summary.get(JUDGED_BY) for run in found}
    return compare.grouped(found, {run_id: value for run_id, value in known.items() if value is not None})


def tables(store: RunStore, found: Sequence[Run]) -> list[Table]:
    """A column a run, and below it a line for runs of several seeds."""
    shown = run_tables.table("", *(run.name for run in found))
    shown.add_row(_("run"), *(run.run_id for run in found))
    shown.add_row(_("state"), *(run_tables.state(run) for run in found))
    for key, values in compare.differences(found).items():
        shown.add_row(key, *("" if value is None else text_of(value) for value in values))
    curves = compare.best_and_last(store, [run.run_id for run in found], list(_SHOWN))
    for key in _SHOWN:
        for at, title in enumerate((_("{curve}, best", curve=_title(key)), _("{curve}, last", curve=_title(key)))):
            cells = [curves[run.run_id].get(key, (math.nan, math.nan))[at] for run in found]
            if not all(map(math.isnan, cells)):
                shown.add_row(title, *map(_cell, found, [key] * len(found), cells))
    shown.add_row(_("kNN accuracy, test images"), *map(run_tables.knn_of, found))
    gaps = differences_to_best(found)
    if gaps:
        shown.add_row(_("kNN against the best, test"), *(tell(gap(gaps.get(run.run_id))) for run in found))
    groups = _groups(found)
    return [shown, _seeds(groups)] if any(row.n > 1 for row in groups) else [shown]


def _title(key: str) -> str:
    return tell(_SHOWN[key])


def _cell(run: Run, key: str, value: float) -> str:
    if math.isnan(value):
        return ""
    figure = accuracies.while_learning(run, value) if key == JUDGED_BY else None
    return run_tables.accuracy_of(figure) if figure else number(value)


def gap(found: Difference | None) -> str:
    """``+0.021 [+0.004, +0.038]``, with what it lacks to be clear; empty for the best itself."""
    if found is None:
        return ""
    told, unpaired = summary.gap(found), not (found.few or found.paired)
    if found.outcome == "unclear":
        return Message("{gap}, not clear, unpaired", gap=told) if unpaired else Message("{gap}, not clear", gap=told)
    return Message("{gap}, unpaired", gap=told) if unpaired else told


def _seeds(groups: Sequence[compare.Row]) -> Table:
    seeds = run_tables.table(_("seeds as one"), _("kNN (test), mean"), _("sd over seeds"), "n")
    for row in groups:
        seeds.add_row(row.label, number(row.mean), number(row.sd), str(row.n))
    return seeds
