"""An account in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from byol_core.data import filetype
from byol_core.data.account import Account, Found, LeftOut, Reason, Remark, Unit, Value

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
    Reason.OUTSIDE_OF_SPLITS: "beside the folders of the images",
    Reason.LINK: "a link",
    Reason.SYSTEM: "left by an operating system",
    Reason.ANNOTATION: "a mask or annotation of images",
    Reason.UNUSED_ARRAY: "not needed",
    Reason.UNUSABLE_LABELS: "labels that cannot be used",
    Reason.COPY: "a copy in the same set",
    Reason.WITHOUT_LABELS_ONLY: "in a folder without labels, for predictions",
}
# The same of several things, where it reads otherwise.
REASONS_OF_SEVERAL: dict[Reason, str] = {
    Reason.NOT_AN_IMAGE: "not images",
    Reason.NOT_A_FILE: "not files",
    Reason.LINK: "links",
    Reason.ANNOTATION: "masks or annotations of images",
}
# One thing, and several.
LEFT_OUT: dict[Unit, tuple[str, str]] = {
    Unit.FILES: ("1 file was not used ({why}): {names}.", "{n:,} files were not used ({why}): {names}."),
    Unit.FOLDERS: ("1 folder was not used ({why}): {names}.", "{n:,} folders were not used ({why}): {names}."),
    Unit.ARRAYS: ("1 array was not used ({why}): {names}.", "{n:,} arrays were not used ({why}): {names}."),
}
LEFT_OUT_OF = (
    "1 of {all:,} files was not used ({why}): {names}.",
    "{n:,} of {all:,} files were not used ({why}): {names}.",
)
TOTAL = "{n:,} of {all:,} files were not used."
MORE = ("1 more thing was not used.", "{n:,} more things were not used, for other reasons.")
USED = (
    "{images:,} images in 1 class: {train:,} for training, {test:,} for testing.",
    "{images:,} images in {n:,} classes: {train:,} for training, {test:,} for testing.",
)
USED_UNLABELED = "{images:,} images without labels: {train:,} for training, {test:,} for testing."
UNLABELED = ("1 image has no label.", "{n:,} images have no label.")
THINNED = (
    "1 more training image is left out, because of the limit.",
    "{n:,} more training images are left out, because of the limit.",
)
REMARKS: dict[Remark, str] = {
    Remark.HELD_OUT: "The set has no test images of its own: {n:,} images are held out, the same ones each time.",
    Remark.RANGE: "The images were read as {range}.",
    Remark.LABELS_FROM: "The labels are those of {name}.",
    Remark.SPLITS_FROM: "The folders {train} are the training images, {test} the test images.",
    Remark.VALIDATION_JOINS_TRAINING: "The {n:,} validation images join the training images.",
    Remark.FOLDERS_ARE_CLASSES: "The folders {names} were read as classes: rename them if they are not.",
    Remark.SPELLINGS_JOINED: "Spellings of one class were joined: {names}.",
    Remark.CLASSES_ONLY_IN_TRAINING: "{n:,} classes have no test image: {names}.",
    Remark.CLASSES_ONLY_IN_TEST: "{n:,} classes have no training image: {names}.",
    Remark.EMPTY_CLASSES: "{n:,} classes have no image at all: {names}.",
    Remark.CLASSES_FROM_NAMES: "The classes are the first words of the file names: {names}.",
    Remark.SEVERAL_LABELS: "{n:,} images have several labels and count as unlabeled.",
    Remark.NEAR_CONSTANT: "{n:,} images hardly vary: they may be empty, or read in the wrong range.",
    Remark.DUPLICATES: "{n:,} images are copies of another one.",
    Remark.CATALOG_NAME: "The named set '{name}' is used. For what is here under that name, give '{path}'.",
    Remark.FOURTH_BAND: "The fourth band of {n:,} images was left out: it is no transparency.",
}

# Remarks of one image, file or class.
REMARKS_OF_ONE: dict[Remark, str] = {
    Remark.HELD_OUT: "The set has no test images of its own: 1 image is held out, the same one each time.",
    Remark.VALIDATION_JOINS_TRAINING: "The validation image joins the training images.",
    Remark.CLASSES_ONLY_IN_TRAINING: "The class {names} has no test image.",
    Remark.CLASSES_ONLY_IN_TEST: "The class {names} has no training image.",
    Remark.EMPTY_CLASSES: "The class {names} has no image at all.",
    Remark.SEVERAL_LABELS: "1 image has several labels and counts as unlabeled.",
    Remark.NEAR_CONSTANT: "1 image hardly varies: it may be empty, or read in the wrong range.",
    Remark.DUPLICATES: "1 image equals another one.",
    Remark.FOURTH_BAND: "The fourth band of 1 image was left out: it is no transparency.",
}
MOST_LINES = 6  # about what was left out


def sentences(account: Account) -> Iterator[str]:
    """What a person should know of a load: what is used, the remarks, then what was left out."""
    yield from used(account)
    yield from map(remark, account.remarks)
    yield from not_used(account)


def used(account: Account) -> Iterator[str]:
    """How many images there are, and in how many classes."""
    templates = USED if account.classes else (USED_UNLABELED, USED_UNLABELED)
    sides = {"train": account.train, "test": account.test}
    yield _numbered(templates, len(account.classes), images=account.images, **sides)
    if account.classes and account.unlabeled:
        yield _numbered(UNLABELED, account.unlabeled)
    if account.thinned:
        yield _numbered(THINNED, account.thinned)


def remark(found: Found) -> str:
    """A remark as a sentence."""
    of_one = found.values.get("n") == 1 and found.remark in REMARKS_OF_ONE
    return (REMARKS_OF_ONE if of_one else REMARKS)[found.remark].format(**found.values)


def not_used(account: Account) -> Iterator[str]:
    """What was left out: a total, then a line a reason; what operating systems leave behind is not told."""
    told = [each for each in account.left_out if each.reason != Reason.SYSTEM]
    one_reason = len(told) == 1
    if account.skipped and not one_reason:
        yield TOTAL.format(n=account.skipped, all=account.found)
    for each in told[:MOST_LINES]:
        yield left_out(each, account.found if one_reason else 0)
    if more := sum(each.count for each in told[MOST_LINES:]):
        yield _numbered(MORE, more)


def left_out(found: LeftOut, of: int = 0) -> str:
    """How many things were left out, why, and the first of them; ``of``: how many files there are in all."""
    templates = LEFT_OUT_OF if of and found.unit == Unit.FILES else LEFT_OUT[found.unit]
    why = reason(found.reason, found.kind, found.count)
    return _numbered(templates, found.count, all=of, why=why, names=_examples(found))


def reason(code: Reason, kind: str = "", count: int = 1) -> str:
    """A reason in a few words."""
    several = REASONS_OF_SEVERAL.get(code) if count != 1 else None
    return (several or REASONS[code]).format(kind=filetype.words(kind, count) if kind else "")


def _numbered(templates: tuple[str, str], n: int, **values: Value) -> str:
    """The sentence about one thing, or about several."""
    return templates[n != 1].format(n=n, **values)


def _examples(found: LeftOut) -> str:
    return ", ".join(found.examples) + (" and more" if found.count > len(found.examples) else "")
