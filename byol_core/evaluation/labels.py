"""Whether a set's labels are good for an evaluation, and balanced draws of some of them."""

from __future__ import annotations

import torch
from torch import Tensor

from byol_core.data.imageset import ImageSet
from byol_core.errors import InputError
from byol_core.messages import Listing, Message

_NAMED = 3  # classes that a complaint names
FOLDS = 5
_WITHOUT_IT = Message(
    "'{name}' has test images of {classes}, and no training image of it: add some, or leave the class out."
)
_WITHOUT_THEM = Message(
    "'{name}' has test images of {classes}, and no training image of them: add some, or leave the class out."
)
_FEW = 1000  # up to so many labels each fold is left out in turn; of more, one fold is enough to choose by


def check(images: ImageSet) -> None:
    """InputError, in one sentence, when the labels of a set cannot evaluate an encoder."""
    name, labels = images.name, images.labels
    if labels is None or not bool((labels >= 0).any()):
        raise InputError(
            "'{name}' has no labels, and evaluation needs them: put each class into a folder of its own, or give an "
            ".npz with labels.",
            name=name,
        )
    train, test = known(images, images.train), known(images, images.test)
    _check_both_parts(name, len(train), len(test))
    classes, tested = occurring(labels[train]), occurring(labels[test])
    everything = occurring(torch.cat([classes, tested]))
    if len(everything) == 1:
        raise InputError(
            "All labeled images of '{name}' are of one class, {classes}: there is nothing to tell apart; add images of "
            "another class.",
            name=name,
            classes=_names(images, everything),
        )
    if len(everything) > len(train):
        raise InputError(
            "'{name}' has {classes:,} classes and only {images:,} labeled training images: no classifier can learn "
            "them; are the labels the names of the images?",
            name=name,
            classes=len(everything),
            images=len(train),
        )
    missing = everything[~torch.isin(everything, classes)]
    if len(missing):
        raise InputError(
            _WITHOUT_IT if len(missing) == 1 else _WITHOUT_THEM, name=name, classes=_names(images, missing)
        )
    if len(classes) == 1:
        raise InputError(
            "All labeled training images of '{name}' are of one class, {classes}.",
            name=name,
            classes=_names(images, classes),
        )


def _check_both_parts(name: str, train: int, test: int) -> None:
    if not train:
        raise InputError(
            "'{name}' has no training image with a label, so there is nothing to learn its classes from.", name=name
        )
    if not test:
        raise InputError("'{name}' has no test image with a label, so there is nothing to evaluate on.", name=name)


def _names(images: ImageSet, classes: Tensor) -> str:
    """``'river'`` or ``'river', 'road', 'sea' and 4 more``."""
    names = [f"'{images.class_names[index]}'" for index in classes.tolist()]
    first, rest = Listing(names[:_NAMED], "comma"), len(names) - _NAMED
    return Message("{names} and {rest} more", names=first, rest=rest) if rest > 0 else first


def known(images: ImageSet, rows: Tensor) -> Tensor:
    """Those of the rows (n,) whose image has a label."""
    return rows[:0] if images.labels is None else rows[images.labels[rows] >= 0]


def occurring(labels: Tensor) -> Tensor:
    """The classes, ascending, that occur among labels (n,) int64 from 0 on."""
    return labels.bincount().nonzero()[:, 0]


def draw(images: ImageSet, amount: str, seed: int) -> Tensor:
    """Training images whose labels may be used, int64 rows of the set, ascending.

    ``amount`` is that of a :class:`~byol_core.evaluation.protocol.Protocol`: "all", so many of each class, or a share
    of each class, of which at least one image. A class is drawn in one order a seed, so that more labels hold the
    fewer.
    InputError when a class has fewer than are asked for.
    """
    rows = known(images, images.train)
    if amount == "all" or images.labels is None:
        return rows.sort().values
    generator = torch.Generator().manual_seed(seed)
    labels = images.labels[rows]
    drawn = []
    for index in occurring(labels).tolist():
        mine = rows[labels == index]
        count = _wanted(amount, len(mine), images.class_names[index])
        drawn.append(mine[torch.randperm(len(mine), generator=generator)[:count]])
    return torch.cat(drawn).sort().values


def _wanted(amount: str, there: int, name: str) -> int:
    if amount.endswith("%"):
        return min(there, max(1, round(there * float(amount[:-1]) / 100)))
    if int(amount) > there:
        complaint = Message.plural(
            "The class '{name}' has {n:,} training image with a label, and {amount} were asked for: ask for {n:,} at "
            "most, or for a share such as 10%.",
            "The class '{name}' has {n:,} training images with a label, and {amount} were asked for: ask for {n:,} at "
            "most, or for a share such as 10%.",
            there,
            name=name,
            amount=amount,
        )
        raise InputError(complaint, setting="labels")
    return int(amount)


def folds(labels: Tensor, seed: int) -> Tensor:
    """Which of the labels (N,) in use choose a setting: (F, N) bool, a row a fit, true for what that fit leaves out.

    A fifth of each class, drawn; each fifth in turn where there are few labels. No row where no class has two labels.
    A class of one label is never left out, so that every fit knows every class.
    """
    generator = torch.Generator().manual_seed(seed)
    fold = torch.full((len(labels),), -1)
    for index in occurring(labels).tolist():
        mine = (labels == index).nonzero()[:, 0]
        if len(mine) > 1:
            fold[mine[torch.randperm(len(mine), generator=generator)]] = torch.arange(len(mine)) % FOLDS
    there = int(fold.max()) + 1
    numbers = torch.arange(there if len(labels) <= _FEW else min(there, 1))
    return fold == numbers[:, None]
