"""What only a server can do wrong, and what two processes do at once in either database."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from byol_core.errors import InputError, LabError
from byol_core.events import MetricRow, Progress
from byol_core.runs import devices, export_zip, library, queries, schema, sweep
from byol_core.runs.import_zip import unpack
from byol_core.runs.store import RunStore
from byol_core.system.processes import identity

CLAIM = """
import sys
from pathlib import Path
from byol_core.system.processes import identity
from byol_core.runs.store import RunStore
store = RunStore(Path(sys.argv[1]))
input()  # all start together
print(*[run_id for run_id in sys.argv[2:] if store.claim(run_id, identity())])
"""


@pytest.fixture
def server(store):
    """A store on the server, and none on SQLite: conftest.py sees to that."""
    return store


def test_each_of_many_runs_is_taken_by_one_of_several_processes(store, config):
    runs = [store.create(config).run_id for _ in range(20)]
    command = [sys.executable, "-c", CLAIM, str(store.home), *runs]
    takers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(3)
    ]
    for taker in takers:
        taker.stdin.write("\n")
        taker.stdin.flush()
    taken = [run_id for taker in takers for run_id in taker.communicate(timeout=60)[0].split()]
    assert sorted(taken) == sorted(runs)
    assert {store.get(run_id).attempt for run_id in runs} == {1}


@pytest.fixture
def two(home, url, tmp_path):
    """The stores of two homes with one history."""
    shared = url or f"sqlite:///{tmp_path / 'shared.sqlite'}"
    stores = RunStore(home, shared), RunStore(tmp_path / "other", shared)
    yield stores
    for store in stores:
        store.engine.dispose()


def test_a_run_starts_only_in_the_home_that_has_its_folder(two, config):
    mine, other = two
    run = mine.create(config)
    assert other.get(run.run_id).state == "queued"
    assert (other.queue_here(), other.claim(run.run_id, identity())) == ([], None)
    assert [waiting.run_id for waiting in mine.queue_here()] == [run.run_id]
    assert mine.claim(run.run_id, identity()).attempt == 1


def test_a_run_of_another_machine_is_resumed_and_deleted_there(two, config, monkeypatch):
    mine, other = two
    run = mine.create(config)
    mine.request_stop(run.run_id)
    monkeypatch.setattr(queries, "HOST", "elsewhere")
    for what, act in {
        "resume": lambda: other.resume(run.run_id),
        "delete": lambda: other.delete(run.run_id),
        "delete it there": lambda: library.throw(other, [run.run_id]),
        "delete it": lambda: library.remove(other, [run.run_id]),
    }.items():
        with pytest.raises(InputError, match=f"The files of the run '{run.name}' are on the machine .*; {what}"):
            act()
    library.throw(mine, [run.run_id])
    assert library.purge(other) == 0
    assert library.purge(mine) == 1


def test_a_run_is_of_the_machine_where_it_was_made_or_taken_in(two, config, tmp_path):
    mine, other = two
    run = mine.create(config)
    (member,) = sweep.create(mine, config, [{"seed": 1}])
    imported = unpack(other, export_zip.pack(mine, run.run_id, tmp_path / "run.zip"))
    assert [other.get(found.run_id).host for found in (run, member, imported)] == [queries.HOST] * 3


def test_a_text_may_be_long(server, config):
    run = server.create(config)
    device = devices.together([f"cuda:GPU-{number:036d}" for number in range(8)])
    assert server.claim(run.run_id, identity(), device).device == device
    server.set_progress(run.run_id, Progress(1, 2, 0.0, 0.0, 0.0, "p" * 300))
    assert server.get(run.run_id).phase == "p" * 300


def test_a_curve_of_many_million_steps_has_a_sparkline(store, config):
    run = store.create(config, here=True)
    last = 2**31 - 1
    store.add_metrics(run.run_id, 1, [MetricRow(step, 0.0, 0.0, {"loss": 0.5}) for step in (1, last)])
    assert store.sparkline([run.run_id]) == {run.run_id: [0.5] * 30}


def test_a_url_without_a_driver_gets_ours(server, url):
    store = RunStore(server.home, url.replace("postgresql+psycopg:", "postgresql:"))
    assert store.engine.url.drivername == "postgresql+psycopg"
    store.engine.dispose()


def test_a_missing_driver_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"pip install 'byol-lab\[postgres\]'"):
        RunStore(tmp_path, "postgresql://nobody@localhost/nothing")


def test_a_server_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="The database cannot be used") as caught:
        RunStore(tmp_path, f"postgresql+psycopg://byol@/postgres?host={tmp_path}")
    assert "\n" not in str(caught.value)


def test_a_connection_that_the_server_ended_is_made_again(server, config):
    run = server.create(config)
    other = RunStore(server.home)
    with other.writing() as connection:
        ends = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'byol'"
        )
        connection.exec_driver_sql(ends)
    other.engine.dispose()
    assert server.get(run.run_id).name == run.name
    assert server.rename(run.run_id, "still here").name == "still here"


def test_a_row_that_somebody_holds_is_one_sentence_after_a_while(server, config, monkeypatch):
    run, other = server.create(config), RunStore(server.home)
    monkeypatch.setattr(schema, "BUSY_MILLISECONDS", 50)
    with other.writing() as connection:
        connection.exec_driver_sql(f"SELECT * FROM runs WHERE run_id = '{run.run_id}' FOR UPDATE")
        with pytest.raises(LabError, match=r"The run store cannot be used \(canceling statement due to lock timeout"):
            server.rename(run.run_id, "other")
        assert server.get(run.run_id).name == run.name  # a reader does not wait
    other.engine.dispose()


def test_a_reader_sees_one_moment(store, config, row):
    """Curves that are read key by key are those of one moment, while another process writes both."""
    run = store.create(config, here=True)
    other, stop = RunStore(store.home), threading.Event()

    def write():
        for step in range(2000):
            if stop.is_set():
                return
            logged = row(step, 0.5)
            other.add_metrics(run.run_id, 1, [type(logged)(step, 0.0, 0.0, {"a": 1.0, "b": 1.0})])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(40):
            curves = store.curves(run.run_id, {"a": -1, "b": -1}, max_points=10_000)
            assert len(curves["a"]) == len(curves["b"])
    finally:
        stop.set()
        writer.join()
        other.engine.dispose()
