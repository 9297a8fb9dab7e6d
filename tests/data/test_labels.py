"""Labels in every form people store them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from byol_core.data.labels import flat, number
from byol_core.errors import InputError


def numbered(values: Any, names: Any = None) -> tuple[list[int] | None, tuple[str, ...]]:
    values = np.asarray(values)
    labels, classes = number([values], [len(values)], None if names is None else np.asarray(names))
    return None if labels is None else labels.tolist(), classes


@pytest.mark.parametrize(
    ("values", "names", "labels", "classes"),
    [
        ([0, 1, 0], ["cat", "dog"], [0, 1, 0], ("cat", "dog")),
        ([0, 2, 0], ["cat", "dog", "eel"], [0, 2, 0], ("cat", "dog", "eel")),
        ([1, 10, 1], None, [0, 1, 0], ("1", "10")),
        ([-1, 5, 7], None, [-1, 0, 1], ("5", "7")),
        ([[0], [1]], None, [0, 1], ("0", "1")),
        ([0.0, 1.0], None, [0, 1], ("0", "1")),
        ([True, False], None, [1, 0], ("0", "1")),
        (["dog", "cat", ""], None, [1, 0, -1], ("cat", "dog")),
        ([b"dog", b"cat"], None, [1, 0], ("cat", "dog")),
        (["dog", "cat"], [b"dog", b"cat"], [0, 1], ("dog", "cat")),
    ],
)
def test_labels_become_numbers_from_zero(values: Any, names: Any, labels: list[int], classes: tuple[str, ...]) -> None:
    assert numbered(values, names) == (labels, classes)


def test_a_part_without_labels_is_unlabeled() -> None:
    labels, classes = number([None, np.array([3, 4])], [2, 2], None)
    assert labels is not None
    assert (labels.tolist(), classes) == ([-1, -1, 0, 1], ("3", "4"))


@pytest.mark.parametrize("part", [None, np.array([-1, -1])])
def test_no_label_at_all_is_none(part: Any) -> None:
    assert number([part], [2], None) == (None, ())


@pytest.mark.parametrize(
    ("values", "names", "sentence"),
    [
        ([0, 2], ["cat", "dog"], "largest label is 2, but there are 2 class_names"),
        ([-2, 0], None, "smallest label is -2"),
        ([0.5, 1], None, "whole numbers"),
        ([np.nan, 1], None, "whole numbers"),
        (["cat", "cow"], ["cat", "dog"], "'cow' is not among"),
        ([[0, 1], [1, 0]], None, "one number or name an image"),
        ([b"\xff", b"a"], None, "UTF-8"),
        ([0, 1], [["cat"], ["dog"]], "one name a class"),
    ],
)
def test_labels_that_cannot_be_right_are_refused(values: Any, names: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        numbered(values, names)


def test_another_length_is_refused() -> None:
    with pytest.raises(InputError, match="There are 3 labels for 4 images"):
        number([np.zeros(3)], [4], None)


def test_a_mixture_of_text_and_numbers_is_refused() -> None:
    with pytest.raises(InputError, match="of one kind"):
        number([np.array(["a"]), np.array([1])], [1, 1], None)


ONE_HOT = np.eye(3)[[2, 0, 1, 2]]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([[0, 1, 0, 1]], [0, 1, 0, 1]),
        ([[0], [1], [0], [1]], [0, 1, 0, 1]),
        (ONE_HOT, [2, 0, 1, 2]),
        (ONE_HOT.T, [2, 0, 1, 2]),
        (ONE_HOT.astype(bool), [2, 0, 1, 2]),
        ([[1, 0], [0, 0], [0, 1], [1, 0]], [0, -1, 1, 0]),
        ([[0.2, 0.8]] * 4, None),
        ([[0, 0]] * 4, None),
        ([0.5, 1, 2, 3], None),
        ([1, 2], None),
    ],
)
def test_labels_of_any_shape_are_one_number_an_image(values: Any, labels: list[int] | None) -> None:
    found = flat(np.asarray(values), 4)
    assert (None if found.values is None else found.values.tolist(), found.several) == (labels, 0)


def test_several_labels_an_image_are_counted() -> None:
    assert flat(np.array([[1, 1], [0, 1], [1, 1]]), 3).several == 2
