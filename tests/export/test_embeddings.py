from __future__ import annotations

import pyarrow.parquet as parquet
import pytest
import torch

from byol_core.data.catalog import load
from byol_core.errors import InputError
from byol_core.export import embeddings, write
from byol_core.training.eval_images import EvalImages
from byol_core.weights.encoder_files import load_encoder
from tests.export.conftest import SIDE


def test_every_picture_is_a_row_with_its_split_class_and_vector(store, finished, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "_PART", 16)  # several parts
    run = finished()
    table = parquet.read_table(write(store, run, "parquet", tmp_path / "out.parquet"))
    loaded, images = load_encoder(run.folder), load(str(pictures), SIDE)
    eval_images = EvalImages(loaded.config, images, torch.device("cpu"))
    assert table["row"].to_pylist() == list(range(50))
    splits = table["split"].to_pylist()
    for name, rows in (
        ("train", eval_images.training),
        ("validation", eval_images.validation),
        ("test", eval_images.test),
    ):
        assert sorted(rows.tolist()) == [row for row, split in enumerate(splits) if split == name]
    labels = images.labels.tolist()
    assert table["label"].to_pylist() == [label if label >= 0 else None for label in labels]
    assert table["class"].to_pylist() == [images.class_names[label] if label >= 0 else None for label in labels]
    with torch.no_grad():
        expected = loaded.encoder(images.images.float() / 255)
    assert torch.allclose(torch.tensor(table["vector"].to_pylist()), expected, atol=1e-5)
    assert table.schema.metadata[b"run"] == run.run_id.encode()


def test_images_that_are_gone_are_one_sentence(store, finished, pictures, tmp_path):
    run = finished()
    pictures.unlink()
    with pytest.raises(InputError, match="There is no image set and no path"):
        write(store, run, "parquet", tmp_path / "out.parquet")
    assert not list(tmp_path.glob("*.parquet"))
