"""Finds the images, the labels and the names of classes among the arrays of an .npz, by their names and shapes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from byol_core.data.account import Ledger, Reason, Remark, Unit
from byol_core.data.array_names import Key, Kind, key_of
from byol_core.data.folder_names import Split
from byol_core.data.given_names import listed
from byol_core.data.labels import Labels, flat, number
from byol_core.data.pixels import Array, layout
from byol_core.data.tables import Table, from_npz
from byol_core.errors import InputError

# Without names of their own, several arrays of images are these, in this order.
IN_ORDER = {1: (Split.TRAIN,), 2: (Split.TRAIN, Split.TEST), 3: (Split.TRAIN, Split.VALIDATION, Split.TEST)}


@dataclass(frozen=True)
class Contents:
    """Tables of images with whether they are for tests, the labels of all of them, and the names of the classes."""

    parts: list[tuple[Table, bool]]
    labels: Labels | None
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    split: Split
    images: str
    labels: str | None = None


def read(archive: zipfile.ZipFile, file_name: str, ledger: Ledger) -> Contents:
    """What an .npz holds. The labels are optional: those that cannot be used are named, and the images are read."""
    arrays = _Arrays(archive, file_name)
    parts = [part for part in _parts(arrays) if len(arrays.table(part.images))]
    test = _test_split(parts)
    joins = sum(len(arrays.table(part.images)) for part in parts if part.split == Split.VALIDATION)
    if joins and test == Split.TEST:
        ledger.remark(Remark.VALIDATION_JOINS_TRAINING, n=joins)
    labels, class_names, used = _labels(arrays, parts, ledger)
    known = {part.images for part in parts} | used
    for key in arrays.keys:
        if key not in known:
            ledger.leave_out(Reason.UNUSED_ARRAY, key, unit=Unit.ARRAYS)
    tables = [(arrays.table(part.images), part.split == test) for part in parts]
    return Contents(tables, labels, class_names)


def _test_split(parts: Sequence[_Part]) -> Split:
    return Split.TEST if any(part.split == Split.TEST for part in parts) else Split.VALIDATION


class _Arrays:
    """The arrays of an .npz by name; headers are read when they are needed."""

    def __init__(self, archive: zipfile.ZipFile, file_name: str) -> None:
        self.archive, self.file_name = archive, file_name
        found = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        self.keys = {name: key_of(name) for name in found}
        self._tables: dict[str, Table | InputError] = {}

    def table(self, key: str) -> Table:
        """The array; InputError if it cannot be read."""
        found = self._known(key)
        if isinstance(found, InputError):
            raise found
        return found

    def _known(self, key: str) -> Table | InputError:
        if key not in self._tables:
            try:
                self._tables[key] = from_npz(self.archive, key, self.file_name)
            except InputError as error:
                self._tables[key] = error
        return self._tables[key]

    def of_kind(self, kind: Kind) -> Iterator[tuple[str, Key]]:
        """The arrays whose names say that they hold this, the plainest names first."""
        found = [(name, key) for name, key in self.keys.items() if key.kind == kind]
        yield from sorted(found, key=lambda each: (each[1].rank, -self._is_images(each[0])))

    def images(self) -> list[str]:
        """The arrays that are images by their shape."""
        return [name for name in self.keys if self._is_images(name)]

    def _is_images(self, name: str) -> bool:
        found = self._known(name)
        return not isinstance(found, InputError) and found.dtype.kind in "biuf" and _is_layout(found.shape)

    def is_images(self, name: str) -> bool:
        """Whether an array has the shape of images."""
        return self._is_images(name)


def _is_layout(shape: tuple[int, ...]) -> bool:
    try:
        return len(layout(shape, "")) > 0
    except InputError:
        return False


def _parts(arrays: _Arrays) -> list[_Part]:
    named = _named(arrays)
    if named:
        return [_Part(split, images, _labels_of(arrays, split, images, named)) for split, images in named.items()]
    return _unnamed(arrays)


def _named(arrays: _Arrays) -> dict[Split, str]:
    """The array of images of each split, by their names. Those without a split are used where no array has one."""
    found: dict[Split | None, str] = {}
    candidates = [*arrays.of_kind(Kind.IMAGES)]
    shaped = [(name, key) for name, key in candidates if arrays.is_images(name)]
    for name, key in shaped or candidates:
        found.setdefault(key.split, name)
    whole = found.pop(None, None)
    by_split = {split: found[split] for split in Split if split in found}
    if not by_split and whole is not None:
        return {Split.TRAIN: whole}
    if whole is not None and Split.TRAIN not in by_split:  # images beside test_images
        return {Split.TRAIN: whole, **by_split}
    return by_split


def _labels_of(arrays: _Arrays, split: Split, images: str, named: dict[Split, str]) -> str | None:
    """The array with the labels of these images: of the same split, or of none where there is one array of images."""
    count = len(arrays.table(images))
    found = [(name, key) for name, key in arrays.of_kind(Kind.LABELS) if name not in named.values()]
    same = [name for name, key in found if key.split == split]
    whole = [name for name, key in found if key.split is None] if split == Split.TRAIN else []
    if arrays.keys[images].split is None:
        whole += same if len(named) == 1 else []
        same = []
    choice = [*same, *whole, *([name for name, _ in found] if len(named) == 1 else [])]
    return next((name for name in choice if _usable(arrays, name, count) is not None), choice[0] if choice else None)


def _unnamed(arrays: _Arrays) -> list[_Part]:
    """Arrays whose names say nothing: arr_0, arr_1 … in their order, or the only one that can be images."""
    found, plain = arrays.images(), all(key.place is not None for key in arrays.keys.values())
    if not found and len(arrays.keys) == 1:
        return [_Part(Split.TRAIN, name) for name in arrays.keys]
    others = [name for name in arrays.keys if name not in found]
    if len(found) != 1 and not (plain and found and len(found) == len(others) and len(found) in IN_ORDER):
        raise _not_found(arrays, found)
    parts: list[_Part] = []
    for split, images in zip(IN_ORDER[len(found)], found, strict=True):
        count = len(arrays.table(images))
        label = next((name for name in others if plain and _usable(arrays, name, count) is not None), None)
        others = [name for name in others if name != label]
        parts.append(_Part(split, images, label))
    return parts


def _not_found(arrays: _Arrays, found: Sequence[str]) -> InputError:
    if found:
        return InputError(
            "'{name}' holds several arrays that may be the images ({arrays}): call the right one images, or x_train.",
            name=arrays.file_name,
            arrays=listed(found[:6]),
        )
    if not arrays.keys:
        return InputError(
            "'{name}' holds no arrays, and should hold x_train (with y_train …) or images.", name=arrays.file_name
        )
    return InputError(
        "'{name}' holds {held}, and should hold x_train (with y_train …) or images.",
        name=arrays.file_name,
        held=listed([*arrays.keys][:6]),
    )


def _usable(arrays: _Arrays, name: str, count: int) -> Array | None:
    """Labels as one number or text an image; None if they are none."""
    try:
        table = arrays.table(name)
        return flat(table.whole(), count).values if _may_be_labels(table.shape, count) else None
    except InputError:
        return None


def _may_be_labels(shape: tuple[int, ...], count: int) -> bool:
    longer = [side for side in shape if side != 1]
    return count in shape and len(longer) <= 2


def _labels(arrays: _Arrays, parts: Sequence[_Part], ledger: Ledger) -> tuple[Labels | None, tuple[str, ...], set[str]]:
    """The labels of all parts, the names of the classes, and the arrays that were used or named for this."""
    counts = [len(arrays.table(part.images)) for part in parts]
    keys = [part.labels for part in parts]
    found = [None if key is None else _usable(arrays, key, count) for key, count in zip(keys, counts, strict=True)]
    several = _several(arrays, keys, counts)
    if several:
        ledger.remark(Remark.SEVERAL_LABELS, n=several)
        found = [None] * len(found)
    names = next((name for name, _ in arrays.of_kind(Kind.NAMES)), None)
    labels, class_names, with_names = _numbered(arrays, _apart(found), counts, names)
    told = {key for key, values in zip(keys, found, strict=True) if key and values is not None and labels is not None}
    for key in dict.fromkeys(key for key in keys if key and key not in told):
        ledger.leave_out(Reason.UNUSABLE_LABELS, key, unit=Unit.ARRAYS)
    if told:
        ledger.remark(Remark.LABELS_FROM, name=listed([key for key in keys if key in told]))
    return labels, class_names, {key for key in keys if key} | ({names} if names and with_names else set())


def _several(arrays: _Arrays, keys: Sequence[str | None], counts: Sequence[int]) -> int:
    """How many images have several labels."""
    total = 0
    for key, count in zip(keys, counts, strict=True):
        try:
            if key and _may_be_labels(arrays.table(key).shape, count):
                total += flat(arrays.table(key).whole(), count).several
        except InputError:
            continue
    return total


def _apart(found: list[Array | None]) -> list[Array | None]:
    """Where all labels are -1 and 1 these are two classes; else -1 stands for an image without a label."""
    known = [values for values in found if values is not None and values.dtype.kind != "U"]
    if known and set(np.unique(np.concatenate(known)).tolist()) == {-1, 1}:
        return [None if values is None else values.astype(str) for values in found]
    return found


def _numbered(
    arrays: _Arrays, found: Sequence[Array | None], counts: Sequence[int], names: str | None
) -> tuple[Labels | None, tuple[str, ...], bool]:
    """The labels with names of the classes that fit them, or without names; None if the labels do not fit together."""
    if names is not None:
        try:
            return *number(found, counts, arrays.table(names).whole()), True
        except InputError:
            pass  # the names belong to something else, and are told as not used
    try:
        return *number(found, counts, None), False
    except InputError:
        return None, (), False
