"""An account in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from byol_core.data import filetype
from byol_core.data.account import Account, Found, LeftOut, Reason, Remark, Unit

# What was wrong with something that was left out, and what to do about it where that helps.
REASONS: dict[Reason, str] = {
    Reason.NOT_AN_IMAGE: "not an image",
    Reason.OTHER_KIND: "{kind}",
    Reason.BROKEN: "broken",
    Reason.CUT_SHORT: "cut short",
    Reason.TOO_LARGE: "too large for the memory that is free",
    Reason.TOO_MANY_PIXELS: "of more than 100 megapixels",
    Reason.CANNOT_BE_OPENED: "cannot be opened",
    Reason.NOT_A_FILE: "not a file",
    Reason.NOT_NUMBERS: "with values that are not numbers",
    Reason.BROKEN_IN_ARCHIVE: "broken in the archive",
    Reason.OUTSIDE_OF_SPLITS: "outside of the train and test folders",
    Reason.LINK: "a link in the archive",
    Reason.SYSTEM: "left by an operating system",
    Reason.ANNOTATION: "a mask or annotation of images",
    Reason.UNUSED_ARRAY: "an array that is not used",
    Reason.UNUSABLE_LABELS: "labels that cannot be used",
    Reason.WITHOUT_LABELS_ONLY: "in a folder for predictions",
}
UNITS = {Unit.FILES: ("file", "files"), Unit.FOLDERS: ("folder", "folders"), Unit.ARRAYS: ("array", "arrays")}
REMARKS: dict[Remark, str] = {
    Remark.HELD_OUT: "The set has no test images of its own: {n:,} held out, the same each time.",
    Remark.RANGE: "The images were read as {range}.",
    Remark.LABELS_FROM: "The labels are those of {name}.",
    Remark.SPLITS_FROM: "The folders {train} are the training images, {test} the test images.",
    Remark.VALIDATION_JOINS_TRAINING: "The {n:,} validation images join the training images.",
    Remark.FOLDERS_ARE_CLASSES: "The folders {names} were read as classes: rename them if they are not.",
    Remark.SPELLINGS_JOINED: "Spellings of one class were joined: {names}.",
    Remark.CLASSES_ONLY_IN_TRAINING: "Classes without a test image: {names}.",
    Remark.CLASSES_ONLY_IN_TEST: "Classes without a training image: {names}.",
    Remark.SEVERAL_LABELS: "{n:,} images have several labels and count as unlabeled.",
    Remark.NEAR_CONSTANT: "{n:,} images hardly vary: they may be empty, or read in the wrong range.",
    Remark.DUPLICATES: "{n:,} images are copies of another one.",
    Remark.CATALOG_NAME: "This is the named set '{name}'; the folder of that name here is './{name}'.",
    Remark.FOURTH_BAND: "The fourth band of {n:,} images was left out: it is no transparency.",
}


def sentences(account: Account) -> Iterator[str]:
    """What a person should know of a load: the remarks, then what was left out."""
    yield from map(remark, account.remarks)
    yield from map(left_out, account.left_out)


def remark(found: Found) -> str:
    """A remark as a sentence."""
    return REMARKS[found.remark].format(**found.values)


def left_out(found: LeftOut) -> str:
    """How many things were left out, why, and the first of them."""
    one, several = UNITS[found.unit]
    count = f"1 {one} was" if found.count == 1 else f"{found.count:,} {several} were"
    return f"{count} not used ({reason(found.reason, found.kind, found.count)}): {_examples(found)}."


def reason(code: Reason, kind: str = "", count: int = 1) -> str:
    """A reason in a few words, and for a known kind of file what to do about it."""
    return REASONS[code].format(kind=filetype.words(kind, count) if kind else "")


def _examples(found: LeftOut) -> str:
    return ", ".join(found.examples) + (", …" if found.count > len(found.examples) else "")
