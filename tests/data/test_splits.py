"""Splits are stratified, the same each time, and as large as promised."""

from __future__ import annotations

import numpy as np
import pytest

from byol_core.data.splits import split


def test_a_fifth_of_each_class_is_held_out() -> None:
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    train, test = split(labels, None, None)
    assert np.bincount(labels[test]).tolist() == [20, 10, 2]
    assert sorted([*train, *test]) == list(range(160))


def test_the_split_is_the_same_each_time_and_mixed() -> None:
    labels = np.zeros(100, np.int64)
    first, second = split(labels, None, None)[1], split(labels, None, None)[1]
    assert first.tolist() == second.tolist() != list(range(20))


@pytest.mark.parametrize(("count", "held"), [(2, 1), (4, 1), (10_000, 2000), (20_000, 2000)])
def test_at_least_one_and_at_most_two_thousand(count: int, held: int) -> None:
    assert len(split(np.zeros(count, np.int64), None, None)[1]) == held


def test_a_class_keeps_an_image_to_train_on() -> None:
    labels = np.array([0, 1, 2, 3] + [4] * 16)
    assert set(labels[split(labels, None, None)[0]]) == {0, 1, 2, 3, 4}


def test_a_class_for_each_image_still_splits() -> None:
    assert [len(side) for side in split(np.arange(10), None, None)] == [8, 2]


def test_a_given_test_split_is_kept() -> None:
    train, test = split(np.zeros(4, np.int64), np.array([False, True, False, True]), None)
    assert (train.tolist(), test.tolist()) == ([0, 2], [1, 3])


def test_the_limit_thins_training_by_class_and_leaves_the_test() -> None:
    labels = np.tile([0, 1], 50)
    train, test = split(labels, np.arange(100) >= 60, 10)
    assert np.bincount(labels[train]).tolist() == [5, 5]
    assert len(test) == 40
    assert train.tolist() == sorted(train)


def test_a_limit_above_the_set_changes_nothing() -> None:
    assert len(split(np.zeros(10, np.int64), None, 50)[0]) == 8
