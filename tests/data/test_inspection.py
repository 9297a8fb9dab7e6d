"""Images that hardly vary and copies are counted, in memory and on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from byol_core.data.account import Ledger, Remark
from byol_core.data.catalog import load
from byol_core.data.inspection import Inspected
from byol_core.data.room import FileRows, MemoryRows
from tests.data.accounts import remark

NOISE = np.random.default_rng(0).integers(0, 256, (40, 3, 20, 20), np.uint8)


def counted(rows: MemoryRows | FileRows, images: np.ndarray) -> dict[str, object]:
    """The remarks on these images, which are stored in two parts, the last one first."""
    inspected, ledger = Inspected(rows, len(images), images.shape[-1]), Ledger()
    for part in (np.arange(10, len(images)), np.arange(10)):
        inspected.put(part, torch.from_numpy(images[part]))
    assert (inspected.images(len(images)).numpy() == images).all()
    inspected.remark(ledger)
    return {each.remark.value: each.values["n"] for each in ledger.remarks}


@pytest.fixture(params=["memory", "disk"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryRows | FileRows:
    """A destination for 40 images of 20 pixels."""
    return MemoryRows(40, 20) if request.param == "memory" else FileRows(tmp_path / "rows", 20)


def test_nothing_is_said_of_images_that_differ(rows: MemoryRows | FileRows) -> None:
    assert counted(rows, NOISE) == {}


def test_copies_are_counted_beyond_the_first(rows: MemoryRows | FileRows) -> None:
    images = NOISE.copy()
    images[[3, 17, 39]] = images[0]
    images[5] = images[6]
    assert counted(rows, images) == {"duplicates": 4}


def test_one_other_pixel_is_no_copy(rows: MemoryRows | FileRows) -> None:
    images = NOISE.copy()
    images[3] = images[0]
    images[3, 2, 0, 0] ^= 1  # outside of the grid
    assert counted(rows, images) == {}


def test_images_that_hardly_vary_are_counted(rows: MemoryRows | FileRows) -> None:
    images = NOISE.copy()
    images[4] = 7 + images[4] % 2
    images[9] = np.array([200, 10, 10], np.uint8)[:, None, None]
    assert counted(rows, images) == {"near_constant": 2}


def test_a_small_subject_on_white_does_vary(rows: MemoryRows | FileRows) -> None:
    images = NOISE.copy()
    images[4] = 255
    images[4, :, 5:7, 5:7] = 0
    assert counted(rows, images) == {}


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_a_folder_tells_its_copies(
    photos: Callable[..., Path], png: Callable[..., bytes], where: Literal["memory", "disk"]
) -> None:
    found = load(str(photos({"a.png": png("red"), "b.png": png("blue"), "c.png": png("red")})), 8, images=where)
    assert remark(found, Remark.DUPLICATES) == {"n": 1}
    assert remark(found, Remark.NEAR_CONSTANT) == {"n": 3}
