"""A few images of every class of a folder or archive, to look at before it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from byol_core.data.arrays import Progress
from byol_core.data.files import assemble_files
from byol_core.data.imageset import ImageSet
from byol_core.data.listing import opened
from byol_core.data.tree import File

MOST_CLASSES = 60  # of a set with more, the first ones
WITHOUT_LABELS = 5  # times as many images


def sample(path: Path, size: int, each: int, progress: Progress | None = None) -> ImageSet:
    """Up to ``each`` images of every class, spread over the class, and more of a set without labels.

    Only these are decoded.
    """
    with opened(path) as found:
        most = each if found.class_names else WITHOUT_LABELS * each
        chosen = [file for files in _by_class(found.files) for file in spread(files, most)]
        return assemble_files(
            found.name, chosen, found.class_names, size, ledger=found.ledger, progress=progress
        )  # fmt: skip


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
    return [classes[label] for label in labels[:MOST_CLASSES]]
