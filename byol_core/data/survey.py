"""What is at a path before it is loaded: its account, from a listing, and a few images of each class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from byol_core.data import archive, arrays, folder
from byol_core.data.account import Account
from byol_core.data.arrays import Progress
from byol_core.data.files import Arranged, File, arranged, assemble_files
from byol_core.data.imageset import ImageSet

ARRAYS = (".npz", ".npy")
CLASSES_AT_ONCE = 200  # of a set with more classes, a sample holds the first ones


def survey(path: Path, limit: int | None = None) -> Account:
    """The account of a folder, an archive or arrays, as it is known without decoding an image."""
    if is_arrays(path):
        return arrays.survey(path, limit)
    with _arranged(path) as found:
        return found.account(limit)


def is_arrays(path: Path) -> bool:
    """Whether a path holds arrays, and not image files."""
    return path.suffix.lower() in ARRAYS and not path.is_dir()


def sample(path: Path, size: int, each: int, progress: Progress | None = None) -> ImageSet:
    """Up to ``each`` images of every class of a folder or archive, spread over the class; only these are decoded."""
    with _arranged(path) as found:
        found.account()  # which says what is wrong if there are too few
        chosen = [file for one in _by_class(found.files) for file in spread(one, each)]
        return assemble_files(found.name, chosen, found.class_names, size, progress=progress)


def spread(files: Sequence[File], most: int) -> list[File]:
    """At most so many, evenly spaced."""
    places = np.linspace(0, len(files) - 1, min(most, len(files)))
    return [files[round(place)] for place in places]


def _by_class(files: Sequence[File]) -> list[list[File]]:
    """The files of each class; those without a label come last, as a class of their own."""
    classes: dict[int, list[File]] = {}
    for file in files:
        classes.setdefault(file.label, []).append(file)
    labels = sorted(classes, key=lambda label: (label < 0, label))
    return [classes[label] for label in labels[:CLASSES_AT_ONCE]]


@contextmanager
def _arranged(path: Path) -> Iterator[Arranged]:
    """The files of a folder or archive, which can be read while this is open."""
    with (folder.opened if path.is_dir() else archive.opened)(path) as tree:
        yield arranged(tree)
