"""A store of an earlier release opens, keeps its runs, and is kept as it was beside it; so does one of a newer one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from byol_core.config import RunConfig
from byol_core.errors import InputError
from byol_core.events import MetricRow
from byol_core.runs import library
from byol_core.runs.schema import metadata, runs
from byol_core.runs.store import RunStore
from byol_core.system.processes import identity
from tests.runs import earlier

# By what each lacks first.
LACKED = {"first": "alarm", "alarm": "priority", "groups": "slowed_by", "slowed": "alarm_kind"}
COPIES = {release: f"lab.sqlite.before-{column}" for release, column in LACKED.items()}
EARLIER = list(COPIES)


@pytest.fixture
def opened(home, url):
    """Make a home as a release left it, and open it."""
    stores = []

    def make(schema):
        earlier.make(home, schema, url)
        stores.append(RunStore())
        return stores[-1]

    yield make
    for store in stores:
        store.engine.dispose()


def names(file):
    with closing(sqlite3.connect(file)) as connection:
        return sorted(row[0] for row in connection.execute("SELECT name FROM runs"))


def columns(file):
    with closing(sqlite3.connect(file)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(runs)")]


@pytest.mark.parametrize("schema", earlier.SCHEMAS)
def test_a_store_of_any_release_opens_with_all_that_was_in_it(opened, schema):
    store = opened(schema)
    run = store.get("ended one")
    assert (run.run_id, run.state, run.summary) == ("aaaaaaaa", "finished", {"knn_accuracy": 0.5})
    assert (run.alarm, run.priority, run.tags, run.notes, run.group, run.slowed_by) == (None, 0, (), "", "", "")
    assert (run.archived, run.deleted, run.alarm_kind, run.alarm_space) == (None, None, "", "")
    assert store.series(run.run_id, "loss") == [(3, 0.5, 1.5, 0.25)]
    assert [waiting.run_id for waiting in store.queue()] == ["bbbbbbbb"]
    assert store.fact("demo") == "byol-tiny"
    assert set(earlier.columns(store.engine)) >= set(runs.columns.keys())


@pytest.mark.parametrize("schema", earlier.SCHEMAS)
def test_a_store_of_any_release_goes_on(opened, schema):
    store = opened(schema)
    assert store.claim("bbbbbbbb", identity()).attempt == 1
    store.add_metrics("bbbbbbbb", 1, [MetricRow(1, 0.0, 0.0, {"loss": 1.0})])
    run = store.create(RunConfig(), name="new")
    assert library.annotate(store, run.run_id, tags=["new"]).tags == ("new",)
    library.throw(store, ["aaaaaaaa"])
    assert {run.name for run in store.runs()} == {"new", "waiting one"}
    assert library.purge(store) == 1


@pytest.mark.parametrize("schema", EARLIER)
def test_an_upgraded_store_is_what_a_new_one_is(opened, schema, tmp_path):
    old, new = opened(schema), RunStore(tmp_path / "new", f"sqlite:///{tmp_path}/new.sqlite")
    for table in metadata.sorted_tables:
        assert earlier.columns(old.engine, table.name) == earlier.columns(new.engine, table.name)
    new.engine.dispose()


def test_texts_that_had_a_longest_length_may_be_long(opened):
    store = opened("now")
    assert store.claim("bbbbbbbb", identity(), "cuda:" + "0" * 300).device == "cuda:" + "0" * 300


@pytest.mark.parametrize("schema", EARLIER)
def test_a_copy_stays_as_it_was(opened, schema):
    store = opened(schema)
    if store.engine.dialect.name != "sqlite":
        assert list(store.home.glob("*before*")) == []
        return
    copy = store.home / COPIES[schema]
    assert names(copy) == ["ended one", "waiting one"]
    lacked = copy.name.rpartition("-")[2]
    assert lacked not in columns(copy) and lacked in columns(store.home / "lab.sqlite")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT value FROM metrics").fetchall() == [(0.25,)]
    assert [path.name for path in store.home.iterdir() if path.name.startswith(".lab")] == []


def test_a_store_that_is_whole_needs_no_copy(opened):
    assert list(opened("now").home.glob("*before*")) == []
    assert list(RunStore().home.glob("*before*")) == []


def test_what_a_newer_release_knows_stays(opened):
    store = opened("newer")
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET color = 'red', stars = 5")
    store.rename("ended one", "better")
    with store.writing() as connection:
        row = connection.exec_driver_sql("SELECT color, stars FROM runs WHERE name = 'better'").one()
    assert tuple(row) == ("red", 5)


def test_several_processes_open_an_old_home_at_once(home, url):
    earlier.make(home, "first", url)
    code = "import sys, pathlib; from byol_core.runs.store import RunStore; RunStore(pathlib.Path(sys.argv[1]))"
    openers = [subprocess.Popen([sys.executable, "-c", code, str(home)], cwd=Path.cwd()) for _ in range(3)]
    assert [opener.wait(60) for opener in openers] == [0, 0, 0]
    store = RunStore()
    assert len(store.runs()) == 2
    assert sorted(earlier.columns(store.engine)) == sorted(runs.columns.keys())
    store.engine.dispose()
    if url is None:
        assert "priority" not in columns(home / COPIES["first"])


def test_an_old_store_without_space_for_the_copy_is_left_as_it_was(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    earlier.make(tmp_path, "first")
    with monkeypatch.context() as disk, pytest.raises(InputError, match="No space left on device"):
        disk.setattr("byol_core.runs.migrate.os.fsync", full)
        RunStore(tmp_path)
    assert "alarm" not in columns(tmp_path / "lab.sqlite")
    assert not [path for path in tmp_path.iterdir() if "before" in path.name]
    store = RunStore(tmp_path)
    assert store.get("ended one").alarm is None
    store.engine.dispose()
