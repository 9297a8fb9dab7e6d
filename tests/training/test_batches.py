"""Which images a step sees, on any rank and from any place; and threads that end."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from byol_core.data.mapped import open_rows
from byol_core.errors import InputError, LabError
from byol_core.training.batches import Batches

CPU = torch.device("cpu")
PIXELS = torch.arange(40, dtype=torch.uint8).view(40, 1, 1, 1).repeat(1, 3, 4, 4)
LABELS = torch.arange(40) % 4
TRAINING = torch.arange(40).flip(0)[:37]


def batches(images: Tensor = PIXELS, labels: Tensor | None = LABELS, **changes: Any) -> Batches:
    return Batches(images, labels, TRAINING, **{"batch_size": 8, "seed": 5, "device": CPU, **changes})


@pytest.fixture
def mapped(tmp_path: Path) -> Tensor:
    """The images in a file."""
    PIXELS.numpy().tofile(tmp_path / "images")
    return open_rows(tmp_path / "images", 40, 4)


def reading() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "byol-prefetch"]


@pytest.mark.parametrize("step", [0, 3, 4, 11])
def test_the_order_is_a_permutation_from_seed_and_epoch(step: int) -> None:
    found = batches()
    assert found.per_epoch == 4
    generator = torch.Generator().manual_seed(5 * 1_000_003 + step // 4)
    expected = torch.randperm(37, generator=generator)[step % 4 * 8 :][:8]
    piece = found.get(step)
    assert torch.equal(piece.indices, expected)
    assert torch.equal(piece.images, PIXELS[TRAINING[expected]])
    assert piece.labels is not None
    assert torch.equal(piece.labels, LABELS[TRAINING[expected]])
    assert piece.start == 0


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_share_a_batch_in_order(ranks: int) -> None:
    whole = batches().get(5)
    pieces = [batches(rank=rank, ranks=ranks).get(5) for rank in range(ranks)]
    assert torch.equal(torch.cat([piece.indices for piece in pieces]), whole.indices)
    assert torch.equal(torch.cat([piece.images for piece in pieces]), whole.images)
    assert [piece.start for piece in pieces] == [rank * 8 // ranks for rank in range(ranks)]


def test_labels_are_optional() -> None:
    assert batches(labels=None).get(0).labels is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"batch_size": 38}, r"batch of 38 is larger than the 37 images .*; set batch_size=32"),
        ({"ranks": 3}, "cannot be shared evenly by 3 processes"),
        ({"ranks": 2, "parts": 3}, "in 3 parts"),
    ],
)
def test_a_batch_that_cannot_be_shared_is_refused(changes: dict[str, int], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        batches(**changes)


STEPS = [*range(9), 9, 9, 2, 3, 40, 41, 0, 1, 1, 6, 8, 7]


@pytest.mark.parametrize("options", [{}, {"rank": 1, "ranks": 2}])
def test_a_file_gives_the_batches_of_the_memory_in_any_order(mapped: Tensor, options: dict[str, int]) -> None:
    here, there = batches(**options), batches(mapped, **options)
    for step in STEPS:
        one, other = here.get(step), there.get(step)
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.indices, other.indices)
    there.close()


def test_reading_starts_at_the_first_batch_in_bounded_memory(mapped: Tensor) -> None:
    found = batches(mapped)
    assert reading() == []
    first = found.get(0).images
    again = [found.get(step).images.data_ptr() for step in range(1, 12)]
    assert len({first.data_ptr(), *again}) <= 3
    found.close()


def _close(found: Batches) -> None:
    found.close()
    found.close()


def _forget(found: Batches) -> None:
    """The caller drops it next."""


@pytest.mark.parametrize("end", [_close, _forget])
def test_the_thread_ends(mapped: Tensor, end: Callable[[Batches], None]) -> None:
    found = batches(mapped)
    found.get(0)
    assert len(reading()) == 1
    end(found)
    del found
    gc.collect()
    assert reading() == []


def test_nothing_can_be_got_after_the_end(mapped: Tensor) -> None:
    found = batches(mapped)
    found.get(0)
    found.close()
    with pytest.raises(LabError, match="closed"):
        found.get(30)


def test_a_reader_thread_error_is_raised_when_a_batch_is_fetched(mapped: Tensor, tmp_path: Path) -> None:
    found = batches(mapped)
    found.get(0)
    os.truncate(tmp_path / "images", 48)
    for _ in range(2):  # what was read ahead may still be there, and afterwards it stays an error
        with pytest.raises(LabError, match=r"could not be read any more while training: The cache .* was cut short"):
            for step in range(1, 9):
                found.get(step)
    found.close()
    assert reading() == []


def test_batches_are_read_ahead(mapped: Tensor) -> None:
    found = batches(mapped)
    found.get(0)
    reader = found._source.reader  # type: ignore[attr-defined]
    deadline = time.monotonic() + 60
    while set(reader._ready) != {1, 2}:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    found.close()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("place", ["file", "memory"])
def test_a_gpu_sees_the_same_batches_while_it_works(mapped: Tensor, place: str) -> None:
    cuda = torch.device("cuda")
    here, there = batches(), batches(mapped if place == "file" else PIXELS, device=cuda)
    work, seen = torch.randn(2000, 2000, device=cuda), []
    for step in STEPS:
        images = there.get(step).images
        for _ in range(20):  # the host runs ahead of the device
            work = torch.tanh(work @ work)
        seen.append(images.clone())
    for step, images in zip(STEPS, seen, strict=True):
        assert np.array_equal(images.cpu().numpy(), here.get(step).images.numpy())
    there.close()
