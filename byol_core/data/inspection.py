"""Counts images that hardly vary and images that are copies, while they are stored.

Of each image a small grid of pixels is kept. Only those whose grids agree or hardly vary are looked at as a whole.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from byol_core.data.account import Ledger, Remark
from byol_core.data.mapped import Places, take
from byol_core.data.room import Rows

# Pixels on a side of the grid.
GRID = 5
# An image hardly varies if no channel has a larger standard deviation, of 255; its grid then spans no more than this.
LEAST_DEVIATION, GRID_SPAN = 1.0, 16
TOGETHER = 256


class Inspected:
    """A destination for images that remembers a little of each."""

    def __init__(self, rows: Rows, count: int, size: int) -> None:
        self._rows, self._step = rows, -(-size // GRID)
        side = len(range(self._step // 2, size, self._step))
        self._grids = np.empty((count, 3, side, side), np.uint8)
        self._images = torch.empty(0, 3, size, size, dtype=torch.uint8)

    def put(self, places: Places, images: Tensor) -> None:
        """Store the images."""
        first = self._step // 2
        grids = images[:, :, first :: self._step, first :: self._step].numpy()
        self._grids[places] = np.ascontiguousarray(grids)  # a third faster than from where they are
        self._rows.put(places, images)

    def images(self, count: int) -> Tensor:
        """The first ``count`` images; nothing may be stored afterwards."""
        self._images = self._rows.images(count)
        self._grids = self._grids[:count]
        return self._images

    def remark(self, ledger: Ledger) -> None:
        """Note how many images hardly vary, and how many equal an earlier one."""
        if not len(self._images):
            return
        if constant := self._constant():
            ledger.remark(Remark.NEAR_CONSTANT, n=constant)
        if copies := self._copies():
            ledger.remark(Remark.DUPLICATES, n=copies)

    def _constant(self) -> int:
        columns = np.ascontiguousarray(self._grids.reshape(3 * len(self._grids), -1).T)  # three times as fast so
        span = (columns.max(axis=0) - columns.min(axis=0)).reshape(-1, 3).max(axis=1)
        suspects = np.flatnonzero(span <= GRID_SPAN)
        return sum(int(_flat(take(self._images, places)).sum()) for places in _batches(suspects))

    def _copies(self) -> int:
        """Images with the same grid are compared as a whole."""
        grids = self._grids.reshape(len(self._grids), -1)
        _, group, sizes = np.unique(_digests(grids), return_inverse=True, return_counts=True)
        suspects = np.flatnonzero(sizes[group] > 1)
        different = {
            hashlib.blake2b(image.data, digest_size=16).digest()
            for places in _batches(suspects)
            for image in take(self._images, places).numpy()
        }
        return len(suspects) - len(different)


def _batches(places: NDArray[np.int64]) -> list[Tensor]:
    return list(torch.split(torch.from_numpy(places), TOGETHER)) if len(places) else []


def _flat(images: Tensor) -> Tensor:
    return (images.flatten(2).float().std(dim=2, correction=0) < LEAST_DEVIATION).all(dim=1)


def _digests(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A number for each row, the same for equal rows and hardly ever for others."""
    words = np.zeros((len(rows), -(-rows.shape[1] // 8)), np.uint64)
    words.view(np.uint8)[:, : rows.shape[1]] = rows
    weights = np.random.default_rng(0).integers(0, 2**63, words.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    found: NDArray[np.uint64] = (words * weights).sum(axis=1, dtype=np.uint64)
    return found
