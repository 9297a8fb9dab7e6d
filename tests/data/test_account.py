"""The account of a load: its totals, the classes that stand on one side alone, its sentences, and its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from byol_core.data import account, account_words
from byol_core.data.account import Account, ClassCount, Found, Ledger, LeftOut, Reason, Remark, Unit, settled
from byol_core.data.filetype import KINDS
from byol_core.messages import Message, encode

NAMES = ("cat", "dog", "bird")


def remarks(found: Account) -> dict[Remark, object]:
    return {each.remark: each.values.get("names") for each in found.remarks}


def test_images_are_counted_by_class_and_side() -> None:
    found = settled(Ledger(), [0, 0, 1, -1], [0, 1, -1], NAMES[:2], [1])
    assert found.classes == (ClassCount("cat", 2, 1), ClassCount("dog", 1, 1))
    assert (found.images, found.train, found.test, found.unlabeled, found.thinned) == (7, 4, 3, 2, 1)
    assert found.remarks == ()


def test_classes_on_one_side_alone_are_named() -> None:
    found = settled(Ledger(), [0, 1], [0], ("cat", "dog", "no image"))
    assert remarks(found) == {Remark.CLASSES_ONLY_IN_TRAINING: "dog", Remark.EMPTY_CLASSES: "no image"}
    assert found.warnings == found.remarks
    assert remarks(settled(Ledger(), [0], [0, 1, 2], NAMES)) == {Remark.CLASSES_ONLY_IN_TEST: "dog, bird"}


def test_a_class_that_the_limit_thins_out_has_training_images() -> None:
    assert remarks(settled(Ledger(), [0], [0, 1, 2], NAMES, thinned=[1, 1])) == {Remark.CLASSES_ONLY_IN_TEST: "bird"}


def test_test_images_without_labels_lack_no_class() -> None:
    assert remarks(settled(Ledger(), [0, 1], [-1, -1], NAMES[:2])) == {}


def test_of_many_classes_the_first_are_named() -> None:
    names = [f"c{number}" for number in range(30)]
    (found,) = settled(Ledger(), range(30), [0], names).remarks
    assert found.values["n"] == 29
    assert account_words.remark(found) == "29 classes have no test image: c1, c2, c3, c4, c5, c6, c7, c8 and more."


FULL = Account(
    train=24,
    test=6,
    unlabeled=1,
    classes=(ClassCount("cat", 23, 6),),
    left_out=(
        LeftOut(Reason.BROKEN, 199, ("a.png", "b.png", "c.png")),
        LeftOut(Reason.CUT_SHORT, 1, ("d.png",)),
        LeftOut(Reason.SYSTEM, 9, ("Thumbs.db",)),
        LeftOut(Reason.CANNOT_BE_OPENED, 2, ("x", "y"), unit=Unit.FOLDERS),
        LeftOut(Reason.UNUSED_ARRAY, 1, ("z",), unit=Unit.ARRAYS),
    ),
    remarks=(Found(Remark.HELD_OUT, {"n": 6}), Found(Remark.DUPLICATES, {"n": 1})),
    thinned=20,
)


def test_an_account_is_told_in_whole_sentences() -> None:
    assert list(account_words.sentences(FULL)) == [
        "30 images in 1 class: 24 for training, 6 for testing.",
        "1 image has no label.",
        "20 more training images are left out, because of the limit.",
        "The set has no test images of its own: 6 images are held out, the same ones each time.",
        "1 image equals another one.",
        "200 of 250 files were not used.",
        "199 files were not used (broken): a.png, b.png, c.png and more.",
        "1 file was not used (cut short): d.png.",
        "2 folders were not used (cannot be opened): x, y.",
        "1 array was not used (not needed): z.",
    ]


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (200, "200 of 230 files were not used (not images): a and more."),
        (1, "1 of 31 files was not used (not an image): a."),
    ],
)
def test_one_reason_is_one_sentence_with_the_total(count: int, sentence: str) -> None:
    found = Account(train=24, test=6, left_out=(LeftOut(Reason.NOT_AN_IMAGE, count, ("a",)),))
    assert list(account_words.not_used(found)) == [sentence]
    assert next(account_words.sentences(found)) == "30 images without labels: 24 for training, 6 for testing."


def test_many_reasons_end_in_a_number() -> None:
    reasons = [LeftOut(Reason.OTHER_KIND, 2, ("a", "b"), kind) for kind in list(KINDS)[:20]]
    told = list(account_words.not_used(Account(train=2, left_out=tuple(reasons))))
    assert len(told) == 1 + account_words.MOST_LINES + 1
    assert told[0] == "40 of 42 files were not used." and told[-1].startswith("28 more")


@pytest.mark.parametrize("code", Remark)
def test_every_remark_has_a_sentence(code: Remark) -> None:
    values = {"names": "a", "name": "a", "path": "b", "range": "0 to 255", "train": "a", "test": "b"}
    one, two = (account_words.remark(Found(code, {**values, "n": n})) for n in (1, 2))
    assert one.endswith(".") and "2" not in one.replace("255", "") and "1 images" not in one + two


def test_an_account_in_a_folder_is_read_as_it_was(tmp_path: Path) -> None:
    account.save(tmp_path, FULL)
    assert account.read(tmp_path) == FULL
    account.save(tmp_path, Account(train=2))
    assert account.read(tmp_path) == Account(train=2)


def test_a_kept_account_can_be_told_in_another_language(tmp_path: Path) -> None:
    found = settled(Ledger(), range(30), [0], [f"c{number}" for number in range(30)])
    account.save(tmp_path, found)
    read = account.read(tmp_path)
    assert read is not None and read.remarks == found.remarks
    (names,) = (each.told["names"] for each in read.remarks)
    assert isinstance(names, Message) and names.template == "{names} and more"
    assert encode(account_words.remark(read.remarks[0])) == encode(account_words.remark(found.remarks[0]))
    assert "kept" not in account.as_object(read)["remarks"][0]


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"left_out": [{"reason": "of a later release"}]}'])
def test_what_is_no_account_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / account.FILE).write_bytes(content)
    assert account.read(tmp_path) is None
