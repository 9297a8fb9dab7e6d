"""What ``embeddings/`` holds is read as it was written, and damage is said in one sentence."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

from byol_core.embeddings import SPLITS, has_snapshot, read_predicted, read_snapshot, read_space, width
from byol_core.embeddings.spectrum import read_spectrum
from byol_core.errors import LabError


def change(folder, **values):
    about = json.loads((folder / "probe.json").read_text())
    (folder / "probe.json").write_text(json.dumps({**about, **values}))


def test_reads_images_classes_and_evaluations_in_order(embeddings):
    change(embeddings, evaluations=json.loads((embeddings / "probe.json").read_text())["evaluations"][::-1])
    snapshot = read_snapshot(embeddings)
    assert len(snapshot) == 60 and snapshot.labeled
    assert [evaluation.step for evaluation in snapshot.evaluations] == [0, 320]
    assert snapshot.class_of(0) == snapshot.class_names[snapshot.labels[0]]


def test_numbers_that_numpy_does_not_know_are_told(embeddings):
    snapshot = read_snapshot(embeddings)
    path, kinds = embeddings / snapshot.evaluations[-1].file, (torch.bfloat16, torch.float8_e4m3fn, torch.complex64)
    names = ("representation", "predicted", "confidence", "spectrum_projection")
    for kind in kinds:
        save_torch({name: torch.ones(60, 3).to(kind) for name in names}, path)
        for read in (
            lambda last: read_space(snapshot, last, "representation"),
            lambda last: read_predicted(snapshot, last),
            lambda last: read_spectrum(snapshot, last, "projection"),
        ):
            with pytest.raises(LabError, match="holds other numbers than a run keeps"):
                read(snapshot.evaluations[-1])


def test_the_width_is_read_without_the_vectors(embeddings):
    snapshot = read_snapshot(embeddings)
    for space in ("representation", "projection", "pixels"):
        assert (
            width(snapshot, snapshot.evaluations[-1], space)
            == read_space(snapshot, snapshot.evaluations[-1], space).shape[1]
        )
    (embeddings / snapshot.evaluations[-1].file).write_bytes(b"half")
    with pytest.raises(LabError, match="missing or damaged"):
        width(snapshot, snapshot.evaluations[-1], "projection")


@pytest.mark.parametrize(("space", "width"), [("representation", 5**3), ("projection", 3**3), ("pixels", 3 * 16 * 16)])
def test_reads_every_space_as_float32(embeddings, space, width):
    snapshot = read_snapshot(embeddings)
    vectors = read_space(snapshot, snapshot.evaluations[-1], space)
    assert vectors.shape == (60, width) and vectors.dtype == np.float32


def test_without_labels_no_image_has_a_class(unlabeled):
    snapshot = read_snapshot(unlabeled)
    assert not snapshot.labeled and snapshot.class_of(3) == ""


def test_an_unlabeled_image_among_labeled_ones_has_no_class(embeddings):
    change(embeddings, labels=[-1] + [0] * 59)
    snapshot = read_snapshot(embeddings)
    assert snapshot.class_of(0) == "" and snapshot.class_of(1) == "AnnualCrop"


def test_a_run_that_has_not_evaluated_has_no_probe(tmp_path):
    assert not has_snapshot(tmp_path)
    with pytest.raises(LabError, match="no stored representations"):
        read_snapshot(tmp_path)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"indices": []}, "indices"),
        ({"labels": [0]}, "1 labels for 60 images"),
        ({"labels": [99] * 60}, "without a class name"),
        ({"columns": 0}, "columns"),
        ({"evaluations": [{"step": 0, "epoch": 0, "file": "../../secret"}]}, "evaluations.0.file"),
    ],
)
def test_a_damaged_probe_is_refused_with_the_reason(embeddings, values, reason):
    change(embeddings, **values)
    with pytest.raises(LabError, match=reason):
        read_snapshot(embeddings)


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"indices": [1, 2'])
def test_half_a_probe_is_refused(embeddings, text):
    (embeddings / "probe.json").write_text(text)
    with pytest.raises(LabError, match="damaged"):
        read_snapshot(embeddings)


@pytest.mark.parametrize("content", [None, b"", b"no tensors here"])
def test_a_lost_or_damaged_evaluation_is_named(embeddings, content):
    path = embeddings / "step-00000320.safetensors"
    path.unlink() if content is None else path.write_bytes(content)
    snapshot = read_snapshot(embeddings)
    with pytest.raises(LabError, match=r"step-00000320\.safetensors"):
        read_space(snapshot, snapshot.evaluations[-1], "representation")


def test_vectors_of_another_set_of_images_are_refused(embeddings):
    change(embeddings, indices=list(range(50)), labels=[0] * 50)
    snapshot = read_snapshot(embeddings)
    with pytest.raises(LabError, match="does not belong to its 50 images"):
        read_space(snapshot, snapshot.evaluations[0], "representation")


def test_a_diverged_run_is_told_as_such(embeddings):
    save_file({"representation": np.full((60, 4), np.nan, np.float16)}, embeddings / "step-00000000.safetensors")
    snapshot = read_snapshot(embeddings)
    with pytest.raises(LabError, match="diverged"):
        read_space(snapshot, snapshot.evaluations[0], "representation")


@pytest.fixture
def predicted(embeddings):
    """Rewrite the last evaluation with what was said of its images."""
    path = embeddings / "step-00000320.safetensors"

    def write(said, sure):
        save_file({**load_file(path), "predicted": said, "confidence": sure}, path)
        return read_snapshot(embeddings)

    return write


def test_what_was_said_of_each_image_is_read(predicted):
    snapshot = predicted(np.arange(60, dtype=np.int16) % 10, np.full(60, 0.5, np.float16))
    said, sure = read_predicted(snapshot, snapshot.evaluations[-1])
    assert said.tolist() == [i % 10 for i in range(60)] and set(sure) == {0.5}
    assert read_predicted(snapshot, snapshot.evaluations[0]) is None


@pytest.mark.parametrize("said", [np.zeros(59, np.int16), np.full(60, 10, np.int16)])
def test_what_was_said_of_other_images_is_refused(predicted, said):
    snapshot = predicted(said, np.ones(60, np.float16))
    with pytest.raises(LabError, match="do not belong"):
        read_predicted(snapshot, snapshot.evaluations[-1])


def test_a_run_of_an_earlier_release_has_test_images_alone(embeddings):
    assert set(read_snapshot(embeddings).parts) == {SPLITS.index("test")}


def test_what_each_image_was_for_the_run_is_read(make_embeddings, tmp_path):
    snapshot = read_snapshot(make_embeddings(tmp_path / "more", splits=[2] * 50 + [0] * 8 + [1] * 2))
    assert np.bincount(snapshot.parts).tolist() == [8, 2, 50]


@pytest.mark.parametrize("splits", [[2] * 59, [3] * 60])
def test_other_splits_are_refused(make_embeddings, tmp_path, splits):
    with pytest.raises(LabError, match="splits"):
        read_snapshot(make_embeddings(tmp_path / "more", splits=splits))
