"""One set in the cache: a file of images and the JSON index that names it.

The index is renamed into place last, so the set is there wholly or not at all; it names its file of images, and every
build writes a new one. A file of images that no index names is what a killed build has left behind.
"""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import torch
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from byol_core.data.imageset import BLOCK, ImageSet, content_digest
from byol_core.data.mapped import open_rows
from byol_core.data.room import disk_errors
from byol_core.system.files import write_atomic

VERSION = 1  # counts on when pictures are decoded otherwise, or the index changes
Progress = Callable[[str, float], None]

_LOOKED_AT = 32  # blocks that are checked of a file that is mapped; of one that is read into memory all are
_WAIT = 0.5  # seconds between two signs of life while another process builds


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
    skipped: list[str]
    note: str
    fingerprint: str
    blocks: list[int]  # CRC-32 of each block of the file of images

    @property
    def bytes(self) -> int:
        """Length of the file of images."""
        return self.count * 3 * self.size * self.size

    def image_set(self, images: Tensor, on_disk: bool) -> ImageSet:
        """With its pixels."""
        return ImageSet(
            name=self.name,
            images=images,
            labels=None if self.labels is None else torch.tensor(self.labels),
            class_names=tuple(self.class_names),
            train=torch.tensor(self.train, dtype=torch.int64),
            test=torch.tensor(self.test, dtype=torch.int64),
            skipped=tuple(self.skipped),
            note=self.note,
            on_disk=on_disk,
            fingerprint=self.fingerprint,
        )


class Shelf:
    """The place of one set, loaded in one way, in the folder of the cache."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self.index_path = folder / f"{key}.json"

    # Taking

    def index(self, stamp: Callable[[], str]) -> Index | None:
        """The index, if there is one and the source is still the same."""
        try:
            index = Index.model_validate_json(self.index_path.read_bytes())
        except (OSError, ValidationError):
            return None
        ours = index.version == VERSION and Path(index.file).name == index.file
        return index if ours and index.stamp == stamp() else None

    def take(self, index: Index, in_memory: Callable[[int, int], Tensor] | None, progress: Progress) -> ImageSet | None:
        """The set, mapped or in the memory that is handed out for it; None when its files are damaged."""
        path = self.folder / index.file
        try:
            if path.stat().st_size != index.bytes:
                return None
            if in_memory is None:
                images = open_rows(path, index.count, index.size)
                sound = _sound(path, index)
            else:
                images = in_memory(index.count, index.size)
                sound = _read(path, images, index, progress)
            return index.image_set(images, in_memory is None) if sound else None
        except (OSError, ValueError):
            return None

    # Putting

    def fresh_file(self) -> Path:
        """A path for the images that no other build uses."""
        return self.folder / f"{self.key}.{secrets.token_hex(4)}.images"

    def commit(self, found: ImageSet, path: Path, stamp: str, progress: Progress) -> ImageSet:
        """Make what was written to ``path`` the content of this shelf; it then survives a power cut."""
        sums: list[int] = []
        with disk_errors(self.folder):
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            fingerprint = content_digest(_summed(path, sums, progress), found.train, found.test)
            index = Index(
                version=VERSION,
                stamp=stamp,
                file=path.name,
                count=len(found),
                size=found.images.shape[-1],
                name=found.name,
                labels=None if found.labels is None else found.labels.tolist(),
                class_names=list(found.class_names),
                train=found.train.tolist(),
                test=found.test.tolist(),
                skipped=list(found.skipped),
                note=found.note,
                fingerprint=fingerprint,
                blocks=sums,
            )
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
                    progress("waiting for another run that reads these images", 0.0)

    def clear(self) -> None:
        """Remove what this shelf holds, and what killed builds left on any shelf. Only with the lock.

        A run that has the old file mapped keeps it until it ends.
        """
        with suppress(OSError):
            self.index_path.unlink(missing_ok=True)
        for path in self.folder.glob("*.images"):
            key = path.name.rsplit(".", 2)[0]
            if key == self.key:
                _unlink(path)
            else:
                Shelf(self.folder, key)._clear_orphan(path)

    def _clear_orphan(self, path: Path) -> None:
        lock = self.lock(None)
        if lock is None:
            return  # it is being built
        try:
            named = Index.model_validate_json(self.index_path.read_bytes()).file == path.name
        except (OSError, ValidationError):
            named = False
        if not named:
            _unlink(path)
        lock.release()


def _unlink(path: Path) -> None:
    with suppress(OSError):  # Windows keeps a file that is mapped; the next build tries again
        path.unlink(missing_ok=True)


def _summed(path: Path, sums: list[int], progress: Progress) -> Iterator[memoryview]:
    """The blocks of a file; their checksums are added to ``sums``."""
    total = max(1, path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            sums.append(zlib.crc32(block))
            progress("checking the cache", min(1.0, file.tell() / total))
            yield memoryview(block)


def _sound(path: Path, index: Index) -> bool:
    """Whether blocks all over the file, its first and its last among them, are what was written."""
    number = len(index.blocks)
    places = sorted({round(i * (number - 1) / (_LOOKED_AT - 1)) for i in range(_LOOKED_AT)})
    with path.open("rb") as file:
        return number == -(-index.bytes // BLOCK) and all(_crc(file, i) == index.blocks[i] for i in places)


def _crc(file: BinaryIO, block: int) -> int:
    file.seek(block * BLOCK)
    return zlib.crc32(file.read(BLOCK))


def _read(path: Path, images: Tensor, index: Index, progress: Progress) -> bool:
    """Fill the images from the file; whether every block is what was written."""
    into = images.numpy().reshape(-1).data
    with path.open("rb") as file:
        for i, expected in enumerate(index.blocks):
            block = into[i * BLOCK : (i + 1) * BLOCK]
            if file.readinto(block) != len(block) or zlib.crc32(block) != expected:
                return False
            progress("reading the images from the cache", (i + 1) / len(index.blocks))
    return len(index.blocks) == -(-index.bytes // BLOCK)
