"""Decoded sets on the disk: those that the memory does not hold, and those that take long to decode.

A set is kept by its source, its image size and its limit, and is built again when the source has changed. Two processes
that want the same one build it once: the second waits and takes what the first has made.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from filelock import FileLock

from byol_core.data.imageset import ImageSet, allocate, fits
from byol_core.data.room import FileRows, MemoryRows, Room, Rows
from byol_core.data.shelf import Progress, Shelf
from byol_core.errors import InputError, LabError
from byol_core.system import paths

Where = Literal["auto", "memory", "disk"]

SLOW_SECONDS = 10.0  # a set that took longer to decode is kept
_TOGETHER = 1000  # images in one write
_LEFT = 2**28  # bytes that stay free on the disk, for the runs that lie there too
_SPARE = 4  # such a set, which the memory holds, takes at most this part of the free disk


@dataclass(frozen=True)
class Source:
    """A set before it is read: what it is called, what tells it from others, how it is now, and how it is read."""

    name: str
    identity: str
    stamp: Callable[[], str]
    read: Callable[[Room], ImageSet]


class _Ready(Exception):
    """Another process has built the set while we waited."""


def load_through(source: Source, size: int, limit: int | None, where: Where, progress: Progress | None) -> ImageSet:
    """The set from the cache, or read from its source and kept where that is worth it.

    InputError in one sentence when neither the memory nor the disk holds it.
    """
    tell = _silent if progress is None else progress
    shelf = Shelf(paths.cache(), _key(source, size, limit))
    builder = _Builder(source, shelf, where, tell)
    try:
        found = _open(shelf, source.stamp, where, tell)
        return builder.build() if found is None else found
    except _Ready:
        found = _open(shelf, source.stamp, where, tell)
        if found is None:
            raise LabError(f"The cache of '{source.name}' was damaged as soon as it was built: try again.") from None
        return found
    finally:
        builder.close()


def cache_size() -> int:
    """Bytes that the cache takes now, what killed builds left included."""
    total = 0
    for path in paths.cache().glob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _silent(text: str, share: float) -> None:
    """Nobody wants to know."""


def _key(source: Source, size: int, limit: int | None) -> str:
    """A file name that a person can read, and that no two sets share."""
    told_apart = hashlib.sha256(json.dumps([source.identity, size, limit]).encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', source.name)[:40]}-{size}px-{told_apart}"


def _open(shelf: Shelf, stamp: Callable[[], str], where: Where, progress: Progress) -> ImageSet | None:
    index = shelf.index(stamp)
    if index is None:
        return None
    mapped = where == "disk" or (where == "auto" and not fits(index.count, index.size))
    return shelf.take(index, None if mapped else allocate, progress)


class _Builder:
    """Reads a set from its source, once it is known how many images there are, into memory or onto the shelf."""

    def __init__(self, source: Source, shelf: Shelf, where: Where, progress: Progress) -> None:
        self.source, self.shelf, self.where, self.progress = source, shelf, where, progress
        self.lock: FileLock | None = None
        self.rows: FileRows | None = None  # until they are on the shelf
        self.stamp, self.started = "", 0.0

    def build(self) -> ImageSet:
        """Read, and keep if it lies on the disk or took long."""
        found = self.source.read(self._room)
        if self.rows is not None:
            found = self.shelf.commit(replace(found, on_disk=True), self.rows.path, self.stamp, self.progress)
            self.rows = None
        elif self.where == "auto" and time.monotonic() - self.started > SLOW_SECONDS:
            found = self._keep(found)
        return found

    def close(self) -> None:
        """Remove what was not finished, and let others build."""
        if self.rows is not None:
            self.rows.discard()
        if self.lock is not None:
            self.lock.release()

    def _room(self, count: int, size: int) -> Rows:
        # Before anything is read: what changes meanwhile is seen the next time.
        self.stamp, self.started = self.source.stamp(), time.monotonic()
        if self.where == "memory" or (self.where == "auto" and fits(count, size)):
            return MemoryRows(count, size)
        self.lock = self.shelf.lock(self.progress)
        if _open(self.shelf, lambda: self.stamp, "disk", self.progress) is not None:
            raise _Ready
        self.shelf.clear()
        self._refuse_full_disk(count, size)
        self.rows = FileRows(self.shelf.fresh_file(), size)
        return self.rows

    def _refuse_full_disk(self, count: int, size: int) -> None:
        need, free = count * 3 * size * size, shutil.disk_usage(self.shelf.folder).free
        if need + _LEFT > free:
            raise InputError(
                f"{count:,} images of {size} pixels need {need / 2**30:.1f} GB on the disk, and {free / 2**30:.1f} GB "
                f"are free in '{self.shelf.folder}': make room, set BYOL_LAB_CACHE to a folder on another disk, or "
                "choose a smaller data.image_size or data.limit."
            )

    def _keep(self, found: ImageSet) -> ImageSet:
        """Put a set that the memory holds on the shelf too; where that is not possible, go on without."""
        with suppress(OSError, InputError):
            self.lock = self.shelf.lock(None)
            if self.lock is None or found.images.numel() * _SPARE > shutil.disk_usage(self.shelf.folder).free:
                return found
            self.shelf.clear()
            self.rows = FileRows(self.shelf.fresh_file(), found.images.shape[-1])
            for first in range(0, len(found), _TOGETHER):
                part = found.images[first : first + _TOGETHER]
                self.rows.put(np.arange(first, first + len(part)), part)
            self.rows.images(len(found))
            found = self.shelf.commit(found, self.rows.path, self.stamp, self.progress)
            self.rows = None
        return found
