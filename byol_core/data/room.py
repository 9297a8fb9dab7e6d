"""Where a loader writes the images that it reads: into memory, or into a file that is mapped once it is complete."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from byol_core.data.imageset import allocate
from byol_core.data.mapped import Places, open_rows
from byol_core.errors import InputError
from byol_core.system.files import because


class Rows(Protocol):
    """A destination for images of one size."""

    def put(self, places: Places, images: Tensor) -> None:
        """Write images (n, 3, size, size) uint8 to these places."""

    def images(self, count: int) -> Tensor:
        """The first ``count`` images, (count, 3, size, size) uint8; nothing may be written afterwards."""


# (count, size) -> a destination for at most this many images.
Room = Callable[[int, int], Rows]


class MemoryRows:
    """Images in memory; InputError if they do not fit."""

    def __init__(self, count: int, size: int) -> None:
        self.rows = allocate(count, size)

    def put(self, places: Places, images: Tensor) -> None:
        """Copy the images."""
        self.rows[places] = images

    def images(self, count: int) -> Tensor:
        """The first ``count`` images, as a view."""
        return self.rows[:count]


class FileRows:
    """Images in a new file that is mapped when it is complete.

    It is written with ordinary writes, since writing through a map kills the process when the disk is full.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size, self.row = path, size, 3 * size * size
        with disk_errors(path.parent):
            self.file = path.open("xb")

    def put(self, places: Places, images: Tensor) -> None:
        """Write the images, adjacent ones in one go."""
        block = images.contiguous().numpy()
        # Loaders mostly write in order, so that a block is one write instead of one per image.
        breaks = np.flatnonzero(np.diff(places) != 1) + 1
        with disk_errors(self.path.parent):
            for run in np.split(np.arange(len(places)), breaks):
                self.file.seek(int(places[run[0]]) * self.row)
                self.file.write(block[run[0] : run[-1] + 1].data)

    def images(self, count: int) -> Tensor:
        """Close the file and map it."""
        with disk_errors(self.path.parent):
            self.file.truncate(count * self.row)
            self.file.close()
            if not count:  # an empty file cannot be mapped; the loader reports what is wrong
                return torch.empty(0, 3, self.size, self.size, dtype=torch.uint8)
            return open_rows(self.path, count, self.size)

    def discard(self) -> None:
        """Delete the file."""
        with suppress(OSError):  # unwritten data may not fit either
            self.file.close()
        self.path.unlink(missing_ok=True)


def in_memory(count: int, size: int) -> Rows:
    """The destination for a set that is kept in memory."""
    return MemoryRows(count, size)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn file errors during writing into one sentence with what to do about it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(
                "The disk of the cache '{folder}' is full: make room, set BYOL_LAB_CACHE to a folder on another disk, "
                "or choose a smaller data.image_size or data.limit.",
                folder=folder,
            ) from None
        if error.errno == errno.EFBIG:
            raise InputError(
                "The cache '{folder}' cannot be written ({why}): raise it, or choose a smaller data.image_size or "
                "data.limit.",
                folder=folder,
                why=because(error),
            ) from None
        raise InputError(
            "The cache '{folder}' cannot be written ({why}): set BYOL_LAB_CACHE to another folder.",
            folder=folder,
            why=because(error),
        ) from None
