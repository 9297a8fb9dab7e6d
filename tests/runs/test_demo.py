from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest

from byol_core import embeddings
from byol_core.config import RunConfig
from byol_core.errors import InputError, LabError
from byol_core.jobs import service
from byol_core.runs import demo as demos
from byol_core.runs import schema
from byol_core.runs.demo import ensure
from byol_core.runs.store import RunStore
from byol_core.system import paths


@pytest.fixture
def demo(tmp_path, monkeypatch):
    source = tmp_path / "byol-tiny"
    (source / "embeddings").mkdir(parents=True)
    (source / "embeddings" / "probe.json").write_text("{}")
    about = {"name": "demo", "state": "finished", "preset": "classroom", "summary": {"steps": 2, "knn_accuracy": 0.78}}
    rows = [{"step": step, "epoch": step / 2, "seconds": 1.0 * step, "values": {"loss": 1 / step}} for step in (1, 2)]
    for name, value in {"run": about, "config": RunConfig().model_dump(), "metrics": rows}.items():
        (source / f"{name}.json").write_text(json.dumps(value))
    monkeypatch.setattr(paths, "bundled", {"assets/byol-tiny": source}.__getitem__)
    return source


def test_the_demo_run_is_there_on_the_first_start(store, demo):
    run = ensure(store)
    assert run == store.get("demo")
    assert (run.state, run.demo, run.step, run.summary["knn_accuracy"]) == ("finished", True, 2, 0.78)
    assert [point[0] for point in store.series(run.run_id, "loss")] == [1, 2]
    assert (run.folder / "embeddings" / "probe.json").is_file()


def test_the_demo_run_is_brought_in_once(store, demo):
    ensure(store)
    assert ensure(RunStore(store.home)) is None
    assert len(store.runs()) == 1


def test_a_deleted_demo_run_does_not_come_back(store, demo):
    store.delete(ensure(store).run_id)
    assert ensure(store) is None
    assert store.runs() == []


def test_the_demo_run_is_not_resumed(store, demo):
    with pytest.raises(InputError, match="clone it"):
        store.resume(ensure(store).run_id)


def test_without_a_demo_nothing_happens_and_it_may_come_later(store, demo):
    (demo / "run.json").rename(demo / "elsewhere")
    assert ensure(store) is None
    (demo / "elsewhere").rename(demo / "run.json")
    assert ensure(store) is not None


@pytest.mark.parametrize("broken", [Path.unlink, lambda path: path.write_text("[{")])
def test_half_a_demo_leaves_nothing_and_stops_nobody(store, demo, broken):
    broken(demo / "metrics.json")
    assert ensure(store) is None
    assert store.runs() == []
    assert [path.name for path in store.home.iterdir() if path.is_dir()] == []


def test_no_space_for_the_demo_stops_nobody(store, demo, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    assert ensure(store) is None


def test_a_demo_that_another_process_brought_in_meanwhile_is_left_alone(store, demo, monkeypatch):
    run = ensure(store)
    monkeypatch.setattr(RunStore, "fact", lambda *_: None)
    assert ensure(store) is None
    assert store.get(run.run_id) == run
    assert (run.folder / "embeddings" / "probe.json").is_file()


def test_a_locked_store_is_one_sentence(home, demo, monkeypatch):
    monkeypatch.setattr(schema, "BUSY_MILLISECONDS", 1)
    store, other = RunStore(), RunStore()
    with other.writing(), pytest.raises(LabError, match=r"cannot be used \(database is locked\)"):
        ensure(store)
    assert ensure(store) is not None


def test_the_shipped_run_brings_the_umap_of_all_its_evaluations(store):
    snapshot = embeddings.read_snapshot(ensure(store).folder / "embeddings")
    newest = snapshot.evaluations[-1]
    film = embeddings.film(
        store.home, snapshot, embeddings.SPACES[0], embeddings.MapSettings(), first=newest.step, whole=True, start=False
    )
    assert film.job.state == "ready" and all(film.at(one.step) is not None for one in snapshot.evaluations)
    seen = embeddings.quality(
        embeddings.unit(embeddings.read_space(snapshot, newest, embeddings.SPACES[0])), film.at(newest.step)
    )
    assert (
        seen.trust == pytest.approx(film.trust[-1], abs=1e-4) and seen.trust > 0.9
    )  # of these vectors, and a good one
    assert sum(path.stat().st_size for path in (snapshot.folder / "maps").iterdir()) < 200_000


def test_a_run_that_is_packed_as_the_demo_has_its_maps_made(store, tmp_path):
    source = paths.bundled("assets/byol-tiny") / "embeddings"
    folder = tmp_path / "embeddings"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("maps"))
    try:
        demos.film(store.home, folder, "PCA")  # the quickest
    finally:
        _, process = service._started[store.home.resolve(), "interactive"]
        process.kill()
        process.wait()
    assert len(list((folder / "maps").glob("map-*.safetensors"))) == len(embeddings.read_snapshot(folder).evaluations)
