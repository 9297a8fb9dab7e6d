"""Builds an ImageSet from image files, and reads classes and splits from the names of their folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from byol_core.config import value_range
from byol_core.data import filetype
from byol_core.data.account import Ledger, Reason, Remark, settled
from byol_core.data.arrays import Progress
from byol_core.data.decode import may_be_picture
from byol_core.data.imageset import ImageSet, check_enough
from byol_core.data.reading import Reading
from byol_core.data.room import Room, in_memory
from byol_core.data.splits import split
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


def load_tree(
    tree: Tree,
    size: int,
    progress: Progress | None,
    limit: int | None,
    room: Room = in_memory,
    values: str = value_range.AUTO,
) -> ImageSet:
    """Load images with or without class folders, and with or without train/ and test/ (or val/) above them."""
    tree = _in_text(tree)
    seen = [file for file in tree.files if not _litter(file.path)]
    for file in seen:
        if not may_be_picture(file.path):
            kind = filetype.of_name(file.path)
            tree.ledger.leave_out(Reason.OTHER_KIND if kind else Reason.NOT_AN_IMAGE, file.path, kind)
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
    options: dict[str, Any] = {"ledger": tree.ledger, "progress": progress, "limit": limit, "room": room}
    return assemble_files(tree.name, files, tuple(index), size, **options, values=values)


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
    values: str = value_range.AUTO,
) -> ImageSet:
    """Build an ImageSet from image files; those that cannot be read are in its account.

    values: how images of more than 8 bits are scaled, as ``data.range``.
    """
    ledger = ledger or Ledger()
    check_enough(name, len(files), ledger.left_out)
    labels = np.array([file.label for file in files], np.int64)
    given = np.array([file.test for file in files])
    own_split = bool(given.any() and not given.all())
    train, test = split(labels, given, limit)
    chosen = np.sort(np.concatenate([train, test]))  # in the order of the archive, which can only be read forward
    sources = [(files[place].path, files[place].source) for place in chosen]
    images, usable = Reading(sources, size, progress, ledger).read(room, values, name)
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
    return ImageSet(
        name=name,
        images=images,
        labels=torch.from_numpy(labels[kept]) if (labels[kept] >= 0).any() else None,
        class_names=names,
        train=torch.from_numpy(np.flatnonzero(~is_test)),
        test=torch.from_numpy(np.flatnonzero(is_test)),
        account=settled(ledger, labels[kept][~is_test].tolist(), labels[kept][is_test].tolist(), names),
    )
