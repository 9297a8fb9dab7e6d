"""The embedded set is whole, in order, and has its license beside it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from byol_core.data import embedded
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.errors import LabError
from byol_core.system.paths import bundled


@pytest.fixture(scope="module")
def whole() -> ImageSet:
    return load("eurosat", 64)


def test_split_labels_and_names(whole: ImageSet) -> None:
    assert (len(whole.train), len(whole.test), len(whole.class_names)) == (4000, 1000, 10)
    assert whole.labels is not None
    assert torch.bincount(whole.labels[whole.train]).tolist() == [400] * 10
    assert torch.bincount(whole.labels[whole.test]).tolist() == [100] * 10
    index = json.loads((bundled("assets/eurosat") / "index.json").read_text())
    assert whole.labels.tolist() == index["labels"]
    assert all(name.startswith(whole.class_names[index["labels"][i]]) for i, name in enumerate(index["filenames"]))


def test_cells_are_cut_row_by_row(whole: ImageSet) -> None:
    with Image.open(bundled("assets/eurosat") / "eurosat64_5000.webp") as sheet:
        for place in (0, 49, 50, 4999):
            left, top = place % 50 * 64, place // 50 * 64
            cell = np.asarray(sheet.convert("RGB").crop((left, top, left + 64, top + 64)))
            assert (whole.images[place].permute(1, 2, 0).numpy() == cell).all()


def test_a_smaller_size_and_a_limit() -> None:
    found = load("eurosat", 32, limit=1000)
    assert found.images.shape == (2000, 3, 32, 32)
    assert found.labels is not None
    assert torch.bincount(found.labels[found.train]).tolist() == [100] * 10


def test_license_notice_and_citation_lie_beside_it() -> None:
    text = (bundled("assets/eurosat") / "README.md").read_text(encoding="utf-8")
    assert "contains modified Copernicus Sentinel data" in text
    assert "Helber" in text
    assert "MIT License" in (bundled("assets/eurosat") / "LICENSE").read_text(encoding="utf-8")


def test_a_broken_installation_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(embedded, "bundled", lambda relative: tmp_path)
    with pytest.raises(LabError, match="install BYOL Lab again"):
        load("eurosat", 32)
