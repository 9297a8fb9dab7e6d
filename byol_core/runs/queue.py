"""The order of the waiting runs: higher priorities first, and within one in the order that people give them."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, func, select

from byol_core.errors import InputError
from byol_core.runs import queries
from byol_core.runs.run import NEVER_STARTED, RESUMABLE, Run
from byol_core.runs.schema import runs
from byol_core.runs.store import RunStore

Where = Literal["first", "up", "down", "last"]
PLACES: tuple[Where, ...] = ("first", "up", "down", "last")
LEAST_PRIORITY, MOST_PRIORITY = -9, 9


def move(store: RunStore, run_id: str, where: Where) -> None:
    """Put a waiting run before or behind others of its priority; InputError when it waits no longer."""
    with store.writing() as connection:
        run = queries.one(connection, run_id, store.home)
        turn = _turn(connection, run.priority)
        if run_id not in turn:
            raise InputError("The run '{name}' is {state}; only a waiting run can be moved in the queue.", **_told(run))
        _arrange(connection, turn, _moved(list(turn), run_id, where))


def _turn(connection: Connection, priority: int) -> dict[str, int]:
    """The waiting runs of a priority in order, each with its position; locked against being taken meanwhile."""
    mine = (runs.c.state == "queued", queries.KEPT, func.coalesce(runs.c.priority, 0) == priority)
    query = select(runs.c.run_id, runs.c.position).where(*mine).order_by(runs.c.position, runs.c.created)
    return {row.run_id: row.position for row in connection.execute(query.with_for_update())}


def _moved(order: list[str], run_id: str, where: Where) -> list[str]:
    at = order.index(run_id)
    places = {"first": 0, "up": max(at - 1, 0), "down": at + 1, "last": len(order)}
    order.remove(run_id)
    order.insert(places[where], run_id)
    return order


def _arrange(connection: Connection, before: dict[str, int], order: list[str]) -> None:
    """Hand the positions that these runs have out again; two that share one are told apart from now on."""
    last = -1
    for run_id, position in zip(order, sorted(before.values()), strict=True):
        last = max(position, last + 1)
        if before[run_id] != last:
            connection.execute(runs.update().where(runs.c.run_id == run_id).values(position=last))


def set_priority(store: RunStore, ref: str, priority: int) -> Run:
    """Have a run start before all of a lower priority; also one that is yet to be resumed."""
    if not LEAST_PRIORITY <= priority <= MOST_PRIORITY:
        raise InputError(
            "The priority should be from {least} to {most}, but is {priority}.",
            least=LEAST_PRIORITY,
            most=MOST_PRIORITY,
            priority=priority,
        )
    run = store.get(ref)
    with store.writing() as connection:
        waits = (runs.c.run_id == run.run_id, runs.c.state.in_(("queued", *RESUMABLE)))
        changed = connection.execute(runs.update().where(*waits).values(priority=priority)).rowcount
        run = queries.one(connection, run.run_id, store.home)
    if not changed:
        raise InputError("The run '{name}' is {state}; only a waiting run can be given a priority.", **_told(run))
    return run


def cancel(store: RunStore, ref: str) -> Run:
    """Take a waiting run out of the queue; it is stopped, and may be resumed."""
    run = store.get(ref)
    with store.writing() as connection:
        run = queries.one(connection, run.run_id, store.home, lock=True)
        if run.state != "queued" or not queries.change(connection, run, "stopped", NEVER_STARTED):
            raise InputError("The run '{name}' is {state}; only a waiting run can be canceled.", **_told(run))
        return queries.one(connection, run.run_id, store.home)


def _told(run: Run) -> dict[str, Any]:
    return {"name": run.name, "state": run.state_in_words}
