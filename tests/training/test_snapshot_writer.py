"""What a run keeps for the map can be read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byol_core.config import build
from byol_core.data.imageset import ImageSet
from byol_core.embeddings import read_predicted, read_snapshot, read_space, sheets, thumbnails
from byol_core.training import snapshot_writer
from byol_core.training.eval_images import EvalImages
from byol_core.training.snapshot_writer import EmbeddingFolder, Look

PIXELS = torch.arange(60, dtype=torch.uint8).view(60, 1, 1, 1).expand(60, 3, 16, 16) * 4  # each in its own gray


def folder(path: Path, **changes: Any) -> EmbeddingFolder:
    settings = {"evaluation.probe": 20, "evaluation.probe_training": 10, "data.image_size": 16, **changes}
    names = ("a", "b", "c")
    images = ImageSet("set", PIXELS, torch.arange(60) % 3, names, torch.arange(20, 60), torch.arange(20))
    config = build({}, {"data.source": "nowhere", "data.limit": 60, **settings})
    return EmbeddingFolder(path / "embeddings", EvalImages(config, images, torch.device("cpu")))


def look(n: int, step: int = 3) -> Look:
    vectors = torch.randn(n, 8, generator=torch.Generator().manual_seed(0))
    said = (torch.arange(n) % 3).short(), torch.full((n,), 0.5).half()
    return Look(step, 1.0, vectors, vectors[:, :4], 0.5, {"spectrum_projection": torch.ones(4)}, said)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddingFolder:
    """One evaluation of 30 images, twelve on a sheet, of a set that is not on the disk any more."""
    monkeypatch.setattr(snapshot_writer, "PER_SHEET", 12)
    monkeypatch.setattr(snapshot_writer, "_RELOAD", 0)
    made = folder(tmp_path)
    made.start()
    made.add(look(30))
    return made


def test_what_was_written_is_read(written: EmbeddingFolder) -> None:
    eval_images = read_snapshot(written.folder)
    assert (len(eval_images), eval_images.per_sheet, eval_images.cell) == (30, 12, 16)
    assert eval_images.ids.tolist() == written.eval_images.mapped.tolist()
    assert eval_images.parts.tolist() == written.eval_images.splits.tolist()
    assert eval_images.classes.tolist() == [row % 3 for row in eval_images.indices]
    vectors = read_space(eval_images, eval_images.evaluations[0], "representation")
    np.testing.assert_allclose(vectors, look(30).representation.numpy(), atol=2e-3)
    said, sure = read_predicted(eval_images, eval_images.evaluations[0]) or (None, None)
    assert said is not None and said.tolist() == [i % 3 for i in range(30)] and sure is not None and set(sure) == {0.5}


def test_every_picture_is_on_a_sheet(written: EmbeddingFolder) -> None:
    eval_images = read_snapshot(written.folder)
    assert len(sheets(eval_images)) == 3
    for i, picture in enumerate(thumbnails(eval_images, range(30))):
        assert abs(picture.mean() - 4 * eval_images.indices[i]) < 4


def test_of_many_images_the_pictures_are_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = []
    for few in (30, 29):
        monkeypatch.setattr(snapshot_writer, "_FEW", few)
        cells.append(folder(tmp_path).state()["cell"])
    assert cells == [64, 32]


def test_a_run_goes_on_with_the_images_that_it_began_with(written: EmbeddingFolder, tmp_path: Path) -> None:
    state = written.state()
    again = folder(tmp_path)
    again.resume(state)
    assert (len(again.eval_images.mapped), again.state()) == (30, state)


def test_many_large_pictures_are_shrunk_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = snapshot_writer.contact_sheet(PIXELS, 8)
    monkeypatch.setattr(snapshot_writer, "_SHRUNK", 7)
    assert snapshot_writer.contact_sheet(PIXELS, 8) == whole
