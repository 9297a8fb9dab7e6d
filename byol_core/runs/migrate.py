"""A store that an earlier release made gets the columns that it lacks; what was there is kept beside it.

Only columns that may be empty are ever added, and texts only get longer, so an earlier release can go on with the same
store.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from filelock import FileLock
from sqlalchemy import Column, Connection, Table, Text, inspect, text
from sqlalchemy.schema import CreateColumn

from byol_core.system.files import sync_folder


def add_columns(connection: Connection, table: Table) -> None:
    """Add the missing columns inside the transaction of ``connection``, safe when several processes do it at once.

    SQLite's transaction holds the lock of the one writer, so the next process sees the column. PostgreSQL decides by
    itself with IF NOT EXISTS. OSError when the copy cannot be written.
    """
    lacking = missing(connection, table)
    sqlite = connection.dialect.name == "sqlite"
    if lacking and sqlite and connection.engine.url.database:
        keep_copy(Path(connection.engine.url.database), lacking[0].name)
    for column in lacking:
        definition = CreateColumn(column).compile(dialect=connection.dialect)
        connection.execute(
            text(f"ALTER TABLE {table.name} ADD COLUMN {'' if sqlite else 'IF NOT EXISTS '}{definition}")
        )


def widen_columns(connection: Connection, table: Table) -> None:
    """Let columns hold a text of any length that an earlier release gave one, which only PostgreSQL enforces."""
    for column in narrow(connection, table):
        connection.execute(text(f"ALTER TABLE {table.name} ALTER COLUMN {column.name} TYPE TEXT"))


def narrow(connection: Connection, table: Table) -> list[Column[Any]]:
    """The columns of text of any length that have a length in the store."""
    if connection.dialect.name == "sqlite":
        return []
    limited = {
        column["name"]
        for column in inspect(connection).get_columns(table.name)
        if getattr(column["type"], "length", None) is not None
    }
    return [column for column in table.columns if column.name in limited and isinstance(column.type, Text)]


def missing(connection: Connection, table: Table) -> list[Column[Any]]:
    """The columns that the table in the store lacks."""
    present = {column["name"] for column in inspect(connection).get_columns(table.name)}
    return [column for column in table.columns if column.name not in present]


def keep_copy(file: Path, what: str) -> None:
    """Copy an SQLite file to ``lab.sqlite.before-WHAT``, whole as of its last commit; one that is there stays."""
    copy = file.with_name(f"{file.name}.before-{what}")
    if not copy.exists():
        _copy(file, copy)


def bring_home(file: Path) -> None:
    """Copy to ``file`` the runs that an earlier release kept elsewhere, because it read ``%20`` and ``?`` in the path
    of a home as parts of a URL. Only those whose folders are here come; the other store stays as it is."""
    before = str(file).partition("?")[0]
    others = [Path(other) for other in dict.fromkeys((unquote(before), before)) if other != str(file)]
    if not others or file.exists():
        return
    with FileLock(file.with_name("moving.lock"), is_singleton=False):
        for other in others:
            mine = [run_id for run_id in _runs_of(other) if (file.parent / run_id).is_dir()]
            if mine and not file.exists():
                _copy(other, file, mine)


def _runs_of(file: Path) -> list[str]:
    """The runs in a store; none where there is no store."""
    if not file.is_file():
        return []
    try:
        with closing(sqlite3.connect(file)) as found:
            return [run_id for (run_id,) in found.execute("SELECT run_id FROM runs")]
    except sqlite3.Error:
        return []


def _copy(file: Path, copy: Path, run_ids: Sequence[str] | None = None) -> None:
    """Copy an SQLite file, whole as of its last commit; with the rows of these runs alone when they are told."""
    arriving = copy.with_name(f".{copy.name}-{os.urandom(4).hex()}")
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(arriving)) as target:
            source.backup(target)
            if run_ids is not None:
                _keep_only(target, run_ids)
        with arriving.open("rb") as written:
            os.fsync(written.fileno())
        arriving.replace(copy)
        sync_folder(copy.parent)
    except sqlite3.Error as error:
        raise OSError(f"its copy '{copy.name}' failed: {error}") from None
    finally:
        arriving.unlink(missing_ok=True)


def _keep_only(store: sqlite3.Connection, run_ids: Sequence[str]) -> None:
    store.execute("CREATE TEMP TABLE mine (run_id TEXT PRIMARY KEY)")
    store.executemany("INSERT INTO mine VALUES (?)", [(run_id,) for run_id in run_ids])
    known = store.execute("SELECT name FROM sqlite_master WHERE name IN ('runs', 'attempts', 'metrics')").fetchall()
    for (table,) in known:
        store.execute(f"DELETE FROM {table} WHERE run_id NOT IN (SELECT run_id FROM mine)")
    store.commit()
