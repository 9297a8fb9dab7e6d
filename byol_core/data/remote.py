"""Sets from torchvision, downloaded when first used to $BYOL_LAB_DATA, else ~/.cache/byol-lab.

A download goes to a temporary folder and is moved into place when it is complete, so an interrupted one is never used.
Existing files in torchvision's layout are used as they are.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from byol_core.data import tables
from byol_core.data.arrays import Progress, assemble
from byol_core.data.entries import Entry
from byol_core.data.files import assemble_files
from byol_core.data.imageset import ImageSet
from byol_core.data.pixels import AS_STORED
from byol_core.data.room import Room, in_memory
from byol_core.data.tree import File
from byol_core.errors import InputError, LabError
from byol_core.messages import Message
from byol_core.system import paths
from byol_core.system.fingerprint import stamp_of

# Creates the torchvision datasets in a folder, each with whether it contains test images: (root, download, size) ->
# sets.
Maker = Callable[[Path, bool, int], Sequence[tuple[Any, bool]]]

SECONDS_WITHOUT_A_BYTE = 30
_one_at_a_time = threading.Lock()
_may_download = ContextVar("may_download", default=True)


def data_home() -> Path:
    """The folder for downloads: ``$BYOL_LAB_DATA``, else ``~/.cache/byol-lab``."""
    return paths.expand(os.environ.get("BYOL_LAB_DATA") or "~/.cache/byol-lab").resolve()


def stamp(entry: Entry) -> str:
    """A digest that changes when a file of the set does."""
    tops = sorted(data_home().glob(PLACES[entry.name]))
    return stamp_of(path for top in tops for path in (sorted(top.rglob("*")) if top.is_dir() else [top]))


def is_here(entry: Entry, size: int) -> bool:
    """Whether the set seems to be on this machine, evaluating by its folder."""
    place = f"imagenette2-{_edition(size)[:-2]}" if entry.name == "imagenette" else PLACES[entry.name]
    return any(data_home().glob(place))


@contextmanager
def no_downloads() -> Iterator[None]:
    """Inside the block and in this thread, a set that is missing or incomplete raises InputError."""
    before = _may_download.set(False)
    try:
        yield
    finally:
        _may_download.reset(before)


def load_remote(
    entry: Entry, size: int, progress: Progress | None, limit: int | None, room: Room = in_memory
) -> ImageSet:
    """Load the set of this entry; LabError with one sentence if it is missing and cannot be downloaded."""
    home, make = data_home(), MAKERS[entry.name]
    try:
        sets = _find(make, home, size)
        if sets is None and not _may_download.get():
            raise InputError("The set '{name}' is not on this machine.", name=entry.name)
        if sets is None:
            with _lock(home, entry.name):
                sets = _find(make, home, size)  # another run may have downloaded it while this one waited for the lock
                if sets is None:
                    _fetch(entry, make, home, size, progress)
                    sets = make(home, False, size)
    except (OSError, HTTPException) as error:
        raise LabError(_what_went_wrong(entry, home, error)) from None
    return from_torchvision(entry.name, sets, size, progress=progress, limit=limit, room=room)


def from_torchvision(
    name: str,
    sets: Sequence[tuple[Any, bool]],
    size: int,
    *,
    progress: Progress | None = None,
    limit: int | None = None,
    room: Room = in_memory,
) -> ImageSet:
    """Convert torchvision datasets of arrays (``data``) or files (``loader=str``), with whether it is for tests."""
    class_names = _class_names(sets[0][0])
    if not hasattr(sets[0][0], "data"):
        files = [
            File(Path(path).name, partial(Path, path), int(label), test)
            for dataset, test in sets
            for path, label in (dataset[place] for place in range(len(dataset)))
        ]
        return assemble_files(name, files, class_names, size, progress=progress, limit=limit, room=room)
    labels = np.concatenate([np.asarray(_labels(dataset), np.int64) for dataset, _ in sets])
    parts = [(tables.in_memory(np.asarray(dataset.data), name), test) for dataset, test in sets]
    return assemble(name, parts, labels, class_names, size, scale=AS_STORED, progress=progress, limit=limit, room=room)


def _labels(dataset: Any) -> Any:
    return dataset.targets if hasattr(dataset, "targets") else dataset.labels


def _class_names(dataset: Any) -> tuple[str, ...]:
    """The names of the classes.

    Imagenette has a tuple of synonyms per class; SVHN has no names, its classes are digits.
    """
    names = getattr(dataset, "classes", None) or [str(digit) for digit in range(10)]
    return tuple(name if isinstance(name, str) else name[0] for name in names)


def _find(make: Maker, home: Path, size: int) -> Sequence[tuple[Any, bool]] | None:
    try:
        return make(home, False, size)
    except (RuntimeError, FileNotFoundError):  # what torchvision raises if a set is missing or incomplete
        return None


@contextmanager
def _lock(home: Path, name: str) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f".{name}.lock"):
        yield


def _fetch(entry: Entry, make: Maker, home: Path, size: int, progress: Progress | None) -> None:
    """Download and unpack in a temporary folder, then move the files into place without the archives."""
    beside = home / f".{entry.name}.partial"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        with _reported(entry, progress):
            make(beside, True, size)
    except RuntimeError as error:  # a wrong checksum, or every mirror failed
        raise OSError(str(error)) from None
    else:
        _move_into(beside, home)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _move_into(beside: Path, home: Path) -> None:
    for leftover in [path for path in beside.rglob("*") if path.suffix in {".gz", ".tgz", ".zip"}]:
        leftover.unlink()
    for fetched in beside.iterdir():
        there = home / fetched.name
        # A rename cannot replace a folder that is not empty, such as an incomplete earlier download.
        if there.is_dir():
            shutil.rmtree(there)
        fetched.replace(there)


@contextmanager
def _reported(entry: Entry, progress: Progress | None) -> Iterator[None]:
    """Report torchvision's progress as ours, drop its prints, and give up on a server that stops responding."""
    from torchvision.datasets import utils

    with _one_at_a_time, redirect_stdout(io.StringIO()):
        bar, seconds = getattr(utils, "tqdm", None), socket.getdefaulttimeout()
        # torchvision offers no hook for progress: its tqdm and the socket timeout are global, hence the lock.
        utils.tqdm = partial(_Bar, entry, progress)
        socket.setdefaulttimeout(SECONDS_WITHOUT_A_BYTE)
        try:
            yield
        finally:
            utils.tqdm = bar
            socket.setdefaulttimeout(seconds)


