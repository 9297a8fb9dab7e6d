"""A full disk: a small one in memory, filled while a real process writes a checkpoint, curves, a map."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from byol_core.config import build
from byol_core.embeddings import MapSettings, Snapshot, film, read_snapshot, retry
from byol_core.embeddings.map_handler import answer_map
from byol_core.errors import LabError
from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import Protocol
from byol_core.events import MetricRow
from byol_core.jobs.worker import Worker
from byol_core.runs import folder, library
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system import processes
from byol_core.system.files import write_atomic
from byol_core.weights import checkpoint
from tests.evaluation.judged import Answering, write_run, write_set
from tests.faults.nursery import SETTINGS, Nursery, pictures

MEGABYTES = 80


class Disk:
    """A file system of its own, which can be filled and emptied."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.filler = folder, folder / "filler"

    def fill(self, leave: int = 0) -> None:
        """Take all space but so many bytes."""
        with self.filler.open("ab", buffering=0) as file:
            for size in (2**20, 4096, 1):
                while self.free() - size >= leave and _fits(file.fileno(), size):
                    pass

    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def empty(self) -> None:
        self.filler.unlink()


def _fits(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, bytes(size)) == size
    except OSError as error:
        assert error.errno == errno.ENOSPC
        return False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    mounted = sys.platform == "linux" and subprocess.run(["mount", *options], capture_output=True).returncode == 0
    if not mounted:
        assert "CI" not in os.environ, "a small disk cannot be mounted"
        pytest.skip("mounting needs Linux and the superuser")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def store(disk: Disk) -> Iterator[RunStore]:
    store = RunStore(disk.folder / "home")
    yield store
    store.engine.dispose()


def make(store: RunStore, folder: Path, **changes: object) -> str:
    settings = {**SETTINGS, "data.source": str(pictures(folder)), **changes}
    return store.create(build({}, settings)).run_id


def steps(store: RunStore, run_id: str) -> list[int]:
    return [point[0] for point in store.series(run_id, "loss")]


def test_a_checkpoint_that_does_not_fit_ends_the_run_in_a_sentence_and_leaves_the_one_before(
    disk, store, nursery, tmp_path
):
    run_id = make(store, tmp_path)
    worker = nursery.work(store.home, run_id, at={8: "SIGSTOP"})
    worker.asleep()
    disk.fill(leave=100_000)
    worker.wake()
    assert worker.end() == 1
    run = store.get(run_id)
    assert (run.state, run.message) == (
        "failed",
        f"The disk of '{run.folder}' is full; free some space, then resume the run.",
    )
    assert checkpoint.latest(run.folder / "checkpoints")["step"] == 6
    assert list((run.folder / "checkpoints").glob(".*")) == []
    disk.empty()
    store.resume(run_id)
    assert nursery.work(store.home, run_id).end() == 0
    assert (store.get(run_id).state, steps(store, run_id)) == ("finished", list(range(1, 25)))


def test_the_last_but_one_checkpoint_makes_room_for_the_next(disk, tmp_path):
    folder = disk.folder / "checkpoints"
    for step in (1, 2):
        checkpoint.save(folder, step, {"step": step, "data": "x" * 1_000_000})
    disk.fill(leave=500_000)
    checkpoint.save(folder, 3, {"step": 3, "data": "x" * 1_000_000})
    assert [path.name for path in checkpoint.checkpoints(folder)] == ["step-00000003.pt", "step-00000002.pt"]


def test_the_training_goes_on_while_the_store_is_full_and_loses_nothing(disk, store, nursery, tmp_path):
    never = {"runtime.checkpoint_every": 1000.0, "evaluation.every": 1000.0}
    run_id = make(store, tmp_path, **never)
    worker = nursery.work(store.home, run_id, at={3: "SIGSTOP", 20: "SIGSTOP"})
    worker.asleep()
    disk.fill()
    worker.wake()
    worker.asleep()  # seventeen steps further
    assert len(steps(store, run_id)) <= 3
    assert store.get(run_id).state == "running"
    disk.empty()
    worker.wake()
    assert worker.end() == 0
    assert "full" in worker.said()
    assert (store.get(run_id).state, steps(store, run_id)) == ("finished", list(range(1, 25)))


