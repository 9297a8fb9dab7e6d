"""The account of a load: what was used of a source, what was left out and why, and what was assumed.

Loaders write into a :class:`Ledger` while they read. Whoever shows an :class:`Account` reads its fields, or the
sentences of ``account_words``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | int | float
MOST_EXAMPLES = 3


class Reason(StrEnum):
    """Why something was left out."""

    NOT_AN_IMAGE = "not_an_image"  # nothing that is known
    OTHER_KIND = "other_kind"  # a file of a kind that is known, and no image that is read: see ``filetype``
    BROKEN = "broken"
    CUT_SHORT = "cut_short"
    TOO_LARGE = "too_large"  # for the memory
    TOO_MANY_PIXELS = "too_many_pixels"
    CANNOT_BE_OPENED = "cannot_be_opened"
    NOT_A_FILE = "not_a_file"
    NOT_NUMBERS = "not_numbers"  # NaN or infinite values
    BROKEN_IN_ARCHIVE = "broken_in_archive"
    OUTSIDE_OF_SPLITS = "outside_of_splits"  # beside the train and test folders
    LINK = "link"  # a symbolic link in an archive
    SYSTEM = "system"  # thumbnails, wastebaskets and the like
    ANNOTATION = "annotation"  # masks and other pictures that annotate images
    UNUSED_ARRAY = "unused_array"
    UNUSABLE_LABELS = "unusable_labels"
    WITHOUT_LABELS_ONLY = "without_labels_only"  # a folder for predictions, which no label belongs to


class Unit(StrEnum):
    """What is counted."""

    FILES = "files"
    FOLDERS = "folders"
    ARRAYS = "arrays"


class Remark(StrEnum):
    """What was assumed or found, which the person who gave the images should know."""

    HELD_OUT = "held_out"  # n: test images, held out of a set without a test split of its own
    RANGE = "range"  # range: how values were scaled, as in ``ranges.words``
    LABELS_FROM = "labels_from"  # name: the table or array with the labels
    SPLITS_FROM = "splits_from"  # train, test: names of the folders
    VALIDATION_JOINS_TRAINING = "validation_joins_training"  # n
    FOLDERS_ARE_CLASSES = "folders_are_classes"  # names: folders that look like something else
    SPELLINGS_JOINED = "spellings_joined"  # names
    CLASSES_ONLY_IN_TRAINING = "classes_only_in_training"  # names
    CLASSES_ONLY_IN_TEST = "classes_only_in_test"  # names
    SEVERAL_LABELS = "several_labels"  # n: images that have more than one
    NEAR_CONSTANT = "near_constant"  # n: images that hardly vary
    DUPLICATES = "duplicates"  # n: images that equal an earlier one
    CATALOG_NAME = "catalog_name"  # name: a folder here has the name of the named set that was taken
    FOURTH_BAND = "fourth_band"  # n: images whose fourth band was left out, since it is no transparency


WARNINGS = frozenset(
    {
        Remark.FOLDERS_ARE_CLASSES,
        Remark.CLASSES_ONLY_IN_TRAINING,
        Remark.CLASSES_ONLY_IN_TEST,
        Remark.NEAR_CONSTANT,
        Remark.DUPLICATES,
        Remark.CATALOG_NAME,
    }
)


@dataclass(frozen=True)
class LeftOut:
    """How many things were left out for one reason, and the first of them.

    ``kind``: the code of the kind of file for ``Reason.OTHER_KIND``, such as "heic"; else empty.
    """

    reason: Reason
    count: int
    examples: tuple[str, ...]
    kind: str = ""
    unit: Unit = Unit.FILES


@dataclass(frozen=True)
class Found:
    """A remark with its values."""

    remark: Remark
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def warns(self) -> bool:
        """Whether something may be wrong, as opposed to worth knowing."""
        return self.remark in WARNINGS


@dataclass(frozen=True)
class ClassCount:
    """The images of a class."""

    name: str
    train: int
    test: int


@dataclass(frozen=True)
class Account:
    """What was read of a source. ``unlabeled``: images without a label, of a set that has labels or not.

    ``decoded``: whether the images themselves were read; before, what cannot be read is not known yet.
    """

    train: int = 0
    test: int = 0
    unlabeled: int = 0
    classes: tuple[ClassCount, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[Found, ...] = ()
    decoded: bool = True

    @property
    def images(self) -> int:
        """All images that are used."""
        return self.train + self.test

    @property
    def skipped(self) -> int:
        """Files that were left out; what operating systems leave behind is not counted."""
        return sum(each.count for each in self.left_out if each.unit == Unit.FILES and each.reason != Reason.SYSTEM)


class Ledger:
    """Collects what a loader leaves out and assumes."""

    def __init__(self) -> None:
        self._left: dict[tuple[Reason, str, Unit], tuple[int, tuple[str, ...]]] = {}
        self._remarks: dict[Remark, Found] = {}

    def leave_out(self, reason: Reason, name: str, kind: str = "", unit: Unit = Unit.FILES, count: int = 1) -> None:
        """Note that something of that name was left out."""
        known, examples = self._left.get((reason, kind, unit), (0, ()))
        self._left[reason, kind, unit] = (known + count, (*examples, name)[:MOST_EXAMPLES])

    def remark(self, remark: Remark, **values: Value) -> None:
        """Note what was assumed or found; the last of each remark counts."""
        self._remarks[remark] = Found(remark, values)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was left out, the most frequent reason first."""
        found = [
            LeftOut(reason, count, examples, kind, unit)
            for (reason, kind, unit), (count, examples) in self._left.items()
        ]
        return tuple(sorted(found, key=lambda each: -each.count))

    @property
    def remarks(self) -> tuple[Found, ...]:
        """Everything that was noted, in its order."""
        return tuple(self._remarks.values())


def settled(ledger: Ledger, train: Sequence[int], test: Sequence[int], class_names: Sequence[str]) -> Account:
    """The account of what was used: the labels of the training and of the test images, -1 for those without one."""
    counts = [[0] * (len(class_names) + 1) for _ in range(2)]
    for side, labels in zip(counts, (train, test), strict=True):
        for label in labels:
            side[label] += 1  # -1 is the last
    classes = tuple(ClassCount(name, counts[0][i], counts[1][i]) for i, name in enumerate(class_names))
    unlabeled = counts[0][-1] + counts[1][-1]
    return Account(len(train), len(test), unlabeled, classes, ledger.left_out, ledger.remarks)
