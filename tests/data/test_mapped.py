"""Rows of a mapped file: what is taken is what lies there, and a file that was cut short is said so."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from byol_core.data import mapped
from byol_core.data.mapped import gather, is_mapped, open_rows, take
from byol_core.errors import LabError

PIXELS = np.random.default_rng(0).integers(0, 256, (300, 3, 20, 20), np.uint8)


@pytest.fixture
def rows(tmp_path: Path) -> Tensor:
    """Larger than the pieces in which the kernel is asked for them."""
    PIXELS.tofile(tmp_path / "rows")
    return open_rows(tmp_path / "rows", 300, 20)


@pytest.mark.parametrize("places", [[7], [299, 0, 5, 5, 6, 298], list(range(300)), []])
def test_rows_come_in_the_order_that_was_asked_for(rows: Tensor, places: list[int]) -> None:
    wanted = torch.tensor(places, dtype=torch.int64)
    assert np.array_equal(take(rows, wanted).numpy(), PIXELS[places])


@pytest.mark.parametrize("here", [torch.from_numpy(PIXELS), torch.from_numpy(PIXELS)[:200]])
def test_rows_in_memory_are_gathered_too(here: Tensor) -> None:
    out = torch.empty(2, 3, 20, 20, dtype=torch.uint8)
    gather(here, np.array([199, 3]), out)
    assert torch.equal(out, here[[199, 3]])
    assert not is_mapped(here)


def test_a_part_is_mapped_as_well(rows: Tensor) -> None:
    assert is_mapped(rows[10:20])
    assert torch.equal(take(rows[10:20], torch.tensor([3])), rows[13:14])


def test_a_file_that_was_cut_short_is_an_error_and_no_signal(rows: Tensor, tmp_path: Path) -> None:
    os.truncate(tmp_path / "rows", 5000)
    with pytest.raises(LabError, match="cut short while it was in use"):
        take(rows, torch.tensor([200]))


def test_a_file_that_was_removed_can_still_be_read(rows: Tensor, tmp_path: Path) -> None:
    (tmp_path / "rows").unlink()
    assert np.array_equal(take(rows, torch.tensor([200])).numpy(), PIXELS[[200]])


def test_a_file_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"short")
    with pytest.raises(ValueError, match="mmap length"):
        open_rows(tmp_path / "rows", 300, 20)


def test_nothing_is_remembered_of_a_map_that_is_gone(rows: Tensor, tmp_path: Path) -> None:
    before = len(mapped._maps)
    more = open_rows(tmp_path / "rows", 300, 20)
    assert len(mapped._maps) == before + 1
    del more
    gc.collect()
    assert len(mapped._maps) == before
