"""Finds the classes and the splits of image files by their folders, tables and names. Nothing is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from byol_core.data import filetype, folder_names, label_tables, layouts
from byol_core.data.account import Account, Ledger, Reason, Remark, settled
from byol_core.data.decode import may_be_picture
from byol_core.data.folder_names import Split, class_key
from byol_core.data.given_names import listed
from byol_core.data.layouts import Layout
from byol_core.data.splits import split
from byol_core.data.tree import File, Tree
from byol_core.messages import Message
from byol_core.system.text import storable

MOST_NAMED = 8  # names in a remark
LEAST_WITHOUT_SUFFIX = 3  # such files in one folder are images without a suffix; fewer may be a README
# Share of the training images whose names must tell a class before the names are believed.
TOLD = 0.95
# What cameras, phones and programs call their files, which tells no class.
_CAMERAS = folder_names.word_set(
    "img image images imagen bild foto photo photos pic pics picture dsc dscn dscf dcim pict pxl mvimg vid video "
    "mov scan scans screenshot snapchat whatsapp frame file sample untitled download page slide shot tile patch "
    "crop figure fig unnamed copy export render output input test train val mask masks label gopr burst pano "
    "img_e thumb sdc imgp"
)


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
        train, test = split(labels, given, limit) if len(labels) else (labels, labels)
        ledger = self.ledger.copy()
        if given.all() or not given.any():
            ledger.remark(Remark.HELD_OUT, n=len(test))
        beyond = np.setdiff1d(np.arange(len(labels)), np.concatenate([train, test]))
        found = settled(
            ledger, labels[train].tolist(), labels[test].tolist(), self.class_names, labels[beyond].tolist()
        )  # fmt: skip
        return replace(found, decoded=False)


def arranged(tree: Tree) -> Arranged:
    """The files of a tree with their classes and splits, read from folders, from tables or from the names of files."""
    pictures, others = _told_apart(tree)
    layout, used = _layout(pictures, tree)
    paths = [pictures[number].path for number in used]
    places = [layout.places[number] for number in used]
    labels: list[str] = [place.class_name for place in places]
    _from_tables(labels, paths, [place.split.value for place in places], others, tree.ledger)
    if not any(labels):
        _from_names(labels, paths, places, tree.ledger)
    sides, left = _sides(layout, places, labels, tree.ledger)
    for number in left:
        tree.ledger.leave_out(Reason.WITHOUT_LABELS_ONLY, paths[number])
    kept = [number for number in range(len(used)) if number not in left]
    class_names, index = _classes([(labels[n], sides[n]) for n in kept], layout.empty, tree.ledger)
    files = [
        replace(pictures[used[n]], label=index.get(class_key(labels[n]), -1) if labels[n] else -1, test=sides[n])
        for n in kept
    ]
    return Arranged(storable(tree.name), tuple(files), class_names, tree.ledger)


def _told_apart(tree: Tree) -> tuple[list[File], list[File]]:
    """Files that may be images, and other files; without what operating systems leave behind."""
    pictures: list[File] = []
    others: list[File] = []
    for file in tree.files:
        # Names that are not text, which Linux allows, are replaced so that messages and the store can hold them.
        shown = file if (path := storable(file.path)) == file.path else replace(file, path=path)
        *folders, name = shown.path.split("/")
        if any(map(folder_names.is_system, folders)):
            if may_be_picture(name) and not folder_names.is_system(name):
                tree.ledger.leave_out(Reason.SYSTEM, shown.path)
        elif not folder_names.is_system(name):
            (pictures if may_be_picture(name) else others).append(shown)
    return pictures, others


def _layout(pictures: Sequence[File], tree: Tree) -> tuple[Layout, list[int]]:
    """The layout, and the numbers of the files that are used; the others are named."""
    paths = [file.path for file in pictures]
    masks = _mask_files(paths)
    deciding = [number for number in _deciding(paths) if number not in masks]
    empty = [path for path in map(storable, tree.empty) if not any(map(folder_names.is_system, path.split("/")))]
    layout = layouts.read(paths, deciding, empty)
    layout.leave_out(Reason.ANNOTATION, masks)
    for number, path in enumerate(paths):
        if number in layout.left_out:
            tree.ledger.leave_out(layout.left_out[number], path)
        elif number not in layout.places:
            tree.ledger.leave_out(Reason.NOT_AN_IMAGE, path)
    return layout, [number for number in range(len(paths)) if number in layout.places]


def _deciding(paths: Sequence[str]) -> list[int]:
    """The files that are images by their names. A README has no suffix either, so a few such files say nothing."""
    bare = [number for number, path in enumerate(paths) if folder_names.without_suffix(path) == path]
    if not bare:
        return [*range(len(paths))]
    folders = Counter(paths[number].rpartition("/")[0] for number in bare)
    all_bare = len(bare) == len(paths)
    texts = {
        number
        for number in bare
        if folder_names.is_document(PurePosixPath(paths[number]).name)
        or not (all_bare or folders[paths[number].rpartition("/")[0]] >= LEAST_WITHOUT_SUFFIX)
    }
    return [number for number in range(len(paths)) if number not in texts]


def _mask_files(paths: Sequence[str]) -> set[int]:
    """Masks beside their images, such as a_mask.png beside a.png."""
    stems = {*map(folder_names.without_suffix, paths)}
    return {number for number, path in enumerate(paths) if folder_names.mask_of(path) in stems}


def _from_tables(
    labels: list[str], paths: Sequence[str], splits: Sequence[str], others: Sequence[File], ledger: Ledger
) -> None:
    """Fill in the labels that tables tell, where folders tell none; name the files that are of no use."""
    tables = [file for file in others if label_tables.is_table(file.path)] if not all(labels) or _odd(labels) else []
    found = label_tables.from_tables(tables, paths, splits) if tables else label_tables.FromTables()
    if _odd(labels) and len(found.labels) >= TOLD * len(labels):
        labels[:] = [""] * len(labels)
    known = {class_key(label) for label in labels if label}
    fits = not known or any(class_key(label) in known for label in found.labels.values())
    fresh = {number: label for number, label in found.labels.items() if fits and not labels[number]}
    for number, label in fresh.items():
        labels[number] = storable(label)
    if fresh:
        ledger.remark(Remark.LABELS_FROM, name=listed([*map(storable, found.used[:MOST_NAMED])]))
    if found.several and not known:
        ledger.remark(Remark.SEVERAL_LABELS, n=len(found.several))
    _name_others(others, found, bool(fresh or found.several), any(labels), ledger)


def _odd(labels: Sequence[str]) -> bool:
    """Whether the folders that were taken for classes look like something else."""
    classes = {label for label in labels if label}
    return bool(classes) and 2 * sum(1 for _ in layouts.looks_wrong(classes)) >= len(classes)


def _name_others(
    others: Iterable[File], found: label_tables.FromTables, used: bool, labeled: bool, ledger: Ledger
) -> None:
    tables = set(found.used) if used else set()
    for file in others:
        if file.path in tables or ("*.cls" in tables and file.path.lower().endswith(".cls")):
            continue
        unusable = file.path in found.unusable and not labeled
        kind = "" if unusable else filetype.of_name(file.path)
        reason = Reason.OTHER_KIND if kind else Reason.NOT_AN_IMAGE
        ledger.leave_out(Reason.UNUSABLE_LABELS if unusable else reason, file.path, kind)


def _from_names(labels: list[str], paths: Sequence[str], places: Sequence[layouts.Place], ledger: Ledger) -> None:
    """Take classes from names such as cat.12.jpg or Abyssinian_7.jpg, if nearly all training images have such names."""
    told = [_first_words(PurePosixPath(path).stem) for path in paths]
    train = [word for word, place in zip(told, places, strict=True) if place.split == Split.TRAIN]
    counts = Counter(word for word in train if word)
    often = {word for word, count in counts.items() if count > 1}
    if len(often) < 2 or sum(counts[word] for word in often) < TOLD * len(train):
        return
    labels[:] = [word if word in often else "" for word in told]
    ledger.remark(Remark.CLASSES_FROM_NAMES, names=_listed(sorted(often)))


def _first_words(stem: str) -> str:
    """``cat`` for cat.12 and cat (12); "" for a name that does not end in a number, or has others before."""
    before = stem.removesuffix(")")
    word = before.rstrip("0123456789").rstrip(" ._-(")
    if word == before or any(map(str.isdigit, word)):
        return ""
    known = folder_names.without_numbers(word)
    return word if known and len(word) > 2 and not _CAMERAS.intersection(known) else ""


def _sides(
    layout: Layout, places: Sequence[layouts.Place], labels: Sequence[str], ledger: Ledger
) -> tuple[list[bool], set[int]]:
    """Whether each file is for tests, and the files that are not used, since labels are needed where they have none."""
    labeled = {place.split for place, label in zip(places, labels, strict=True) if label}
    present = {place.split for place in places}
    order = [Split.TEST, Split.VALIDATION, Split.PREDICTION]
    test = next((each for each in order if each in (labeled or present)), None)
    dropped = (present - labeled).intersection(order) if labeled else set()
    dropped |= {Split.PREDICTION} - {test}
    if test == Split.TEST and Split.TEST in labeled:
        dropped -= {Split.VALIDATION}
    left = {number for number, place in enumerate(places) if place.split in dropped}
    _note_splits(layout, places, test, dropped, ledger)
    return [place.split == test for place in places], left


def _note_splits(
    layout: Layout, places: Sequence[layouts.Place], test: Split | None, dropped: set[Split], ledger: Ledger
) -> None:
    if layout.splits and test:
        train = [name for each, found in layout.splits.items() if each not in {test, *dropped} for name in found]
        ledger.remark(Remark.SPLITS_FROM, train=_listed(train), test=_listed(layout.splits.get(test, [])))
    joins = sum(place.split == Split.VALIDATION for place in places)
    if joins and Split.VALIDATION not in {test, *dropped}:
        ledger.remark(Remark.VALIDATION_JOINS_TRAINING, n=joins)


def _classes(
    found: Sequence[tuple[str, bool]], empty: Iterable[str], ledger: Ledger
) -> tuple[tuple[str, ...], dict[str, int]]:
    """The names of the classes, and the number of each by its key. The spelling of the training images is shown."""
    spellings: dict[str, dict[str, None]] = {}
    for label, _ in sorted(found, key=lambda each: each[1]):
        if label:
            spellings.setdefault(class_key(label), {})[label] = None
    with_images = len(spellings)
    for name in empty if with_images > 1 else ():
        spellings.setdefault(class_key(name), {})[name] = None
    shown = {key: folder_names.clean(next(iter(spelled))) for key, spelled in spellings.items()}
    keys = sorted(shown, key=lambda key: shown[key])
    if all(shown[key].isdecimal() for key in keys):
        keys.sort(key=lambda key: int(shown[key]))
    joined = [" = ".join(map(repr, sorted(spelled))) for spelled in spellings.values() if len(spelled) > 1]
    if joined:
        ledger.remark(Remark.SPELLINGS_JOINED, names=_listed(joined))
    odd = [*layouts.looks_wrong(shown.values())]
    if odd and 2 * len(odd) >= len(shown):
        ledger.remark(Remark.FOLDERS_ARE_CLASSES, names=_listed(odd))
    return tuple(shown[key] for key in keys), {key: place for place, key in enumerate(keys)}


def _listed(names: Sequence[str]) -> str:
    """The first names, each once."""
    once = [*dict.fromkeys(names)]
    first = listed(once[:MOST_NAMED])
    return Message("{names}, …", names=first) if len(once) > MOST_NAMED else first
