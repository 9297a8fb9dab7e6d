"""Reads image files into rows: those of 8 bits at once, and deeper ones when the values of all are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from byol_core.data import ranges
from byol_core.data.account import Ledger, Remark
from byol_core.data.decode import SURVEY, Decoded, Picture, Scales, Unreadable, decode_all, scales_of
from byol_core.data.inspection import Inspected
from byol_core.data.room import Room, Rows
from byol_core.errors import InputError
from byol_core.messages import Message

Named = tuple[str, Callable[[], bytes | Path]]  # a name, and what returns the path or the bytes
Progress = Callable[[str, float], None]


class Reading:
    """Decodes files in their order: those of 8 bits while the others are surveyed, then the others, scaled alike."""

    def __init__(self, files: Sequence[Named], size: int, progress: Progress | None, ledger: Ledger) -> None:
        self.files, self.size, self.progress, self.ledger = files, size, progress, ledger
        self.usable: list[int] = []
        self.deep: list[tuple[int, Decoded]] = []  # with their rows
        self.other_bands = 0

    def read(self, room: Room, values: str, name: str) -> tuple[torch.Tensor, NDArray[np.int64]]:
        """The usable images, and their positions among the files; the others are left out.

        values: as ``data.range``.
        """
        rows = Inspected(room(len(self.files), self.size), len(self.files), self.size)
        self._read_bytes(rows)
        if self.deep:
            what = Message("the images of '{name}'", name=name)
            self._read_deep(rows, scales_of((found for _, found in self.deep), values, what))
        if self.other_bands:
            self.ledger.remark(Remark.FOURTH_BAND, n=self.other_bands)
        images = rows.images(len(self.usable))
        rows.remark(self.ledger)
        return images, np.array(self.usable, np.int64)

    def _read_bytes(self, rows: Rows) -> None:
        for place, found in enumerate(self._decoded(self.files, SURVEY)):
            if isinstance(found, Unreadable):
                self.ledger.leave_out(found.reason, self.files[place][0], found.kind)
                continue
            if found.pixels is None:
                self.deep.append((len(self.usable), found))
            else:
                _put(rows, len(self.usable), found.pixels)
            self.other_bands += found.other_band
            self.usable.append(place)

    def _read_deep(self, rows: Rows, scales: Scales) -> None:
        self.ledger.remark(Remark.RANGE, range=ranges.words(scales))
        files = [self.files[self.usable[row]] for row, _ in self.deep]
        for (row, _), file, found in zip(self.deep, files, self._decoded(files, scales), strict=True):
            if isinstance(found, Unreadable) or found.pixels is None:
                raise InputError("'{name}' has changed while the set was read: load it again.", name=file[0])
            _put(rows, row, found.pixels)

    def _decoded(self, files: Sequence[Named], scales: Scales) -> Iterator[Decoded | Unreadable]:
        def report(done: int) -> None:
            if self.progress:
                self.progress(Message("reading the images"), done / len(files))

        return decode_all([source for _, source in files], self.size, report, scales)


def _put(rows: Rows, row: int, pixels: Picture) -> None:
    rows.put(np.array([row]), torch.tensor(pixels).permute(2, 0, 1)[None])