class _Bar:
    """Replaces tqdm while torchvision downloads a file."""

    def __init__(self, entry: Entry, progress: Progress | None, *_: Any, total: int | None = None, **__: Any) -> None:
        self.entry, self.progress, self.total, self.done = entry, progress, total, 0

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, count: int) -> None:
        """Note that ``count`` more bytes have arrived."""
        before, self.done = self.done >> 20, self.done + count
        if self.progress and self.done >> 20 > before:  # report once per megabyte
            total = self.total or self.entry.download_mb * 10**6
            words = Message(
                "downloading {title}: {done:,.0f} of {total:,.0f} MB",
                title=Message(self.entry.title),
                done=self.done / 1e6,
                total=total / 1e6,
            )
            self.progress(words, min(1.0, self.done / total))


def _what_went_wrong(entry: Entry, home: Path, error: Exception) -> str:
    number = getattr(error, "errno", None)
    about: dict[str, Any] = {"title": Message(entry.title), "size": entry.download_mb, "folder": home}
    if number == errno.ENOSPC:
        return Message("There is no space left in '{folder}' for {title} ({size:,} MB): set BYOL_LAB_DATA.", **about)
    if number in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return Message(
            "The folder of downloads '{folder}' cannot be written: set BYOL_LAB_DATA to another one.", folder=home
        )
    return Message(
        "{title} ({size:,} MB) is not on this machine and could not be downloaded: connect to the internet once, or "
        "put torchvision's files into '{folder}', or use the embedded 'eurosat'.",
        **about,
    )


def _train_and_test(class_name: str) -> Maker:
    def make(root: Path, download: bool, size: int) -> Sequence[tuple[Any, bool]]:
        from torchvision import datasets

        dataset = getattr(datasets, class_name)
        return [(dataset(root, train=not test, download=download), test) for test in (False, True)]

    return make


def _splits(class_name: str, train: Sequence[str], test: Sequence[str], **options: Any) -> Maker:
    def make(root: Path, download: bool, size: int) -> Sequence[tuple[Any, bool]]:
        from torchvision import datasets

        dataset = getattr(datasets, class_name)
        return [(dataset(root, split, download=download, **options), split in test) for split in (*train, *test)]

    return make


def _imagenette(root: Path, download: bool, size: int) -> Sequence[tuple[Any, bool]]:
    return _splits("Imagenette", ["train"], ["val"], size=_edition(size), loader=str)(root, download, size)


def _edition(size: int) -> str:
    """The small edition of Imagenette if its images are large enough."""
    return "160px" if size <= 160 else "320px"


def _eurosat(root: Path, download: bool, size: int) -> Sequence[tuple[Any, bool]]:
    from torchvision import datasets

    return [(datasets.EuroSAT(root, download=download, loader=str), False)]


# The names that torchvision uses in the folder for downloads.
PLACES: Mapping[str, str] = {
    "cifar10": "cifar-10-batches-py",
    "cifar100": "cifar-100-python",
    "stl10": "stl10_binary",
    "svhn": "*_32x32.mat",
    "fashion-mnist": "FashionMNIST",
    "mnist": "MNIST",
    "eurosat-full": "eurosat",
    "imagenette": "imagenette2*",
    "flowers102": "flowers-102",
}
MAKERS: Mapping[str, Maker] = {
    "cifar10": _train_and_test("CIFAR10"),
    "cifar100": _train_and_test("CIFAR100"),
    "stl10": _splits("STL10", ["train", "unlabeled"], ["test"]),
    "svhn": _splits("SVHN", ["train"], ["test"]),
    "fashion-mnist": _train_and_test("FashionMNIST"),
    "mnist": _train_and_test("MNIST"),
    "eurosat-full": _eurosat,
    "imagenette": _imagenette,
    "flowers102": _splits("Flowers102", ["train", "val"], ["test"], loader=str),
}
