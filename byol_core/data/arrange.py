"""Finds the classes and the splits of image files by the names of their folders. Nothing is decoded."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from byol_core.data.account import Account, Ledger, Reason, Remark, settled
from byol_core.data.decode import may_be_picture
from byol_core.data.splits import split
from byol_core.data.tree import File, Tree
from byol_core.system.text import storable

TRAIN = {"train", "training"}
TEST = {"test", "testing"}
VALIDATION = {"val", "valid", "validation"}
# Files that operating systems leave behind; they are ignored without a message.
LITTER = {"__macosx", "thumbs.db", "desktop.ini"}


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
    """The files that are used, with their labels and splits; ``ledger`` names the others."""

    name: str
    files: tuple[File, ...]
    class_names: tuple[str, ...]
    ledger: Ledger

    def account(self, limit: int | None = None) -> Account:
        """What would be used if every file could be decoded; ``limit`` as in ``catalog.load``."""
        labels = np.array([file.label for file in self.files], np.int64)
        given = np.array([file.test for file in self.files], np.bool_)
        train, test = split(labels, given, limit)
        ledger = self.ledger.copy()
        if given.all() or not given.any():
            ledger.remark(Remark.HELD_OUT, n=len(test))
        beyond = np.setdiff1d(np.arange(len(labels)), np.concatenate([train, test]))
        found = settled(
            ledger, labels[train].tolist(), labels[test].tolist(), self.class_names, labels[beyond].tolist()
        )  # fmt: skip
        return replace(found, decoded=False)


def arranged(tree: Tree) -> Arranged:
    """The files of a tree with their classes and splits."""
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
    return Arranged(tree.name, tuple(files), tuple(index), tree.ledger)


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
