"""A store without the columns that came later opens, gets them, and keeps all that was in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

from byol_core.config import RunConfig
from byol_core.runs import library
from byol_core.runs.schema import runs
from byol_core.runs.store import RunStore

LATER = (
    "priority",
    "tags",
    "notes",
    "archived",
    "deleted",
    "group_name",
    "slowed_by",
    "alarm_kind",
    "alarm_space",
    "said",
)


def columns(store):
    return [column["name"] for column in inspect(store.engine).get_columns("runs")]


@pytest.fixture
def older(home):
    """A home with one run, whose table lacks the columns that came later."""
    store = RunStore(home)
    store.create(RunConfig(), name="one")
    with store.writing() as connection:
        for name in LATER:
            connection.exec_driver_sql(f"ALTER TABLE runs DROP COLUMN {name}")
    assert not set(LATER) & set(columns(store))
    store.engine.dispose()
    return home


def test_an_older_store_opens_with_all_that_was_in_it(older):
    store = RunStore(older)
    run = store.get("one")
    assert (run.state, run.priority, run.tags, run.notes, run.group, run.slowed_by) == ("queued", 0, (), "", "", "")
    assert (run.alarm_kind, run.alarm_space) == ("", "")
    assert (run.archived, run.deleted) == (None, None)
    assert library.annotate(store, run.run_id, tags=["new"]).tags == ("new",)
    store.engine.dispose()


def test_several_processes_open_an_older_store_at_once(older):
    code = "import sys, pathlib; from byol_core.runs.store import RunStore; RunStore(pathlib.Path(sys.argv[1]))"
    openers = [subprocess.Popen([sys.executable, "-c", code, str(older)], cwd=Path.cwd()) for _ in range(3)]
    assert [opener.wait(60) for opener in openers] == [0, 0, 0]
    store = RunStore(older)
    assert sorted(columns(store)) == sorted(runs.columns.keys())
    store.engine.dispose()


def test_a_column_that_a_newer_version_added_stays(home):
    store = RunStore(home)
    store.create(RunConfig(), name="one")
    with store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN color TEXT")
        connection.exec_driver_sql("UPDATE runs SET color = 'red'")
    RunStore(home).rename("one", "better")
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT color FROM runs WHERE name = 'better'").scalar_one() == "red"
    store.engine.dispose()