def test_a_file_on_a_full_disk_stays_as_it_was(disk):
    path = disk.folder / "file"
    write_atomic(path, b"one")
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, bytes(100_000))
    assert path.read_bytes() == b"one"
    assert sorted(found.name for found in disk.folder.iterdir()) == ["file", "filler"]


def large(store: RunStore) -> Run:
    """A run that has ended, whose rows and files are worth deleting."""
    run = store.create(build({}, SETTINGS), here=True)
    store.add_metrics(run.run_id, 1, [MetricRow(step, 0.0, 0.0, {"a": 1.0, "b": 2.0}) for step in range(20_000)])
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "step-00000001.pt").write_bytes(bytes(20_000_000))
    return store.move(run.run_id, "stopped")


def test_a_run_that_a_full_disk_does_not_let_go_is_whole(disk, store):
    run = large(store)
    disk.fill()
    with pytest.raises(LabError, match="disk is full"):
        store.delete(run.run_id)
    with pytest.raises(LabError, match="disk is full"):
        library.throw(store, [run.run_id])
    folder.empty_trash(store.home)
    assert store.get(run.run_id).state == "stopped" and folder.checkpoint_step(run.folder) == 1


@pytest.mark.parametrize("thrown", [True, False])
def test_what_is_deleted_for_good_makes_room_on_a_full_disk(disk, store, thrown):
    run = large(store)
    if thrown:
        library.throw(store, [run.run_id])
    disk.fill()
    library.purge(store) if thrown else library.remove(store, [run.run_id])
    assert disk.free() > 15_000_000
    assert (store.runs(), library.trash(store), store.metric_keys(run.run_id)) == ([], [], [])


@pytest.fixture
def snapshot(disk: Disk, tmp_path: Path, nursery: Nursery) -> Snapshot:
    """The representations of a real run, on the small disk."""
    store = RunStore(disk.folder / "home")
    run_id = make(store, tmp_path, epochs=0.2)
    assert nursery.work(store.home, run_id).end() == 0
    found = read_snapshot(store.get(run_id).folder / "embeddings")
    store.engine.dispose()
    return found


MAP = MapSettings("PCA")


def sentence(folder: Path) -> str:
    return f"The disk of '{folder}' is full; free some space, then try again."


def test_a_map_that_does_not_fit_is_one_sentence_and_can_be_tried_again(disk, snapshot, monkeypatch):
    monkeypatch.setattr(processes, "start_detached", lambda *_, **__: None)
    home = disk.folder / "home"
    asked, first = (home, snapshot, "representation", MAP), snapshot.evaluations[-1].step

    def filling(*arguments: Any) -> Any:
        found = answer_map(*arguments)
        disk.fill()
        return found

    film(*asked, first=first, whole=False)
    Worker(home, "interactive", 0.0, lambda place: filling).serve()
    found = film(*asked, first=first, whole=False)
    assert found.at(first) is None and found.job.message == sentence(snapshot.folder / "maps")
    disk.empty()
    assert retry(*asked, first=first, whole=False).job.state == "waiting"
    Worker(home, "interactive", 0.0).serve()
    assert film(*asked, first=first, whole=False).at(first) is not None


def test_a_map_is_not_begun_on_a_full_disk(disk, snapshot):
    disk.fill()
    with pytest.raises(LabError) as caught:
        film(disk.folder / "home", snapshot, "representation", MAP, first=snapshot.evaluations[-1].step, whole=False)
    assert str(caught.value).endswith("is full; free some space, then try again.")


def test_an_answer_that_does_not_fit_is_one_sentence_and_can_be_asked_again(disk, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "start_detached", lambda *_, **__: None)
    home = disk.folder / "home"
    run, answering = write_run(home, write_set(tmp_path)), Answering(disk.fill)
    jobs.ask(home, run, Protocol())
    answering.serve(home)
    assert jobs.job(run, Protocol()).message == sentence(run / "evaluations")
    answering.serve(home)
    with pytest.raises(LabError, match="is full; free some space"):
        jobs.ask(home, run, Protocol(labels="1"))
    disk.empty()
    assert jobs.ask(home, run, Protocol()).state == "waiting"
    answering.serve(home)
    assert (jobs.job(run, Protocol()).state, len(answering.asked)) == ("ready", 2)
