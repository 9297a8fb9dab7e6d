"""A run as the command line tells it: one JSON object for machines, small tables for people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from byol_core.config import RunConfig, build
from byol_core.errors import InputError
from byol_core.health.signs import SIGNS, SPACES, keys
from byol_core.runs.model import Run, finite
from byol_core.runs.store import RunStore

if TYPE_CHECKING:
    from rich.table import Table

# What every object has; None until it is known, and for ever where the run stopped or the images have no labels.
NUMBERS = (
    "steps",
    "epochs",
    "seconds",
    "images_per_second",
    "loss",
    "knn_accuracy",
    "knn_untrained",
    "knn_pixels",
    "std_ratio",
    "projection_std_ratio",
)
_TITLES = {
    "knn_accuracy": "kNN accuracy, test images",
    "knn_untrained": "kNN before training",
    "knn_pixels": "kNN on raw pixels",
    "std_ratio": "std ratio (1 healthy, 0 collapsed)",
    "projection_std_ratio": "std ratio of the projection",
    "loss": "loss",
    "epochs": "epochs",
    "steps": "steps",
    "seconds": "seconds of training",
    "images_per_second": "images a second",
}


def as_object(store: RunStore, run: Run) -> dict[str, Any]:
    """All of a run with its numbers, of the end or so far."""
    numbers: dict[str, Any] = dict.fromkeys(NUMBERS)
    if run.attempt:
        last = store.latest(run.run_id, "loss")
        numbers |= {"steps": run.step, "epochs": run.epoch, "images_per_second": run.images_per_second}
        numbers |= {"loss": last[3], "seconds": last[2]} if last else {}
    wall = round((run.ended or time.time()) - run.started, 2) if run.started else None
    health = store.last_values(run.run_id, [key for space in SPACES for key in keys(space)])
    plain: dict[str, Any] = finite({**run.as_dict(), **numbers, **run.summary, "wall_seconds": wall, "health": health})
    return plain


def numbers_table(run: Run) -> Table:
    """The numbers at the end of a run."""
    table = _table("", "")
    if run.alarm:
        table.add_row("ALARM", run.alarm, style="bold red")
    for key, title in _TITLES.items():
        value = run.summary.get(key)
        table.add_row(title, _missing(run, key) if value is None else number(value))
    return table


def _missing(run: Run, key: str) -> str:
    """Why the end of a run has no such number."""
    if run.summary.get("stopped") and key in ("knn_accuracy", "std_ratio", "projection_std_ratio"):
        return "not judged, since the run was stopped"
    return "no labels" if key.startswith("knn") else ""


def runs_table(found: Sequence[Run]) -> Table:
    """Runs, one a line."""
    table = _table("run", "name", "state", "done", "epoch", "kNN", "message")
    for run in found:
        done = f"{100 * run.step / run.total_steps:.0f} %" if run.total_steps else ""
        epoch = f"{run.epoch:.1f}" if run.attempt else ""
        message = run.message or (run.phase if run.live else "")
        if run.alarm and run.alarm != run.message:
            message = f"{run.message} ALARM: {run.alarm}".lstrip()
        knn = number(run.summary["knn_accuracy"]) if run.summary.get("knn_accuracy") is not None else ""
        table.add_row(run.run_id, run.name, run.state, done, epoch, knn, message)
    return table


def facts_table(store: RunStore, run: Run) -> Table:
    """One run, with the settings that are not the defaults."""
    seen = as_object(store, run)
    table = _table("", "")
    if run.alarm:
        table.add_row("ALARM", run.alarm, style="bold red")
    for key in ("run_id", "name", "state", "message", "preset", "attempt", "pid", *NUMBERS, "wall_seconds", "folder"):
        if seen[key] not in (None, ""):
            table.add_row(key, number(seen[key]))
    for label, text in _health_rows(seen["health"]):
        table.add_row(label, text)
    for key, value in changed_settings(run).items():
        table.add_row(f"--set {key}", str(value))
    return table


def _health_rows(health: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Each measured sign with its last values, such as ``0.812 (representation), 0.640 (projection)``."""
    for sign in SIGNS.values():
        known = [space for space in SPACES if sign.key_of(space) in health]
        if known:
            yield sign.label, ", ".join(f"{number(health[sign.key_of(space)])} ({space})" for space in known)


def changed_settings(run: Run) -> dict[str, Any]:
    """The settings of a run that differ from the defaults, by dotted key."""
    try:
        flat = build(run.config).flat()
    except InputError:  # written by a release with other settings
        return {}
    defaults = RunConfig().flat()
    return {key: value for key, value in flat.items() if value != defaults[key]}


def number(value: Any) -> str:
    """A value in few digits."""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}"
    return "" if value is None else str(value)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(*columns, box=None, show_header=any(columns), pad_edge=False, highlight=False)
    for column in table.columns:
        column.overflow = "fold"
    return table
