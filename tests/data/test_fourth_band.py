"""A fourth band is transparency only if it looks like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from byol_core.data.account import Remark
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from tests.data.accounts import remark

RANDOM = np.random.default_rng(0)
COLOR = np.full((12, 16, 16, 3), (200, 100, 50), np.uint8)
EDGES = np.where(np.arange(16) < 5, 0, 255)
EDGES[5] = 128


def read(folder: Path, fourth: np.ndarray, *, swap: bool = False, scale: float = 1) -> ImageSet:
    """A set of orange images with this fourth band."""
    images = np.concatenate([COLOR, np.broadcast_to(fourth, (12, 16, 16)).astype(np.uint8)[..., None]], 3)
    images = images.transpose(0, 3, 1, 2) if swap else images
    np.save(folder / "x.npy", images if scale == 1 else (images * scale).astype(np.float32))
    return load(str(folder / "x.npy"), 16)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_near_infrared_is_left_out_and_noted(tmp_path: Path, swap: bool, scale: float) -> None:
    found = read(tmp_path, RANDOM.integers(20, 220, (12, 16, 16)), swap=swap, scale=scale)
    assert found.images[5, :, 3, 3].tolist() == [200, 100, 50]
    assert remark(found, Remark.FOURTH_BAND) == {"n": 12}


@pytest.mark.parametrize("fourth", [np.array(255), np.array(51), EDGES])
def test_transparency_is_over_white(tmp_path: Path, fourth: np.ndarray) -> None:
    found = read(tmp_path, fourth)
    share = np.broadcast_to(fourth, (16, 16))[3, 2] / 255
    assert found.images[5, 0, 3, 2] == round(200 * share + 255 * (1 - share))
    assert found.images[5, 0, 3, 12] == round(
        200 * (last := np.broadcast_to(fourth, (16, 16))[3, 12] / 255) + 255 * (1 - last)
    )
    assert remark(found, Remark.FOURTH_BAND) is None


def test_an_infrared_band_does_not_decide_the_range(tmp_path: Path) -> None:
    images = np.concatenate([COLOR.astype(np.uint16) * 16, RANDOM.integers(20_000, 60_000, (12, 16, 16, 1))], 3)
    np.save(tmp_path / "x.npy", images.astype(np.uint16))
    found = load(str(tmp_path / "x.npy"), 16)
    assert found.images[0, :, 0, 0].tolist() == [199, 100, 50]
    assert remark(found, Remark.RANGE) == {"range": "12-bit values"}
