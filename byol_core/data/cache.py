"""Decoded sets on the disk: those that the memory does not hold, and those that take long to decode.

A set is kept by its source, its image size and its limit, and is built again when the source has changed. Two processes
that want the same one build it once: the second waits and takes what the first has made.

On the disk it is a file of images and the JSON index that names it. The index is renamed into place last, so the set is
there wholly or not at all, and every build writes a new file. A file of images that no index names is what a killed
build has left behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from byol_core.data.account import Account
from byol_core.data.imageset import BLOCK, ImageSet, allocate, content_digest, fits
from byol_core.data.mapped import open_rows
from byol_core.data.room import FileRows, MemoryRows, Room, Rows, disk_errors
from byol_core.errors import InputError, LabError
from byol_core.messages import Message
from byol_core.system import paths
from byol_core.system.files import write_atomic

Where = Literal["auto", "memory", "disk"]
Progress = Callable[[str, float], None]

VERSION = 4  # counts on when images are decoded otherwise, or the index changes
SLOW_SECONDS = 10.0  # a set that took longer to decode is kept
_TOGETHER = 1000  # images in one write
_LEFT = 2**28  # bytes that stay free on the disk, for the runs that lie there too
_SPARE = 4  # such a set, which the memory holds, takes at most this part of the free disk
_WAIT = 0.5  # seconds between two signs of life while another process builds


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
    entry = _Entry(paths.cache(), _key(source, size, limit))
    builder = _Builder(source, entry, where, tell)
    try:
        found = entry.open(source.stamp, where, tell)
        return builder.build() if found is None else found
    except _Ready:
        found = entry.open(source.stamp, where, tell)
        if found is None:
            raise LabError(
                "The cache of '{name}' was damaged as soon as it was built: try again.", name=source.name
            ) from None
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


class Index(BaseModel):
    """What is known of a cached set without its pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: int
    stamp: str
    file: str
    count: int
    size: int
    name: str
    labels: list[int] | None
    class_names: list[str]
    train: list[int]
    test: list[int]
    account: Account
    fingerprint: str

    @classmethod
    def of(cls, found: ImageSet, file: str, stamp: str, fingerprint: str) -> Index:
        """That of a set whose images are in ``file``."""
        return cls(
            version=VERSION,
            stamp=stamp,
            file=file,
            count=len(found),
            size=found.images.shape[-1],
            name=found.name,
            labels=None if found.labels is None else found.labels.tolist(),
            class_names=list(found.class_names),
            train=found.train.tolist(),
            test=found.test.tolist(),
            account=found.account,
            fingerprint=fingerprint,
        )

    def image_set(self, images: Tensor, on_disk: bool) -> ImageSet:
        """With its pixels."""
        return ImageSet(
            name=self.name,
            images=images,
            labels=None if self.labels is None else torch.tensor(self.labels),
            class_names=tuple(self.class_names),
            train=torch.tensor(self.train, dtype=torch.int64),
            test=torch.tensor(self.test, dtype=torch.int64),
            account=self.account,
            on_disk=on_disk,
            fingerprint=self.fingerprint,
        )


