"""Sweeps: one configuration at every point of a grid or a list, as a group of runs that are compared as one."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from byol_core.config import RunConfig, field_info, old_keys
from byol_core.config.parsing import parse_value
from byol_core.errors import InputError
from byol_core.runs import folder, queries
from byol_core.runs.names import short_keys, text_of
from byol_core.runs.run import Run
from byol_core.runs.schema import runs, take_turns
from byol_core.runs.store import RunStore

MOST_RUNS = 200


def parse_values(text: str) -> list[Any]:
    """``"0.3, 0.6"`` -> ``[0.3, 0.6]``: the values of one setting as people write them, each read as YAML."""
    try:
        values = parse_value(f"[{text}]")
    except ValueError:
        values = None
    if not isinstance(values, list):
        raise InputError(
            "The values '{text}' cannot be read; write them with commas between them, as in 0.3, 0.6.", text=text
        )
    return values


def points(grid: Mapping[str, Sequence[Any]], listed: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Every combination of the grid's values, at every listed point where there are any; each once."""
    grid = {old_keys.current(key): values for key, values in grid.items()}
    listed = [{old_keys.current(key): value for key, value in point.items()} for point in listed]
    for key in {*grid, *itertools.chain.from_iterable(listed)}:
        field_info(key)
    for key, values in grid.items():
        if not values:
            raise InputError("The setting '{key}' of the sweep has no values.", setting=key, key=key)
    if not (grid or any(listed)):
        raise InputError("A sweep needs at least one setting with its values.")
    number = math.prod(map(len, grid.values())) * max(len(listed), 1)
    if number > MOST_RUNS:
        raise InputError("A sweep should have at most {most} runs, but these are {n:,}.", most=MOST_RUNS, n=number)
    product = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    found = ({**point, **chosen} for point in listed or ({},) for chosen in product)
    return list({json.dumps(point, default=str): point for point in found}.values())


def create(
    store: RunStore,
    config: RunConfig,
    points: Sequence[Mapping[str, Any]],
    *,
    name: str = "",
    preset: str | None = None,
) -> list[Run]:
    """Queue a run for each point, in their order, as one group; all of them, or none when anything is wrong."""
    if not 0 < len(points) <= MOST_RUNS:
        raise InputError("A sweep should have 1 to {most} runs, but these are {n}.", most=MOST_RUNS, n=len(points))
    name = queries.checked_name(name)
    trees = [store.settled(config.changed(**point)).model_dump(mode="json") for point in points]
    ids = [queries.new_id() for _ in points]
    try:
        for run_id, tree in zip(ids, trees, strict=True):
            folder.create(store.home / run_id, tree)
        with store.writing() as connection:
            group = _group(connection, name)
            named = zip(ids, names(group, points), trees, strict=True)
            _insert(connection, named, {"group_name": group, "preset": preset})
            return [queries.one(connection, run_id, store.home) for run_id in ids]
    except BaseException:
        _throw_away(store.home, ids)
        raise


def _group(connection: Connection, name: str) -> str:
    """The name, when no group has it; without one ``sweep-1``, or with the first number that is free."""
    take_turns(connection)  # two at once must not both find it free
    taken = set(connection.scalars(select(runs.c.group_name).distinct()))
    if name in taken:
        raise InputError("There is a group '{name}' already; give the sweep another name.", name=name)
    return name or next(free for number in itertools.count(1) if (free := f"sweep-{number}") not in taken)


def _insert(connection: Connection, named: Iterable[tuple[str, str, dict[str, Any]]], shared: dict[str, Any]) -> None:
    first, created = queries.next_position(connection), time.time()
    for at, (run_id, name, tree) in enumerate(named):
        row = {"run_id": run_id, "name": name, "config": json.dumps(tree), "state": "queued", "created": created}
        row["host"] = queries.HOST
        connection.execute(runs.insert().values(**row, **shared, position=first + at))


def _throw_away(home: Path, ids: Sequence[str]) -> None:
    for run_id in ids:
        folder.throw_away(home / run_id)
    folder.empty_trash(home)


def names(group: str, points: Sequence[Mapping[str, Any]]) -> list[str]:
    """``GROUP strength=0.3 seed=1`` for each point; numbered where that would be too long."""
    short = short_keys({key for point in points for key in point})
    found = [" ".join((group, *(f"{short[key]}={text_of(value)}" for key, value in point.items()))) for point in points]
    if all(map(_is_name, found)):
        return found
    return [f"{group[: queries.LONGEST_NAME - 4]} {number}" for number in range(1, len(points) + 1)]


def _is_name(name: str) -> bool:
    try:
        return bool(queries.checked_name(name))
    except InputError:
        return False
