"""Stores as earlier releases made them, to the letter, with rows in them."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import Engine, create_engine

from byol_core.config import RunConfig

_RUNS = """
CREATE TABLE runs (
    run_id VARCHAR(64) NOT NULL,
    name VARCHAR(200) NOT NULL,
    state VARCHAR(16) NOT NULL,
    config TEXT NOT NULL,
    preset VARCHAR(64),
    created DOUBLE PRECISION NOT NULL,
    started DOUBLE PRECISION,
    ended DOUBLE PRECISION,
    pid INTEGER,
    pid_created DOUBLE PRECISION,
    host VARCHAR(255) NOT NULL,
    device VARCHAR(64) NOT NULL,
    attempt INTEGER NOT NULL,
    heartbeat DOUBLE PRECISION,
    stop_requested BOOLEAN NOT NULL,
    stop_requested_at DOUBLE PRECISION,
    position INTEGER NOT NULL,
    step INTEGER NOT NULL,
    total_steps INTEGER NOT NULL,
    epoch DOUBLE PRECISION NOT NULL,
    images_per_second DOUBLE PRECISION NOT NULL,
    seconds_left DOUBLE PRECISION,
    phase VARCHAR(200) NOT NULL,
    message TEXT NOT NULL,
    summary TEXT NOT NULL,
    demo BOOLEAN NOT NULL,{later}
    PRIMARY KEY (run_id)
)"""
_OTHERS = (
    """
CREATE TABLE attempts (
    run_id VARCHAR(64) NOT NULL,
    attempt INTEGER NOT NULL,
    start_step INTEGER NOT NULL,
    PRIMARY KEY (run_id, attempt)
)""",
    """
CREATE TABLE metrics (
    run_id VARCHAR(64) NOT NULL,
    key VARCHAR(64) NOT NULL,
    step INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    epoch DOUBLE PRECISION NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    value DOUBLE PRECISION,
    PRIMARY KEY (run_id, key, step, attempt)
){options}""",
    "CREATE TABLE facts (key VARCHAR(64) NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key))",
)
_GROUPS = """
    alarm TEXT, priority INTEGER, tags TEXT, notes TEXT, archived DOUBLE PRECISION, deleted DOUBLE PRECISION,
    group_name VARCHAR(200),"""
_SLOWED = f"{_GROUPS}\n    slowed_by VARCHAR(32),"
_NOW = f"{_SLOWED}\n    alarm_kind VARCHAR(32), alarm_space VARCHAR(32),"
# What each release's table of runs had beyond the first one's.
SCHEMAS = {
    "first": "",
    "alarm": "\n    alarm TEXT,",
    "groups": _GROUPS,
    "slowed": _SLOWED,
    "now": _NOW,
    "newer": f"{_NOW}\n    color TEXT, stars INTEGER,",
}
ENDED = ("aaaaaaaa", "ended one", "finished")
WAITING = ("bbbbbbbb", "waiting one", "queued")


def make(home: Path, schema: str, url: str | None = None) -> None:
    """A home with two runs, a curve, and a fact, as a release left it."""
    engine = create_engine(url or f"sqlite:///{home / 'lab.sqlite'}")
    home.mkdir(parents=True, exist_ok=True)
    options = " WITHOUT ROWID" if url is None else ""
    with engine.begin() as connection:
        connection.exec_driver_sql(_RUNS.format(later=SCHEMAS[schema]))
        for statement in _OTHERS:
            connection.exec_driver_sql(statement.format(options=options))
        for run_id, name, state in (ENDED, WAITING):
            (home / run_id).mkdir()
            connection.exec_driver_sql(_insert(run_id, name, state, int(state == "finished")))
        connection.exec_driver_sql("INSERT INTO attempts VALUES ('aaaaaaaa', 1, -1)")
        connection.exec_driver_sql("INSERT INTO metrics VALUES ('aaaaaaaa', 'loss', 3, 1, 0.5, 1.5, 0.25)")
        connection.exec_driver_sql("INSERT INTO facts VALUES ('demo', 'byol-tiny')")
    engine.dispose()


def _insert(run_id: str, name: str, state: str, attempt: int) -> str:
    config = json.dumps(RunConfig().model_dump(mode="json"))
    return (
        "INSERT INTO runs (run_id, name, state, config, created, host, device, attempt, stop_requested, position,"
        " step, total_steps, epoch, images_per_second, phase, message, summary, demo) VALUES"
        f" ('{run_id}', '{name}', '{state}', '{config}', 1.0, '', '', {attempt}, false, 1, 3, 3, 0.5, 9.0, '', '',"
        """ '{"knn_accuracy": 0.5}', false)"""
    )


def columns(engine: Engine, table: str = "runs") -> list[str]:
    """The columns of a table as the database has them."""
    from sqlalchemy import inspect

    return [column["name"] for column in inspect(engine).get_columns(table)]
