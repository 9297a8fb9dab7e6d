"""Builds an ImageSet from image files, and reads classes and splits from the names of their folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from byol_core.data.account import Account, Ledger, Reason, Remark, settled
from byol_core.data.arrays import Progress
from byol_core.data.decode import Unreadable, decode_all, may_be_picture
from byol_core.data.imageset import ImageSet, check_enough
from byol_core.data.room import Room, in_memory
from byol_core.data.splits import Indices, split
from byol_core.system.text import storable

TRAIN = {"train", "training"}
TEST = {"test", "testing"}
VALIDATION = {"val", "valid", "validation"}
# Files that operating systems leave behind; they are ignored without a message.
LITTER = {"__macosx", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class File:
    """A file: its path inside the set, and a function that returns its path on disk or its bytes."""

    path: str
    source: Callable[[], bytes | Path]
    label: int = -1
    test: bool = False


@dataclass(frozen=True)
class Tree:
    """The files in a folder or archive, the folders that contain nothing, and what has been left out so far."""

    name: str
    files: list[File] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(frozen=True)
class _Place:
    """Where a file is, relative to the folder in question. An empty folder has no file, and its parts end with ""."""

    parts: tuple[str, ...]
    file: File | None
    test: bool = False

    @property
    def class_name(self) -> str:
        return self.parts[0] if len(self.parts) > 1 else ""


@dataclass(frozen=True)
class Arranged:
    """The images of a tree with their labels and sides; none of them has been opened."""

    name: str
    files: list[File]
    class_names: tuple[str, ...]
    ledger: Ledger

    def account(self, limit: int | None = None) -> Account:
        """What would be used, as far as that is known before any image is read."""
        check_enough(self.name, len(self.files), self.ledger.left_out)
        labels, train, test, own_split = _split(self.files, limit)
        if not own_split:
            self.ledger.remark(Remark.HELD_OUT, n=len(test))
        names = self.class_names if (labels >= 0).any() else ()
        beyond = np.setdiff1d(np.arange(len(labels)), np.concatenate([train, test]))
        return replace(_settled(self.ledger, labels, (train, test, beyond), names), decoded=False)


def load_tree(tree: Tree, size: int, progress: Progress | None, limit: int | None, room: Room = in_memory) -> ImageSet:
    """Load images with or without class folders, and with or without train/ and test/ (or val/) above them."""
    found = arranged(tree)
    return assemble_files(
        found.name,
        found.files,
        found.class_names,
        size,
        ledger=found.ledger,
        progress=progress,
        limit=limit,
        room=room,
    )


def arranged(tree: Tree) -> Arranged:
    """Read classes and splits from the names of the folders, without opening a file."""
    tree = _in_text(tree)
    seen = [file for file in tree.files if not _litter(file.path)]
    for file in seen:
        if not may_be_picture(file.path):
            tree.ledger.leave_out(Reason.NOT_AN_IMAGE, file.path)
    places = [_Place(tuple(file.path.split("/")), file) for file in seen if may_be_picture(file.path)]
    places += [_Place((*path.split("/"), ""), None) for path in tree.empty if not _litter(path)]
    places, outside = _sides(_unwrapped(places))
    for place in outside:
        if place.file:
            tree.ledger.leave_out(Reason.OUTSIDE_OF_SPLITS, place.file.path)
    names = sorted({place.class_name for place in places} - {""})
    # A single folder does not distinguish anything: it only wraps the images.
    index = {name: number for number, name in enumerate(names)} if len(names) > 1 else {}
    files = [
        replace(place.file, label=index.get(place.class_name, -1), test=place.test) for place in places if place.file
    ]
    return Arranged(tree.name, files, tuple(index), tree.ledger)


def _in_text(tree: Tree) -> Tree:
    """Replace names that are not text, which Linux allows, so that messages and the store can hold them."""
    files = [file if (path := storable(file.path)) == file.path else replace(file, path=path) for file in tree.files]
    return Tree(storable(tree.name), files, [*map(storable, tree.empty)], tree.ledger)


def _litter(path: str) -> bool:
    return any(part.startswith(".") or part.lower() in LITTER for part in path.split("/"))


def _unwrapped(places: list[_Place]) -> list[_Place]:
    """Remove outer folders that contain nothing but one folder."""
    while len({place.parts[0] for place in places}) == 1 and all(len(place.parts) > 1 for place in places):
        places = [replace(place, parts=place.parts[1:]) for place in places]
    return places


def _sides(places: list[_Place]) -> tuple[list[_Place], list[_Place]]:
    """Separate the places in train/ and test/ from those outside; val/ joins training if there is a test/."""
    tops = {place.parts[0].lower() for place in places if len(place.parts) > 1}
    tests = TEST if TEST & tops else VALIDATION
    if not (TRAIN & tops and tests & tops):
        return places, []
    known: list[_Place] = []
    outside: list[_Place] = []
    for place in places:
        top = place.parts[0].lower() if len(place.parts) > 1 else ""
        if top in TRAIN | TEST | VALIDATION:
            known.append(replace(place, parts=place.parts[1:], test=top in tests))
        else:
            outside.append(place)
    return known, outside


def assemble_files(
    name: str,
    files: Sequence[File],
    class_names: tuple[str, ...],
    size: int,
    *,
    ledger: Ledger | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    room: Room = in_memory,
) -> ImageSet:
    """Build an ImageSet from image files; those that cannot be read are in its account."""
    ledger = ledger or Ledger()
    check_enough(name, len(files), ledger.left_out)
    labels, train, test, own_split = _split(files, limit)
    chosen = np.sort(np.concatenate([train, test]))  # in the order of the archive, which can only be read forward
    images, usable = _decode([files[place] for place in chosen], size, progress, room, ledger)
    kept = chosen[usable]
    check_enough(name, len(kept), ledger.left_out)
    is_test = np.isin(kept, test)
    if is_test.all() or not is_test.any() or not (own_split or limit):
        # Broken files must not reduce the share of test images, nor remove a whole side of the split.
        is_test = np.isin(np.arange(len(kept)), split(labels[kept], None, None)[1])
        own_split = False
    if not own_split:
        ledger.remark(Remark.HELD_OUT, n=int(is_test.sum()))
    names = class_names if (labels[kept] >= 0).any() else ()
    beyond = np.setdiff1d(np.arange(len(files)), chosen)
    return ImageSet(
        name=name,
        images=images,
        labels=torch.from_numpy(labels[kept]) if (labels[kept] >= 0).any() else None,
        class_names=names,
        train=torch.from_numpy(np.flatnonzero(~is_test)),
        test=torch.from_numpy(np.flatnonzero(is_test)),
        account=_settled(ledger, labels, (kept[~is_test], kept[is_test], beyond), names),
    )


def _split(files: Sequence[File], limit: int | None) -> tuple[Indices, Indices, Indices, bool]:
    """The labels, the places of the training and of the test images, and whether the set comes with that split."""
    labels = np.array([file.label for file in files], np.int64)
    given = np.array([file.test for file in files])
    return labels, *split(labels, given, limit), bool(given.any() and not given.all())


def _settled(
    ledger: Ledger, labels: Indices, places: tuple[Indices, Indices, Indices], class_names: Sequence[str]
) -> Account:
    """The account of a set with these labels; ``places`` of the training images, the test images and those beyond."""
    train, test, beyond = (labels[part].tolist() for part in places)
    return settled(ledger, train, test, class_names, beyond)


def _decode(
    files: Sequence[File], size: int, progress: Progress | None, room: Room, ledger: Ledger
) -> tuple[torch.Tensor, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Decode: the usable images, and their positions in ``files``; the others are left out."""
    rows = room(len(files), size)
    usable: list[int] = []

    def report(done: int) -> None:
        if progress:
            progress("reading the images", done / len(files))

    for place, found in enumerate(decode_all([file.source for file in files], size, report)):
        if isinstance(found, Unreadable):
            ledger.leave_out(found.reason, files[place].path, found.kind)
        else:
            rows.put(np.array([len(usable)]), torch.tensor(found).permute(2, 0, 1)[None])
            usable.append(place)
    return rows.images(len(usable)), np.array(usable, np.int64)
