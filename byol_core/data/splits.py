"""Splits images into training and test: stratified by label, and always the same for the same labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

HELD_OUT = 0.2
MOST_HELD_OUT = 2000
SEED = 0


def split(labels: Indices, given_test: NDArray[np.bool_] | None, limit: int | None) -> tuple[Indices, Indices]:
    """Sorted indices of the training and the test images.

    Without a test split of its own, a fifth of the set is held out (at least 1 image, at most 2,000). ``limit`` only
    reduces the training images. Unlabeled images (-1) count as a class of their own.
    """
    random = np.random.default_rng(SEED)
    everything = np.arange(len(labels))
    if given_test is None or given_test.all() or not given_test.any():
        test = _hold_out(labels, random)
    else:
        test = everything[given_test]
    train = np.setdiff1d(everything, test)
    if limit is not None and limit < len(train):
        train = train[stratified(labels[train], limit, random)]
    return train, test


def _hold_out(labels: Indices, random: np.random.Generator) -> Indices:
    wanted = min(max(round(HELD_OUT * len(labels)), 1), MOST_HELD_OUT)
    order = random.permutation(len(labels))
    first_of_each = order[np.unique(labels[order], return_index=True)[1]]
    rest = np.setdiff1d(np.arange(len(labels)), first_of_each)
    # Every class keeps an image to train on, unless nearly every image is a class of its own.
    pool = rest if len(rest) >= wanted else np.arange(len(labels))
    return pool[stratified(labels[pool], wanted, random)]


def stratified(labels: Indices, wanted: int, random: np.random.Generator) -> Indices:
    """``wanted`` sorted positions in ``labels``, each class by its share (largest remainders, ties broken randomly)."""
    _, group, counts = np.unique(labels, return_inverse=True, return_counts=True)
    quota = counts * (wanted / max(len(labels), 1))
    take = np.floor(quota).astype(np.int64)
    by_remainder = np.lexsort((random.random(len(take)), take - quota))
    take[by_remainder[: wanted - int(take.sum())]] += 1
    order = random.permutation(len(labels))
    # A stable sort by class after a shuffle gives a random order inside each class.
    order = order[np.argsort(group[order], kind="stable")]
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[rank < np.repeat(take, counts)])
