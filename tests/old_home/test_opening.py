"""A home of the layout before is opened: its runs, settings, maps, answers, uploads and zips, and training goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byol_core import cli
from byol_core.config import build, view_presets
from byol_core.embeddings import MapSettings, pca_film, read_snapshot
from byol_core.embeddings.timeline import frame_of
from byol_core.evaluation import jobs, report
from byol_core.runs import export_zip, uploads, worker
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.weights import sources
from byol_core.weights.classifier import BYOLForImageClassification
from byol_core.weights.encoder_files import load_encoder
from tests import old_home

Command = Callable[..., str]


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The zip of one of the runs; the home is where runs are looked for."""
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    return old_home.put(tmp_path / "home")


@pytest.fixture
def store(packed: Path) -> Iterator[RunStore]:
    store = RunStore()
    yield store
    store.engine.dispose()


@pytest.fixture
def finished(store: RunStore) -> Run:
    return store.get("finished byol")


@pytest.fixture
def byol(packed: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """What a command prints; it has to succeed."""

    def call(*arguments: str) -> str:
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        out, err = capsys.readouterr()
        assert not caught.value.code, err
        return out

    return call


# Runs


def test_its_runs_are_in_the_states_that_they_were_in(store: RunStore) -> None:
    assert {run.name: run.state for run in store.runs()} == old_home.NAMES


def test_curves_numbers_tags_and_notes_are_there(store: RunStore, finished: Run) -> None:
    assert len(store.series(finished.run_id, "loss")) > 1 and finished.summary["steps"] == finished.step
    assert finished.summary["knn_accuracy"] is not None
    assert (finished.tags, finished.notes) == (("lesson",), "The first one that worked.")


def test_settings_under_old_keys_have_their_values(store: RunStore) -> None:
    run = store.get("other method")
    settings = build(run.config)
    assert (settings.optimizer.name, settings.optimizer.lr) == ("adamw", 0.02)
    assert (settings.views.grayscale, settings.views.solarize) == (0.5, 1.5)
    assert settings.method.objective == "simsiam"
    assert "optimiser" in json.loads((run.folder / "config.json").read_text())


def test_commands_list_show_and_compare_them(byol: Command) -> None:
    assert {run["name"] for run in json.loads(byol("runs", "--json"))} == set(old_home.NAMES)
    for name in old_home.NAMES:
        assert name in byol("show", name)
        assert byol("tail", name).strip()
    assert "optimizer" in byol("compare", "finished byol", "other method")


def test_a_stopped_run_goes_on_from_its_checkpoint(store: RunStore) -> None:
    before = store.get("stopped byol")
    known = store.series(before.run_id, "loss")
    store.resume(before.run_id)
    run, status = worker.work(store, store.claim(before.run_id))
    assert (status, run.state, run.message) == (0, "finished", "")
    assert before.step < run.step == run.total_steps and run.attempt == before.attempt + 1
    curve = store.series(run.run_id, "loss")
    assert curve[: len(known)] == known and curve[-1][0] == run.step


def test_a_clone_has_the_settings_of_the_original(store: RunStore) -> None:
    run = store.get("other method")
    clone = store.clone(run.run_id, {"views.solarise": 0.5})
    assert build(clone.config) == build(run.config, {"views.solarize": 0.5})


# What was made of them


def test_maps_that_were_made_are_found(finished: Run) -> None:
    snapshot = read_snapshot(finished.folder / "embeddings")
    assert len(snapshot.evaluations) >= 3
    for space in ("representation", "projection"):
        frames = [frame_of(snapshot, one, space, MapSettings("UMAP")) for one in snapshot.evaluations]
        assert all(frame is not None and 0 <= frame.trust <= 1 for frame in frames)
        assert np.isfinite(pca_film(snapshot, space).xy).all()


def test_evaluations_are_found_and_reported(finished: Run) -> None:
    found = {judged.protocol.method: judged for judged in jobs.answers(finished.folder)}
    assert set(found) == {"knn", "linear"}
    for judged in found.values():
        assert jobs.job(finished.folder, judged.protocol).state == "ready"
        predictions = jobs.predictions(finished.folder, judged.protocol)
        assert predictions is not None and report.report(judged, predictions).tested == judged.tested


def test_an_evaluation_that_was_stopped_says_so(finished: Run) -> None:
    ((protocol, job),) = jobs.asked(finished.folder)
    assert (protocol.labels, job.state) == ("2", "stopped")


def test_saved_views_and_uploads_are_there(store: RunStore) -> None:
    views = view_presets.load(store.home, "soft and grey")
    assert (views.strength, views.grayscale, views.solarize) == (0.5, 2.0, 0.5)
    (upload,) = uploads.uploads(store)
    assert set(upload.runs) == {"finished byol", "other method", "stopped byol"}


# Weights


def test_the_encoder_is_loaded_by_every_way(finished: Run) -> None:
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    model = BYOLForImageClassification.from_pretrained(finished.folder, num_labels=3)
    assert model(images).logits.shape == (2, 3)
    encoders = [model.encoder, load_encoder(finished.folder).encoder.eval(), sources.load(finished.run_id).encoder]
    first, *others = (encoder(images) for encoder in encoders)
    assert all(torch.equal(first, other) for other in others)


def test_a_new_run_starts_from_it(store: RunStore, finished: Run) -> None:
    wanted = build(finished.config, {"network.pretrained": finished.run_id, "epochs": 1})
    run, status = worker.work(store, store.create(wanted, here=True))
    assert (status, run.state) == (0, "finished")


# Zips


def test_what_was_packed_then_is_taken_in(store: RunStore, packed: Path, finished: Run) -> None:
    run = export_zip.unpack(store, packed)
    assert run.run_id != finished.run_id and run.state == "finished"
    assert _about(store, run) == _about(store, finished)


def test_its_runs_travel_to_another_home(store: RunStore, finished: Run, tmp_path: Path) -> None:
    other = RunStore(tmp_path / "other")
    run = export_zip.unpack(other, export_zip.pack(store, finished.run_id, tmp_path / "run.zip"))
    assert run.run_id == finished.run_id and _about(other, run) == _about(store, finished)
    other.engine.dispose()


def _about(store: RunStore, run: Run) -> dict[str, Any]:
    settings = build(run.config, {"data.source": "eurosat"})  # a zip names the set of its time
    evaluations = [judged.model_dump() for judged in jobs.answers(run.folder)]
    return {
        "names": (run.name, run.tags, run.notes, run.summary, run.step),
        "settings": settings,
        "loss": store.series(run.run_id, "loss"),
        "evaluations": sorted(evaluations, key=str),
        "snapshot": len(read_snapshot(run.folder / "embeddings").evaluations),
    }
