"""A store of an earlier release opens, keeps its runs, and is kept as it was beside it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from byol_core.errors import InputError
from byol_core.runs.store import RunStore

COPY = "lab.sqlite.before-alarm"


@pytest.fixture
def old(store, config):
    """A home as the release before the alarm left it, with one run."""
    run = store.create(config, name="old one")
    store.engine.dispose()
    with closing(sqlite3.connect(store.home / "lab.sqlite")) as connection:
        connection.execute("ALTER TABLE runs DROP COLUMN alarm")
        connection.commit()
    return run


def columns(file):
    with closing(sqlite3.connect(file)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(runs)")]


def names(file):
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM runs")]


def test_an_old_store_gets_the_column_and_a_copy_stays(store, old):
    assert "alarm" not in columns(store.home / "lab.sqlite")
    opened = RunStore(store.home)
    assert (opened.get(old.run_id).name, opened.get(old.run_id).alarm) == ("old one", None)
    assert "alarm" in columns(store.home / "lab.sqlite")
    assert "alarm" not in columns(store.home / COPY) and names(store.home / COPY) == ["old one"]
    assert [path.name for path in store.home.iterdir() if path.name.startswith(".lab")] == []
    opened.engine.dispose()


def test_a_new_store_needs_no_copy(store):
    RunStore(store.home).engine.dispose()
    assert not (store.home / COPY).exists()


def test_two_processes_open_an_old_home_at_once(store, old):
    code = "import sys, pathlib; from byol_core.runs.store import RunStore; RunStore(pathlib.Path(sys.argv[1]))"
    openers = [subprocess.Popen([sys.executable, "-c", code, str(store.home)], cwd=Path.cwd()) for _ in range(3)]
    assert [opener.wait(60) for opener in openers] == [0, 0, 0]
    assert columns(store.home / "lab.sqlite").count("alarm") == 1
    assert "alarm" not in columns(store.home / COPY)


def test_an_old_store_without_space_for_the_copy_is_left_as_it_was(store, old, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("byol_core.runs.upgrade.os.fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        RunStore(store.home)
    assert "alarm" not in columns(store.home / "lab.sqlite")
    assert not [path for path in store.home.iterdir() if "before" in path.name]
    monkeypatch.undo()
    assert RunStore(store.home).get(old.run_id).name == "old one"