class _Entry:
    """The place of one set, loaded in one way, in the folder of the cache."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self.index_path = folder / f"{key}.json"

    # Taking

    def open(self, stamp: Callable[[], str], where: Where, progress: Progress) -> ImageSet | None:
        """The set, mapped or in memory; None when it is not there, is damaged, or its source has changed."""
        index = self._index()
        if index is None or index.stamp != stamp():
            return None
        path = self.folder / index.file
        mapped = where == "disk" or (where == "auto" and not fits(index.count, index.size))
        try:
            if path.stat().st_size != index.count * 3 * index.size * index.size:
                return None
            rows = open_rows(path, index.count, index.size) if mapped else _read(path, index, progress)
            return index.image_set(rows, mapped)
        except (OSError, ValueError):
            return None

    def _index(self) -> Index | None:
        try:
            index = Index.model_validate_json(self.index_path.read_bytes())
        except (OSError, ValidationError):
            return None
        return index if index.version == VERSION and Path(index.file).name == index.file else None

    # Putting

    def fresh_file(self) -> Path:
        """A path for the images that no other build uses."""
        return self.folder / f"{self.key}.{secrets.token_hex(4)}.images"

    def commit(self, found: ImageSet, path: Path, stamp: str, progress: Progress) -> ImageSet:
        """Make what was written to ``path`` the content of this entry; it then survives a power cut."""
        with disk_errors(self.folder):
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            fingerprint = content_digest(_blocks(path, progress), found.train, found.test)
            index = Index.of(found, path.name, stamp, fingerprint)
            write_atomic(self.index_path, index.model_dump_json().encode())
        return replace(found, fingerprint=fingerprint)

    def lock(self, progress: Progress | None) -> FileLock | None:
        """The right to build, waited for while ``progress`` is told; without one, None when another has it."""
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / f".{self.key}.lock")
            while True:
                try:
                    lock.acquire(timeout=0 if progress is None else _WAIT)
                    return lock
                except Timeout:
                    if progress is None:
                        return None
                    progress(Message("waiting for another run that reads these images"), 0.0)

    def clear(self) -> None:
        """Remove what this entry holds, and what killed builds left of any. Only with the lock.

        A run that has the old file mapped keeps it until it ends.
        """
        with suppress(OSError):
            self.index_path.unlink(missing_ok=True)
        for path in self.folder.glob("*.images"):
            key = path.name.rsplit(".", 2)[0]
            if key == self.key:
                _unlink(path)
            else:
                _Entry(self.folder, key)._clear_orphan(path)

    def _clear_orphan(self, path: Path) -> None:
        lock = self.lock(None)
        if lock is None:
            return  # it is being built
        index = self._index()
        if index is None or index.file != path.name:
            _unlink(path)
        lock.release()


def _unlink(path: Path) -> None:
    with suppress(OSError):  # Windows keeps a file that is mapped; the next build tries again
        path.unlink(missing_ok=True)


def _blocks(path: Path, progress: Progress) -> Iterator[memoryview]:
    """The bytes of a file, a block at a time."""
    total = max(1, path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            progress(Message("checking the cache"), min(1.0, file.tell() / total))
            yield memoryview(block)


def _read(path: Path, index: Index, progress: Progress) -> Tensor:
    """The images of a file in memory; OSError when it is cut short meanwhile."""
    images = allocate(index.count, index.size)
    into = images.numpy().reshape(-1).data
    with path.open("rb") as file:
        for start in range(0, len(into), BLOCK):
            block = into[start : start + BLOCK]
            if file.readinto(block) != len(block):
                raise OSError("cut short")
            progress(Message("reading the images from the cache"), (start + len(block)) / len(into))
    return images


class _Builder:
    """Reads a set from its source, once it is known how many images there are, into memory or into the cache."""

    def __init__(self, source: Source, entry: _Entry, where: Where, progress: Progress) -> None:
        self.source, self.entry, self.where, self.progress = source, entry, where, progress
        self.lock: FileLock | None = None
        self.rows: FileRows | None = None  # until they are in the cache
        self.stamp, self.started = "", 0.0

    def build(self) -> ImageSet:
        """Read, and keep if it lies on the disk or took long."""
        found = self.source.read(self._room)
        if self.rows is not None:
            found = self.entry.commit(replace(found, on_disk=True), self.rows.path, self.stamp, self.progress)
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
        self.lock = self.entry.lock(self.progress)
        if self.entry.open(lambda: self.stamp, "disk", self.progress) is not None:
            raise _Ready
        self.entry.clear()
        self._refuse_full_disk(count, size)
        self.rows = FileRows(self.entry.fresh_file(), size)
        return self.rows

    def _refuse_full_disk(self, count: int, size: int) -> None:
        need, free = count * 3 * size * size, shutil.disk_usage(self.entry.folder).free
        if need + _LEFT > free:
            raise InputError(
                "{count:,} images of {size} pixels need {need:.1f} GB on the disk, and {free:.1f} GB are free in "
                "'{folder}': make room, set BYOL_LAB_CACHE to a folder on another disk, or choose a smaller "
                "data.image_size or data.limit.",
                count=count,
                size=size,
                need=need / 2**30,
                free=free / 2**30,
                folder=self.entry.folder,
            )

    def _keep(self, found: ImageSet) -> ImageSet:
        """Put a set that the memory holds into the cache too; where that is not possible, go on without."""
        with suppress(OSError, InputError):
            self.lock = self.entry.lock(None)
            if self.lock is None or found.images.numel() * _SPARE > shutil.disk_usage(self.entry.folder).free:
                return found
            self.entry.clear()
            self.rows = FileRows(self.entry.fresh_file(), found.images.shape[-1])
            for first in range(0, len(found), _TOGETHER):
                part = found.images[first : first + _TOGETHER]
                self.rows.put(np.arange(first, first + len(part)), part)
            self.rows.images(len(found))
            found = self.entry.commit(found, self.rows.path, self.stamp, self.progress)
            self.rows = None
        return found
