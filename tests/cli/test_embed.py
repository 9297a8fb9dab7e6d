"""``byol embed``: a map as a table or a projector, and one sentence for whatever is wrong."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest
from pyarrow import parquet

from byol_core.embeddings import MapSettings, pca_film, read_snapshot
from byol_core.embeddings.snapshot import MAPS
from byol_core.embeddings.timeline import frame_name
from byol_core.jobs import Answer, arrays
from byol_core.system.paths import bundled
from tests.embeddings.conftest import write_embeddings


@pytest.fixture
def run(finished):
    run = finished()
    shutil.copytree(bundled("assets/byol-tiny/embeddings"), run.folder / "embeddings")
    return run


def test_a_map_is_written_and_told_as_json(byol, run, tmp_path):
    status, out, _ = byol("embed", "done", "--method", "pca", "--out", tmp_path / "map.parquet", "--json")
    told = json.loads(out)
    assert (status, told["run_id"], told["step"], told["images"], told["method"]) == (0, run.run_id, 4200, 1000, "PCA")
    assert told["trustworthiness"] == pytest.approx(0.936, abs=0.01) and 0 < told["knn_preservation"] < 1
    found = parquet.read_table(told["file"])
    assert found.num_rows == 1000 and {"row", "split", "class", "x", "y"} <= set(found.column_names)


def test_an_earlier_evaluation_can_be_chosen(byol, run, tmp_path):
    file = tmp_path / "map.parquet"
    out = byol("embed", "done", "--method", "PCA", "--evaluation", "0", "--out", file)[1]
    assert out.startswith(f"1,000 images of run {run.run_id} at step 0 are in {file}, trustworthiness 0.")
    expected = pca_film(read_snapshot(run.folder / "embeddings"), "representation", only=0).at(0)
    assert parquet.read_table(file)["x"].to_pylist() == pytest.approx(expected[:, 0].tolist(), abs=1e-5)


def test_pca_lies_as_the_page_shows_it(byol, run, tmp_path):
    file = tmp_path / "map.parquet"
    assert byol("embed", "done", "--method", "PCA", "--out", file)[0] == 0
    shown = pca_film(read_snapshot(run.folder / "embeddings"), "representation").at(4200)
    assert parquet.read_table(file)["x"].to_pylist() == pytest.approx(shown[:, 0].tolist(), abs=1e-5)


def test_the_map_that_the_page_shows_is_taken(byol, run, tmp_path):
    probe, settings = read_snapshot(run.folder / "embeddings"), MapSettings("t-SNE", seed=4)
    xy = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    (probe.folder / MAPS).mkdir(exist_ok=True)
    name = frame_name(probe, probe.evaluations[-1], "representation", settings)
    about = {"trust": 0.5, "kept": 0.1, "shares": (0.0, 0.0)}
    arrays.save(probe.folder / MAPS / f"{name}.safetensors", Answer({"xy": xy}, about))
    file = tmp_path / "map.parquet"
    assert byol("embed", "done", "--method", "tsne", "--seed", "4", "--out", file)[0] == 0
    np.testing.assert_array_equal(parquet.read_table(file)["x"], xy[:, 0])


def test_the_settings_told_are_those_of_the_map(byol, finished, tmp_path):
    write_embeddings(finished().folder / "embeddings", n=10)
    words = byol("embed", "done", "--method", "tsne", "--out", tmp_path / "a.parquet")[1]
    assert "perplexity 3.000, seed 0, trustworthiness" in words
    told = json.loads(byol("embed", "done", "--method", "tsne", "--out", tmp_path / "a.parquet", "--json")[1])
    assert told["perplexity"] == 3.0


def test_a_projector_is_a_zip(byol, run, tmp_path):
    assert byol("embed", "done", "--space", "projection", "--out", tmp_path / "a.zip")[0] == 0
    assert "projector_config.pbtxt" in zipfile.ZipFile(tmp_path / "a.zip").namelist()


@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        (("--out", "a.csv"), 2, "The file 'a.csv' should end with .parquet or .zip."),
        (("--method", "mds"), 2, "There is no method 'mds': choose pca, umap, tsne, densmap."),
        (("--space", "x"), 2, "There is no space 'x': choose representation, projection, pixels."),
        (("--evaluation", "first"), 2, "--evaluation should be last or the step of an evaluation, not 'first'."),
        (("--evaluation", "7"), 1, "This run kept no representations at step 7."),
        (("--neighbors", "0"), 2, "The setting 'neighbors' of a map should be from 2 to 200, not 0."),
    ],
)
def test_what_is_wrong_is_one_sentence(byol, run, tmp_path, monkeypatch, options, status, sentence):
    monkeypatch.chdir(tmp_path)
    assert byol("embed", "done", "--out", "a.parquet", *options)[::2] == (status, sentence + "\n")


def test_a_run_without_evaluations_is_told(byol, finished, tmp_path):
    finished()
    status, _, said = byol("embed", "done", "--out", tmp_path / "a.parquet")
    assert (status, said.count("\n")) == (1, 1) and "no stored representations" in said
