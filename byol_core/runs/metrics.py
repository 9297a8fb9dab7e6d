"""Curves in the store: written a batch at a time, read through the index, free of what a resumed run took back.

An attempt that goes on from a checkpoint at step c takes back all that older attempts logged after c; those rows stay
in the table and are masked here, so that a curve never runs backwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, literal, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite

from byol_core.events import MetricRow
from byol_core.runs.schema import attempts, metrics

Point = tuple[int, float, float, float]  # step, epoch, seconds, value


def add(connection: Connection, run_id: str, attempt: int, rows: Iterable[MetricRow]) -> None:
    """Write rows of one attempt; a second value for the same step and key replaces the first."""
    plain: list[dict[str, Any]] = [
        {
            "run_id": run_id,
            "attempt": attempt,
            "step": row.step,
            "key": key,
            "epoch": row.epoch,
            "seconds": row.seconds,
            "value": None if math.isnan(value) else value,
        }
        for row in rows
        for key, value in row.values.items()
    ]
    if not plain:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement: Any = insert(metrics)
    fresh = {name: statement.excluded[name] for name in ("epoch", "seconds", "value")}
    statement = statement.on_conflict_do_update(index_elements=list(metrics.primary_key), set_=fresh)
    connection.execute(statement, plain)
    _lower_start(connection, run_id, attempt, min(row["step"] for row in plain) - 1)


def _lower_start(connection: Connection, run_id: str, attempt: int, step: int) -> None:
    """An attempt that logs an earlier step than it said it would start from did start earlier."""
    mine = and_(attempts.c.run_id == run_id, attempts.c.attempt == attempt, attempts.c.start_step > step)
    connection.execute(attempts.update().where(mine).values(start_step=step))


# From each name to the next one: a look-up in the index for each curve, and not a look at each of its rows.
_KEYS = text(
    """
    WITH RECURSIVE names(key) AS (
      SELECT min(key) FROM metrics WHERE run_id = :run
      UNION ALL
      SELECT (SELECT min(key) FROM metrics WHERE run_id = :run AND key > names.key)
      FROM names WHERE names.key IS NOT NULL
    )
    SELECT key FROM names WHERE key IS NOT NULL
    """
)


def keys(connection: Connection, run_id: str) -> list[str]:
    """The names of the curves of a run, sorted."""
    return sorted(connection.scalars(_KEYS, {"run": run_id}))


def series(connection: Connection, run_id: str, key: str, after_step: int, max_points: int) -> list[Point]:
    """One curve from after a step on, thinned to at most ``max_points`` with its highs and lows kept."""
    return many(connection, run_id, {key: after_step}, max_points)[key]


def many(
    connection: Connection, run_id: str, after_steps: Mapping[str, int], max_points: int
) -> dict[str, list[Point]]:
    """Several curves as :func:`series`, each from after a step of its own on."""
    visible, found = _visible(connection, run_id), {}
    for key, after_step in after_steps.items():
        query = _points(run_id, key, visible).where(metrics.c.step > after_step).order_by(metrics.c.step)
        found[key] = thin([_point(row) for row in connection.execute(query)], max_points)
    return found


def latest(connection: Connection, run_id: str, key: str) -> Point | None:
    """The last point of one curve."""
    query = _points(run_id, key, _visible(connection, run_id)).order_by(metrics.c.step.desc()).limit(1)
    row = connection.execute(query).first()
    return _point(row) if row else None


def last_values(connection: Connection, run_id: str, keys: Sequence[str]) -> dict[str, float]:
    """The last value of each curve that is there and is a number."""
    visible, found = _visible(connection, run_id), {}
    for key in keys:
        query = _points(run_id, key, visible).order_by(metrics.c.step.desc()).limit(1)
        row = connection.execute(query).first()
        if row and row.value is not None:
            found[key] = float(row.value)
    return found


def _points(run_id: str, key: str, visible: Any) -> Select[Any]:
    columns = (metrics.c.step, metrics.c.epoch, metrics.c.seconds, metrics.c.value)
    return select(*columns).where(metrics.c.run_id == run_id, metrics.c.key == key, visible)


def _point(row: Any) -> Point:
    step, epoch, seconds, value = row
    return step, epoch, seconds, math.nan if value is None else value


def _visible(connection: Connection, run_id: str) -> Any:
    """The rows that no later attempt took back."""
    query = select(attempts.c.attempt, attempts.c.start_step).where(attempts.c.run_id == run_id)
    starts = connection.execute(query).all()
    taken_back = [and_(metrics.c.attempt < attempt, metrics.c.step > start) for attempt, start in starts if attempt > 1]
    return ~or_(*taken_back) if taken_back else literal(True)


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most ``most`` of the points: first, last, and the lowest and highest of each stretch between them."""
    if len(points) <= max(most, 2):
        return list(points)
    inner = points[1:-1]
    stretches = max((most - 2) // 2, 0)
    kept = [points[0]]
    for i in range(stretches):
        stretch = inner[i * len(inner) // stretches : (i + 1) * len(inner) // stretches]
        kept.extend(_extremes(stretch))
    return [*kept, points[-1]]


def _extremes(stretch: Sequence[Point]) -> list[Point]:
    """The lowest and the highest point, in the order of their steps; a NaN counts as the highest, it is news."""

    def height(point: Point) -> float:
        return math.inf if math.isnan(point[3]) else point[3]

    low, high = min(stretch, key=height), max(stretch, key=height)
    return [low] if low is high else sorted((low, high))


_SEEN = """
    run_id = :run AND key = :key AND value IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM attempts
      WHERE attempts.run_id = :run AND attempts.attempt > metrics.attempt AND attempts.start_step < metrics.step
    )
"""
# One look-up in the index for each of a few places along the curve, however long it is.
_SPARKLINE = text(
    f"""
    WITH RECURSIVE
      ends AS (SELECT step FROM metrics WHERE {_SEEN} ORDER BY step DESC LIMIT 1),
      numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < :stretches),
      places AS (SELECT DISTINCT 1 + CAST(ends.step - 1 AS BIGINT) * i / :stretches AS place FROM numbers, ends)
    SELECT (SELECT value FROM metrics WHERE {_SEEN} AND step >= place ORDER BY step LIMIT 1) FROM places ORDER BY place
    """
)


def sparklines(connection: Connection, run_ids: Sequence[str], key: str, points: int) -> dict[str, list[float]]:
    """At most so many values along each run's curve."""
    values = {"key": key, "stretches": max(1, points - 1)}
    found = {run_id: connection.scalars(_SPARKLINE, {**values, "run": run_id}).all() for run_id in run_ids}
    return {run_id: [float(value) for value in line if value is not None] for run_id, line in found.items()}
