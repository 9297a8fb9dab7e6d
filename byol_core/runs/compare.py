"""Runs side by side: which settings differ, best and last of each curve, and runs of several seeds as one row."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select
from sqlalchemy.sql.selectable import FromClause

from byol_core.config.run_config import flatten
from byol_core.runs.names import short_keys, text_of
from byol_core.runs.run import Run
from byol_core.runs.schema import attempts, metrics
from byol_core.runs.store import RunStore

# Curves of which less is better; of every other, more is.
_LOW = ("loss", "alignment", "uniformity", "mean_cosine")
# A database takes only so long a condition.
_AT_ONCE = 100


def differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The settings that differ, by dotted key: the value of each run, None where it has no such setting."""
    flats = [dict(flatten(run.config)) for run in runs]
    keys = dict.fromkeys(key for one in flats for key in one)
    found = {key: [one.get(key) for one in flats] for key in keys}
    return {key: values for key, values in found.items() if any(value != values[0] for value in values)}


def low_is_best(key: str) -> bool:
    """Whether less of this metric is better, as of a loss."""
    return key.endswith(_LOW)


# Best and last


def best_and_last(
    store: RunStore, run_ids: Sequence[str], keys: Sequence[str]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Of each run and curve that is there the best value, by the metric's own direction, and the last one.

    NaN where a curve holds no number, or ends with none.
    """
    found: dict[str, dict[str, tuple[float, float]]] = {run_id: {} for run_id in run_ids}
    with store.reading() as connection:
        for start in range(0, len(run_ids), _AT_ONCE):
            for row in _ends(connection, run_ids[start : start + _AT_ONCE], keys):
                best = row.low if low_is_best(row.key) else row.high
                found[row.run_id][row.key] = (_number(best), _number(row.last))
    return found


def _ends(connection: Connection, run_ids: Sequence[str], keys: Sequence[str]) -> Sequence[Any]:
    """Lowest, highest and last value of each curve, without what a resumed run took back."""
    wanted = (metrics.c.run_id.in_(run_ids), metrics.c.key.in_(keys), _visible(metrics))
    curve = (metrics.c.run_id, metrics.c.key)
    value = metrics.c.value
    ends = (
        select(
            *curve, func.min(value).label("low"), func.max(value).label("high"), func.max(metrics.c.step).label("at")
        )
        .where(*wanted)
        .group_by(*curve)
        .cte("ends")
    )
    last = metrics.alias("last")
    there = and_(last.c.run_id == ends.c.run_id, last.c.key == ends.c.key, last.c.step == ends.c.at)
    query = select(ends, last.c.value.label("last")).join(last, there).where(_visible(last))
    return connection.execute(query).all()


def _visible(table: FromClause) -> ColumnElement[bool]:
    """The rows that no later attempt took back, however many there were."""
    later = (attempts.c.attempt > table.c.attempt, attempts.c.start_step < table.c.step)
    return ~exists().where(attempts.c.run_id == table.c.run_id, *later)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


# Seeds


@dataclass(frozen=True)
class Row:
    """Runs that differ only in their seed. ``settings`` tell this row from the others; ``mean`` and ``sd`` are of the
    ``n`` runs that have a value, None where there are too few (none, or one)."""

    label: str
    settings: dict[str, Any]
    runs: tuple[Run, ...]
    n: int
    mean: float | None
    sd: float | None


def grouped(runs: Sequence[Run], values: Mapping[str, float]) -> list[Row]:
    """One row for the runs that differ only in their seed, in the order in which the first of each comes."""
    alike: dict[str, list[Run]] = {}
    for run in runs:
        alike.setdefault(json.dumps({**run.config, "seed": None}, sort_keys=True), []).append(run)
    groups = list(alike.values())
    different = {key: row for key, row in differences([group[0] for group in groups]).items() if key != "seed"}
    short = short_keys(set(different))
    rows = []
    for at, group in enumerate(groups):
        settings = {key: row[at] for key, row in different.items()}
        label = " ".join(f"{short[key]}={text_of(value)}" for key, value in settings.items())
        rows.append(_row(label or _without_seed(group[0].name), settings, group, values))
    return rows


def _row(label: str, settings: dict[str, Any], group: Sequence[Run], values: Mapping[str, float]) -> Row:
    known = list(_known(group, values))
    mean = statistics.fmean(known) if known else None
    return Row(label, settings, tuple(group), len(known), mean, statistics.stdev(known) if len(known) > 1 else None)


def _known(group: Sequence[Run], values: Mapping[str, float]) -> Iterator[float]:
    for run in group:
        value = values.get(run.run_id)
        if value is not None and math.isfinite(value):
            yield value


def _without_seed(name: str) -> str:
    return " ".join(word for word in name.split(" ") if not word.startswith("seed="))
