"""A map taken away: the table says what the map shows, and TensorBoard reads the projector's folder."""

import io
import zipfile

import numpy as np
import pytest
from google.protobuf import json_format, text_format
from PIL import Image
from pyarrow import parquet
from safetensors.numpy import load_file, save_file

from byol_core.embeddings import Field, pca_film, projector, read_snapshot, read_space, table


@pytest.fixture
def snapshot(make_embeddings, tmp_path):
    folder = make_embeddings(tmp_path / "run" / "embeddings", per_sheet=25, splits=[2] * 50 + [0] * 10)
    path = folder / "step-00000320.safetensors"
    said = {"predicted": np.arange(60, dtype=np.int16) % 10, "confidence": np.ones(60, np.float16)}
    save_file({**load_file(path), **said}, path)
    return read_snapshot(folder)


def test_the_table_has_a_row_for_each_image(snapshot):
    xy = pca_film(snapshot, "representation").at(320)
    number = Field("light", "Light", "number", np.linspace(0, 1, 60).astype(np.float32))
    word = Field("x", "X", "category", np.array([-1] + [0] * 59, np.int16), ("yes",))
    found = parquet.read_table(
        io.BytesIO(table(snapshot, snapshot.evaluations[-1], "representation", xy, [number, word]))
    )
    assert found.column_names == [
        *("row", "split", "label", "class", "predicted", "x", "y", "light", "x (field)"),
    ]
    columns = found.to_pydict()
    assert columns["row"] == list(snapshot.indices) and columns["label"] == list(snapshot.labels)
    assert columns["class"] == [snapshot.class_of(i) for i in range(60)]
    assert columns["predicted"] == [snapshot.class_names[i % 10] for i in range(60)]
    assert columns["split"] == ["test"] * 50 + ["train"] * 10 and columns["x (field)"][:2] == [None, "yes"]
    np.testing.assert_array_equal(np.stack([columns["x"], columns["y"]], 1), xy)
    assert found.schema.metadata[b"step"] == b"320"


def test_images_without_a_class_have_none_in_the_table(unlabeled):
    snapshot = read_snapshot(unlabeled)
    xy = np.zeros((60, 2), np.float32)
    found = parquet.read_table(io.BytesIO(table(snapshot, snapshot.evaluations[0], "pixels", xy))).to_pydict()
    assert set(found["label"]) == set(found["class"]) == {None} and "predicted" not in found


@pytest.fixture
def folder(snapshot, tmp_path):
    with zipfile.ZipFile(io.BytesIO(projector(snapshot, snapshot.evaluations[-1], "representation"))) as archive:
        archive.extractall(tmp_path / "projector")
    return tmp_path / "projector"


def test_tensorboard_knows_every_word_of_the_configuration(folder):
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    by_text = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    by_json = json_format.Parse((folder / "projector_config.json").read_text(), ProjectorConfig())
    assert by_text == by_json
    (embedding,) = by_text.embeddings
    files = (embedding.tensor_path, embedding.metadata_path, embedding.sprite.image_path)
    assert all((folder / name).is_file() for name in files)
    assert list(embedding.tensor_shape) == [60, 125]


def test_the_projector_holds_vectors_words_and_pictures(folder, snapshot, real_pictures):
    vectors = np.fromfile(folder / "tensors.bytes", "<f4").reshape(60, 125)
    np.testing.assert_array_equal(vectors, read_space(snapshot, snapshot.evaluations[-1], "representation"))
    lines = [line.split("\t") for line in (folder / "metadata.tsv").read_text().splitlines()]
    assert lines[0] == ["row", "class", "split", "predicted"] and len(lines) == 61
    assert lines[4] == ["4003", snapshot.class_of(3), "test", snapshot.class_names[3]]
    sprite = np.asarray(Image.open(folder / "sprite.png"))
    assert sprite.shape == (8 * 64, 8 * 64, 3)
    row, column = divmod(45, 8)
    picture = sprite[row * 64 : row * 64 + 64, column * 64 : column * 64 + 64].astype(int)
    assert np.abs(picture - real_pictures[45]).mean() < 6


def test_too_many_thumbnails_for_the_projector_are_shrunk(snapshot, monkeypatch):
    monkeypatch.setattr("byol_core.embeddings.export._SPRITE_SIDE", 8 * 20)
    data = projector(snapshot, snapshot.evaluations[-1], "projection")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert Image.open(archive.open("sprite.png")).size == (160, 160)
