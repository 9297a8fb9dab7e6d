from __future__ import annotations

import json

import pytest

from byol_core import paths
from byol_core.config import RunConfig
from byol_core.errors import InputError
from byol_core.runs.store import RunStore


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
    run = store.ensure_demo()
    assert run == store.get("demo")
    assert (run.state, run.demo, run.step, run.summary["knn_accuracy"]) == ("finished", True, 2, 0.78)
    assert [point[0] for point in store.series(run.run_id, "loss")] == [1, 2]
    assert (run.folder / "embeddings" / "probe.json").is_file()


def test_the_demo_run_is_brought_in_once(store, demo):
    store.ensure_demo()
    assert RunStore(store.home).ensure_demo() is None
    assert len(store.runs()) == 1


def test_a_deleted_demo_run_does_not_come_back(store, demo):
    store.delete(store.ensure_demo().run_id)
    assert store.ensure_demo() is None
    assert store.runs() == []


def test_the_demo_run_is_not_resumed(store, demo):
    with pytest.raises(InputError, match="clone it"):
        store.resume(store.ensure_demo().run_id)


def test_without_a_demo_nothing_happens_and_it_may_come_later(store, demo):
    (demo / "run.json").rename(demo / "elsewhere")
    assert store.ensure_demo() is None
    (demo / "elsewhere").rename(demo / "run.json")
    assert store.ensure_demo() is not None


def test_half_a_demo_leaves_nothing(store, demo):
    (demo / "metrics.json").unlink()
    with pytest.raises(OSError, match="metrics"):
        store.ensure_demo()
    assert store.runs() == []
    assert [path.name for path in store.home.iterdir() if path.is_dir()] == []
