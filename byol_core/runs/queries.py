"""The rows of runs inside one transaction: finding, reading, and changing a state only when it is what it was."""

from __future__ import annotations

import json
import secrets
import socket
import string
import time
import unicodedata
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from byol_core.config import old_keys
from byol_core.errors import InputError
from byol_core.messages import Listing
from byol_core.runs import row_texts
from byol_core.runs.run import LIVE, Run
from byol_core.runs.schema import attempts, metrics, runs
from byol_core.system.text import storable

LONGEST_NAME = 120
HOST = socket.gethostname()

# What may be empty in a row that was written before the column was there, by the name that it has in a Run.
_OPTIONAL: dict[str, tuple[str, Any]] = {
    "priority": ("priority", 0),
    "notes": ("notes", ""),
    "group": ("group_name", ""),
    "slowed_by": ("slowed_by", ""),
    "alarm_kind": ("alarm_kind", ""),
    "alarm_space": ("alarm_space", ""),
}
_READ_APART = {"config", "summary", "tags", "said", *row_texts.NAMES, *(column for column, _ in _OPTIONAL.values())}
_PLAIN = [column.name for column in runs.columns if column.name not in _READ_APART]
NO_ALARM = {"alarm": None, "alarm_kind": None, "alarm_space": None}
# Runs that are not in the trash.
KEPT = runs.c.deleted.is_(None)
# The order in which waiting runs start.
TURN = (func.coalesce(runs.c.priority, 0).desc(), runs.c.position, runs.c.created)


def new_id() -> str:
    """Eight characters, a letter first, as short to type as a git hash."""
    return secrets.choice("abcdef") + "".join(secrets.choice(string.hexdigits[:16]) for _ in range(7))


def checked_name(name: str) -> str:
    """The name without blanks around it; InputError when it is too long or holds line breaks or the like."""
    name = name.strip()
    if len(name) > LONGEST_NAME:
        raise InputError(
            "The name of a run should have at most {most} characters, but has {n}.", most=LONGEST_NAME, n=len(name)
        )
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise InputError("The name of a run should not hold line breaks or control characters.")
    return name


def fetch(connection: Connection, query: Select[Any], home: Path) -> list[Run]:
    """The runs that a query of whole rows finds."""
    return [_run(row, home) for row in connection.execute(query).mappings()]


def _run(row: RowMapping, home: Path) -> Run:
    optional = {name: row[column] or missing for name, (column, missing) in _OPTIONAL.items()}
    return Run(
        **{name: row[name] for name in _PLAIN},
        **optional,
        **row_texts.texts(row),
        config=old_keys.tree(json.loads(row["config"])),
        summary=json.loads(row["summary"]),
        tags=tuple(json.loads(row["tags"] or "[]")),
        folder=home / row["run_id"],
    )


def one(connection: Connection, run_id: str, home: Path, *, lock: bool = False) -> Run:
    """The run of exactly that id; InputError when there is none.

    ``lock``: nobody else changes it until the transaction is over; SQLite's one writer needs no lock.
    """
    query = select(runs).where(runs.c.run_id == run_id)
    found = fetch(connection, query.with_for_update() if lock else query, home)
    if not found:
        raise InputError("There is no run '{run}'; 'byol runs' lists them.", run=run_id)
    return found[0]


def find(connection: Connection, ref: str, home: Path, deleted: bool = False) -> Run:
    """The run of that id, unique beginning of an id, or unique name; of those in the trash when ``deleted``."""
    ref = storable(ref)
    if found := _matching(connection, ref, home, deleted):
        return found
    if elsewhere := _matching(connection, ref, home, not deleted):
        name = elsewhere.name
        if deleted:
            raise InputError("The run '{name}' is not in the trash, so there is nothing to restore.", name=name)
        raise InputError(
            "The run '{name}' is in the trash; bring it back there, or with: byol restore {id}",
            name=name,
            id=elsewhere.run_id,
        )
    raise InputError("There is no run '{run}'; 'byol runs' lists them.", run=ref)


def _matching(connection: Connection, ref: str, home: Path, deleted: bool) -> Run | None:
    """The run that a reference means; InputError when it could be several."""
    kept = runs.c.deleted.is_not(None) if deleted else KEPT
    for condition in (runs.c.run_id == ref, runs.c.name == ref, runs.c.run_id.startswith(ref, autoescape=True)):
        found = fetch(connection, select(runs).where(condition, kept), home) if ref else []
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                "'{run}' could be any of {n} runs ({ids}); name one by its id.",
                run=ref,
                n=len(found),
                ids=Listing((run.run_id for run in found[:5]), "comma"),
            )
    return None


def free_name(connection: Connection, base: str) -> str:
    """``base-1``, or with the first number that no run has."""
    base = base[: LONGEST_NAME - 8]
    taken = names_like(connection, base)
    return next(name for number in range(1, len(taken) + 2) if (name := f"{base}-{number}") not in taken)


def names_like(connection: Connection, base: str) -> set[str]:
    """The names of runs that begin like this."""
    return set(connection.scalars(select(runs.c.name).where(runs.c.name.startswith(base, autoescape=True))))


def next_position(connection: Connection) -> int:
    """The place behind everything that was ever queued."""
    return int(connection.scalar(select(func.coalesce(func.max(runs.c.position), 0))) or 0) + 1


def change(connection: Connection, run: Run, to: str, message: str = "") -> bool:
    """Compare-and-set of the state, with what follows from it; False when the row had changed."""
    texts = row_texts.changed(connection, run.run_id, message=message)
    values: dict[str, Any] = {"state": to, "slowed_by": None, **texts}
    if to == "queued":
        values |= {"position": next_position(connection), "ended": None, "stop_requested": False}
        values |= {"stop_requested_at": None, "phase": "", "seconds_left": None, "images_per_second": 0.0}
        values |= {"summary": "{}", **NO_ALARM, "host": HOST}  # of an end that is none any more
    elif to not in LIVE:
        values |= {"ended": time.time(), "pid": None, "pid_created": None, "seconds_left": None}
        values |= {"phase": "", "device": ""}
    unchanged = (runs.c.run_id == run.run_id, runs.c.state == run.state, runs.c.attempt == run.attempt)
    return connection.execute(runs.update().where(*unchanged).values(**values)).rowcount == 1


def claim(connection: Connection, run_id: str, process: tuple[int, float] | None, device: str) -> bool:
    """From queued to starting as a new attempt; False when the run waits no longer."""
    pid, created = process or (None, None)
    values = {"state": "starting", "started": time.time(), "attempt": runs.c.attempt + 1, "heartbeat": time.time()}
    values |= {"message": "", "pid": pid, "pid_created": created, "host": HOST, "device": device}
    waiting = (runs.c.run_id == run_id, runs.c.state == "queued", KEPT)
    if connection.execute(runs.update().where(*waiting).values(**values)).rowcount != 1:
        return False
    number = select(runs.c.attempt).where(runs.c.run_id == run_id).scalar_subquery()
    connection.execute(attempts.insert().values(run_id=run_id, attempt=number, start_step=-1))
    return True


def remove(connection: Connection, run_id: str, *still: ColumnElement[bool]) -> bool:
    """Remove a run and its curves for good, unless its row is not as it should be any more."""
    if not connection.execute(runs.delete().where(runs.c.run_id == run_id, *still)).rowcount:
        return False
    for table in (attempts, metrics):
        connection.execute(table.delete().where(table.c.run_id == run_id))
    return True
