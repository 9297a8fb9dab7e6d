"""The account of a load: what was used of a source, what was left out and why, and what was assumed.

Loaders write into a :class:`Ledger` while they read. Whoever shows an :class:`Account` reads its fields, or the
sentences of ``account_words``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from byol_core.data.given_names import first_of
from byol_core.messages import decode, encode
from byol_core.system.files import write_json

Value = str | int | float
MOST_EXAMPLES = 3
MOST_NAMES = 8  # of classes in a remark
FILE = "account.json"  # in the folder of a run


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
    COPY = "copy"  # it stands in the set a second time
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
    CLASSES_ONLY_IN_TRAINING = "classes_only_in_training"  # n, names
    CLASSES_ONLY_IN_TEST = "classes_only_in_test"  # n, names
    EMPTY_CLASSES = "empty_classes"  # n, names
    CLASSES_FROM_NAMES = "classes_from_names"  # names: the first words of the names of the files
    SEVERAL_LABELS = "several_labels"  # n: images that have more than one
    NEAR_CONSTANT = "near_constant"  # n: images that hardly vary
    DUPLICATES = "duplicates"  # n: images that equal an earlier one
    CATALOG_NAME = "catalog_name"  # name: the named set that was taken; path: what is here under that name
    FOURTH_BAND = "fourth_band"  # n: images whose fourth band was left out, since it is no transparency


WARNINGS = frozenset(
    {
        Remark.FOLDERS_ARE_CLASSES,
        Remark.CLASSES_ONLY_IN_TRAINING,
        Remark.CLASSES_ONLY_IN_TEST,
        Remark.EMPTY_CLASSES,
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
    """A remark with its values. ``kept``: of values that are texts, what it takes to say them in another language."""

    remark: Remark
    values: Mapping[str, Value] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, remark: Remark, **values: Value) -> Found:
        """A remark whose values may be messages."""
        kept = {name: text for name, value in values.items() if isinstance(value, str) and (text := encode(value))}
        return cls(remark, {name: str(value) if name in kept else value for name, value in values.items()}, kept)

    @property
    def told(self) -> dict[str, Value]:
        """The values, those that are texts as messages."""
        return {
            name: decode(value, self.kept.get(name)) if isinstance(value, str) else value
            for name, value in self.values.items()
        }

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
    ``thinned``: training images beyond the limit, which are not used.
    """

    train: int = 0
    test: int = 0
    unlabeled: int = 0
    classes: tuple[ClassCount, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[Found, ...] = ()
    decoded: bool = True
    thinned: int = 0

    @property
    def images(self) -> int:
        """All images that are used."""
        return self.train + self.test

    @property
    def skipped(self) -> int:
        """Files that were left out; what operating systems leave behind is not counted."""
        return sum(each.count for each in self.left_out if each.unit == Unit.FILES and each.reason != Reason.SYSTEM)

    @property
    def found(self) -> int:
        """Images and files that were not used, together."""
        return self.images + self.thinned + self.skipped

    @property
    def warnings(self) -> tuple[Found, ...]:
        """The remarks that say that something may be wrong."""
        return tuple(each for each in self.remarks if each.warns)


class Ledger:
    """Collects what a loader leaves out and assumes."""

    def __init__(self) -> None:
        self._left: dict[tuple[Reason, str, Unit], tuple[int, tuple[str, ...]]] = {}
        self._remarks: dict[Remark, Found] = {}

    def leave_out(self, reason: Reason, name: str, kind: str = "", unit: Unit = Unit.FILES, count: int = 1) -> None:
        """Note that something of that name was left out."""
        known, examples = self._left.get((reason, kind, unit), (0, ()))
        self._left[reason, kind, unit] = (known + count, (*examples, name)[:MOST_EXAMPLES])

    def copy(self) -> Ledger:
        """Another ledger with the same entries."""
        other = Ledger()
        other._left, other._remarks = dict(self._left), dict(self._remarks)
        return other

    def remark(self, remark: Remark, **values: Value) -> None:
        """Note what was assumed or found; the last of each remark counts."""
        self._remarks[remark] = Found.of(remark, **values)

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


def settled(
    ledger: Ledger,
    train: Sequence[int],
    test: Sequence[int],
    class_names: Sequence[str],
    thinned: Sequence[int] = (),
) -> Account:
    """The account of what was used: the labels of the training and of the test images, -1 for those without one.

    ``thinned``: the labels of training images that are not used because of the limit. A class that the limit leaves
    without a training image has some in the set, so nothing is said of it.
    """
    used, tested, beyond = Counter(train), Counter(test), Counter(thinned)
    names = tuple(enumerate(class_names))
    _note_one_sided(ledger, [ClassCount(name, used[i] + beyond[i], tested[i]) for i, name in names])
    return Account(
        train=len(train),
        test=len(test),
        unlabeled=used[-1] + tested[-1],
        classes=tuple(ClassCount(name, used[i], tested[i]) for i, name in names),
        left_out=ledger.left_out,
        remarks=ledger.remarks,
        thinned=len(thinned),
    )


def _note_one_sided(ledger: Ledger, classes: Sequence[ClassCount]) -> None:
    """Classes without an image for training, for testing or for either, where both have labels at all."""
    if not (any(each.train for each in classes) and any(each.test for each in classes)):
        return
    _note(ledger, Remark.CLASSES_ONLY_IN_TRAINING, [each.name for each in classes if each.train and not each.test])
    _note(ledger, Remark.CLASSES_ONLY_IN_TEST, [each.name for each in classes if each.test and not each.train])
    _note(ledger, Remark.EMPTY_CLASSES, [each.name for each in classes if not (each.train or each.test)])


def _note(ledger: Ledger, remark: Remark, names: Sequence[str]) -> None:
    if names:
        ledger.remark(remark, n=len(names), names=first_of(names, MOST_NAMES))


# As JSON


def as_object(account: Account) -> dict[str, Any]:
    """The account with its totals as plain values, for JSON: its texts in English alone."""
    whole = _whole(account)
    return whole | {"remarks": [{"remark": each.remark, "values": dict(each.values)} for each in account.remarks]}


def _whole(account: Account) -> dict[str, Any]:
    return {"images": account.images, "skipped": account.skipped, **asdict(account)}


def save(folder: Path, account: Account) -> None:
    """Put the account into the folder of a run, in place of an earlier one."""
    write_json(folder / FILE, _whole(account))


def read(folder: Path) -> Account | None:
    """The account in the folder of a run; None without one, and for one that this release cannot read."""
    try:
        return TypeAdapter(Account).validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return None
