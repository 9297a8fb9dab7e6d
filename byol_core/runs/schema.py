"""The tables of the store, and the engine that opens them: SQLite in a home, or PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.schema import CreateColumn, CreateTable

from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.system.files import because

FILE = "lab.sqlite"
BUSY_MILLISECONDS = 20_000
# Set on an engine whose transactions only read: it must never wait for a writer.
READ = "byol_read"
# Set on an engine whose writers wait for so many seconds, and not for BUSY_MILLISECONDS, until another one is done.
PATIENCE = "byol_patience"
# The lock of :func:`take_turns` in a PostgreSQL database; any number that nobody else uses.
_TURN = 0x62796F6C

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("config", Text, nullable=False),
    Column("preset", String(64)),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("pid", Integer),
    Column("pid_created", Double),
    Column("host", String(255), nullable=False, default=""),
    Column("device", Text, nullable=False, default=""),
    Column("attempt", Integer, nullable=False, default=0),
    Column("heartbeat", Double),
    Column("stop_requested", Boolean, nullable=False, default=False),
    Column("stop_requested_at", Double),
    Column("position", Integer, nullable=False),
    Column("step", Integer, nullable=False, default=0),
    Column("total_steps", Integer, nullable=False, default=0),
    Column("epoch", Double, nullable=False, default=0.0),
    Column("images_per_second", Double, nullable=False, default=0.0),
    Column("seconds_left", Double),
    Column("phase", Text, nullable=False, default=""),
    Column("message", Text, nullable=False, default=""),
    Column("summary", Text, nullable=False, default="{}"),
    Column("demo", Boolean, nullable=False, default=False),
    Column("alarm", Text),
    # A column that comes later may be empty: an older store only gets it added, and older code can go on with it.
    Column("priority", Integer),
    Column("tags", Text),
    Column("notes", Text),
    Column("archived", Double),
    Column("deleted", Double),
    Column("group_name", String(200)),
    Column("slowed_by", String(32)),
    Column("alarm_kind", String(32)),
    Column("alarm_space", String(32)),
    Column("said", Text),  # how message, phase and alarm were made, as JSON: byol_core.runs.row_texts
)

# start_step: the step of the checkpoint that an attempt went on from; -1: from the beginning.
attempts = Table(
    "attempts",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("start_step", Integer, nullable=False),
)

# The key's order is the index of every read: one curve of one run from a step on. NULL stands for NaN.
metrics = Table(
    "metrics",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("epoch", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("value", Double),
    sqlite_with_rowid=False,
)

# Facts about the home itself, such as "the demo run was brought in once".
facts = Table("facts", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))


def open_engine(home: Path, url: str | None) -> Engine:
    """The engine with all tables there; InputError when the home or the database cannot be used."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(home, error) from None
    engine = _engine(url) if url else create_engine(sqlite_url(home / FILE))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    try:
        if _is_complete(engine):
            return engine
        with engine.begin() as connection:
            _create_tables(connection)
            for table in metadata.sorted_tables:
                _add_columns(connection, table)
    except DBAPIError as error:
        if url is None:
            raise unusable(home, error.orig) from None
        raise InputError("The database cannot be used ({reason}); check its URL.", reason=_reason(error.orig)) from None
    return engine


def sqlite_url(file: Path) -> URL:
    """The URL of an SQLite file, whatever its path holds: written into a URL as it is, ``%20`` and ``?`` would be read
    as something else, and the file would be another one."""
    return URL.create("sqlite", database=str(file))


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_pre_ping=True)  # the server may have been started again meanwhile
    except ModuleNotFoundError as error:
        known = error.name == "psycopg"
        hint = "pip install 'byol-lab[postgres]'" if known else Message("the driver is to be installed")
        raise InputError(
            "The database's URL cannot be used ({reason}): {hint}.", reason=_reason(error), hint=hint
        ) from None
    except ArgumentError as error:
        raise InputError("The database's URL cannot be used ({reason}).", reason=_reason(error)) from None


def unusable(home: Path, error: BaseException | None) -> InputError:
    """The sentence for a home that cannot be written."""
    return InputError(
        "The home of the runs '{home}' cannot be written ({reason}); set BYOL_LAB_HOME to another folder.",
        retryable=is_locked(error),
        home=home,
        reason=_reason(error),
    )


def is_locked(error: BaseException | None) -> bool:
    """Whether SQLite says that another connection holds the database, by the low byte of its code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _reason(error: BaseException | None) -> str:
    text = because(error) if isinstance(error, OSError) else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _is_complete(engine: Engine) -> bool:
    """Whether nothing is to be made: then a store opens also on a full disk, or while somebody writes for long."""
    with engine.execution_options(**{READ: True}).connect() as connection:
        known = inspect(connection)
        tables = set(known.get_table_names())
        wanted = metadata.sorted_tables
        return {table.name for table in wanted} <= tables and not any(_missing(connection, table) for table in wanted)


def _create_tables(connection: Connection) -> None:
    take_turns(connection)  # IF NOT EXISTS fails when two do it at once
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))


def _missing(connection: Connection, table: Table) -> list[Column[Any]]:
    """The columns that the table in the store lacks."""
    present = {column["name"] for column in inspect(connection).get_columns(table.name)}
    return [column for column in table.columns if column.name not in present]


def _add_columns(connection: Connection, table: Table) -> None:
    """Add the missing columns; only one process at a time comes here, see :func:`take_turns`."""
    for column in _missing(connection, table):
        definition = CreateColumn(column).compile(dialect=connection.dialect)
        connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))


def take_turns(connection: Connection) -> None:
    """Until the end of the transaction no other one passes here; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the begin event says when a transaction starts, not the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Switching to WAL ignores busy_timeout, so two first starts at once need a few tries."""
    for remaining in range(40, -1, -1):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not remaining or not is_locked(error):
                raise
            time.sleep(0.05)


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: one that reads first and writes later can fail without any waiting."""
    options = connection.get_execution_options()
    if options.get(READ):
        connection.exec_driver_sql("BEGIN")
        return
    patience = options.get(PATIENCE)
    if patience is not None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={patience * 1000:.0f}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        if patience is not None:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")


def _begin_postgresql(connection: Connection) -> None:
    """A reader sees one moment of the store, as it does in SQLite; a writer does not wait for ever."""
    options = connection.get_execution_options()
    if options.get(READ):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return
    patience = options.get(PATIENCE)
    wait = BUSY_MILLISECONDS if patience is None else patience * 1000
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(wait, 1):.0f}")
