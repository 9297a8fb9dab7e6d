"""An account in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from byol_core.data import filetype
from byol_core.data.account import Account, Found, LeftOut, Reason, Remark, Unit, Value
from byol_core.data.given_names import listed
from byol_core.messages import Message


@dataclass(frozen=True)
class Counted:
    """A sentence about one thing, and about several; ``n`` is how many."""

    one: str
    many: str

    def of(self, n: int, **values: Value) -> Message:
        """The sentence about so many."""
        return Message.plural(self.one, self.many, n, **values)


# What was wrong with something that was left out, and what to do about it where that helps.
REASONS: dict[Reason, Message] = {
    Reason.NOT_AN_IMAGE: Message("not an image"),
    Reason.BROKEN: Message("broken"),
    Reason.CUT_SHORT: Message("cut short"),
    Reason.TOO_LARGE: Message("too large for the memory that is free"),
    Reason.TOO_MANY_PIXELS: Message("of more than 100 megapixels"),
    Reason.CANNOT_BE_OPENED: Message("cannot be opened"),
    Reason.NOT_A_FILE: Message("not a file"),
    Reason.NOT_NUMBERS: Message("with values that are not numbers"),
    Reason.BROKEN_IN_ARCHIVE: Message("broken in the archive"),
    Reason.OUTSIDE_OF_SPLITS: Message("beside the folders of the images"),
    Reason.LINK: Message("a link"),
    Reason.SYSTEM: Message("left by an operating system"),
    Reason.ANNOTATION: Message("a mask or annotation of images"),
    Reason.UNUSED_ARRAY: Message("not needed"),
    Reason.UNUSABLE_LABELS: Message("labels that cannot be used"),
    Reason.COPY: Message("a copy in the same set"),
    Reason.WITHOUT_LABELS_ONLY: Message("in a folder without labels, for predictions"),
}
# The same of several things, where it reads otherwise.
REASONS_OF_SEVERAL: dict[Reason, Message] = {
    Reason.NOT_AN_IMAGE: Message("not images"),
    Reason.NOT_A_FILE: Message("not files"),
    Reason.LINK: Message("links"),
    Reason.ANNOTATION: Message("masks or annotations of images"),
}
LEFT_OUT: dict[Unit, Counted] = {
    Unit.FILES: Counted(
        "{n:,} file was not used ({why}): {names}.",
        "{n:,} files were not used ({why}): {names}.",
    ),
    Unit.FOLDERS: Counted(
        "{n:,} folder was not used ({why}): {names}.",
        "{n:,} folders were not used ({why}): {names}.",
    ),
    Unit.ARRAYS: Counted(
        "{n:,} array was not used ({why}): {names}.",
        "{n:,} arrays were not used ({why}): {names}.",
    ),
}
LEFT_OUT_OF = Counted(
    "{n:,} of {all:,} files was not used ({why}): {names}.",
    "{n:,} of {all:,} files were not used ({why}): {names}.",
)
TOTAL = Message("{n:,} of {all:,} files were not used.")
MORE = Counted("{n:,} more thing was not used.", "{n:,} more things were not used, for other reasons.")
USED = Counted(
    "{images:,} images in {n:,} class: {train:,} for training, {test:,} for testing.",
    "{images:,} images in {n:,} classes: {train:,} for training, {test:,} for testing.",
)
USED_UNLABELED = Message("{images:,} images without labels: {train:,} for training, {test:,} for testing.")
UNLABELED = Counted("{n:,} image has no label.", "{n:,} images have no label.")
THINNED = Counted(
    "{n:,} more training image is left out, because of the limit.",
    "{n:,} more training images are left out, because of the limit.",
)
# Remarks without a number.
REMARKS: dict[Remark, Message] = {
    Remark.RANGE: Message("The images were read as {range}."),
    Remark.LABELS_FROM: Message("The labels are those of {name}."),
    Remark.SPLITS_FROM: Message("The folders {train} are the training images, {test} the test images."),
    Remark.FOLDERS_ARE_CLASSES: Message("The folders {names} were read as classes: rename them if they are not."),
    Remark.SPELLINGS_JOINED: Message("Spellings of one class were joined: {names}."),
    Remark.CLASSES_FROM_NAMES: Message("The classes are the first words of the file names: {names}."),
    Remark.CATALOG_NAME: Message("The named set '{name}' is used. For what is here under that name, give '{path}'."),
}
COUNTED: dict[Remark, Counted] = {
    Remark.HELD_OUT: Counted(
        "The set has no test images of its own: {n:,} image is held out, the same one each time.",
        "The set has no test images of its own: {n:,} images are held out, the same ones each time.",
    ),
    Remark.VALIDATION_JOINS_TRAINING: Counted(
        "The {n:,} validation image joins the training images.",
        "The {n:,} validation images join the training images.",
    ),
    Remark.CLASSES_ONLY_IN_TRAINING: Counted(
        "{n:,} class has no test image: {names}.",
        "{n:,} classes have no test image: {names}.",
    ),
    Remark.CLASSES_ONLY_IN_TEST: Counted(
        "{n:,} class has no training image: {names}.",
        "{n:,} classes have no training image: {names}.",
    ),
    Remark.EMPTY_CLASSES: Counted(
        "{n:,} class has no image at all: {names}.",
        "{n:,} classes have no image at all: {names}.",
    ),
    Remark.SEVERAL_LABELS: Counted(
        "{n:,} image has several labels and counts as unlabeled.",
        "{n:,} images have several labels and count as unlabeled.",
    ),
    Remark.NEAR_CONSTANT: Counted(
        "{n:,} image hardly varies: it may be empty, or read in the wrong range.",
        "{n:,} images hardly vary: they may be empty, or read in the wrong range.",
    ),
    Remark.DUPLICATES: Counted("{n:,} image equals another one.", "{n:,} images are copies of another one."),
    Remark.FOURTH_BAND: Counted(
        "The fourth band of {n:,} image was left out: it is no transparency.",
        "The fourth band of {n:,} images was left out: it is no transparency.",
    ),
}
# Remarks of one file or class, where the number is left out.
OF_ONE: dict[Remark, Message] = {
    Remark.VALIDATION_JOINS_TRAINING: Message("The validation image joins the training images."),
    Remark.CLASSES_ONLY_IN_TRAINING: Message("The class {names} has no test image."),
    Remark.CLASSES_ONLY_IN_TEST: Message("The class {names} has no training image."),
    Remark.EMPTY_CLASSES: Message("The class {names} has no image at all."),
}
MOST_LINES = 6  # about what was left out


def sentences(account: Account) -> Iterator[str]:
    """What a person should know of a load: what is used, the remarks, then what was left out."""
    yield from used(account)
    yield from map(remark, account.remarks)
    yield from not_used(account)


def used(account: Account) -> Iterator[str]:
    """How many images there are, and in how many classes."""
    values = {"images": account.images, "train": account.train, "test": account.test}
    yield USED.of(len(account.classes), **values) if account.classes else Message(USED_UNLABELED, **values)
    if account.classes and account.unlabeled:
        yield UNLABELED.of(account.unlabeled)
    if account.thinned:
        yield THINNED.of(account.thinned)


def remark(found: Found) -> str:
    """A remark as a sentence."""
    values = found.told
    if found.remark in REMARKS:
        return Message(REMARKS[found.remark], **values)
    n = values.pop("n")
    if n == 1 and found.remark in OF_ONE:
        return Message(OF_ONE[found.remark], **values)
    return COUNTED[found.remark].of(int(n), **values)


def not_used(account: Account) -> Iterator[str]:
    """What was left out: a total, then a line a reason; what operating systems leave behind is not told."""
    told = [each for each in account.left_out if each.reason != Reason.SYSTEM]
    one_reason = len(told) == 1
    if account.skipped and not one_reason:
        yield Message(TOTAL, n=account.skipped, all=account.found)
    for each in told[:MOST_LINES]:
        yield left_out(each, account.found if one_reason else 0)
    if more := sum(each.count for each in told[MOST_LINES:]):
        yield MORE.of(more)


def left_out(found: LeftOut, of: int = 0) -> str:
    """How many things were left out, why, and the first of them; ``of``: how many files there are in all."""
    why = reason(found.reason, found.kind, found.count)
    values: dict[str, str] = {"why": why, "names": _examples(found)}
    if of and found.unit == Unit.FILES:
        return LEFT_OUT_OF.of(found.count, all=of, **values)
    return LEFT_OUT[found.unit].of(found.count, **values)


def reason(code: Reason, kind: str = "", count: int = 1) -> str:
    """A reason in a few words."""
    if code == Reason.OTHER_KIND:
        return filetype.words(kind, count) if kind else ""
    several = REASONS_OF_SEVERAL.get(code) if count != 1 else None
    return several or REASONS[code]


def _examples(found: LeftOut) -> str:
    names = listed(found.examples)
    return Message("{names} and more", names=names) if found.count > len(found.examples) else names
