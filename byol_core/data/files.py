"""Builds an ImageSet from image files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from byol_core.config import value_range
from byol_core.data.account import Ledger, Remark, settled
from byol_core.data.arrange import arranged
from byol_core.data.arrays import Progress
from byol_core.data.imageset import ImageSet, check_enough
from byol_core.data.reading import Reading
from byol_core.data.room import Room, in_memory
from byol_core.data.splits import split
from byol_core.data.tree import File, Tree


def load_tree(
    tree: Tree,
    size: int,
    progress: Progress | None,
    limit: int | None,
    room: Room = in_memory,
    values: str = value_range.AUTO,
) -> ImageSet:
    """Load images with or without class folders, and with or without train/ and test/ (or val/) above them."""
    found = arranged(tree)
    options: dict[str, Any] = {"ledger": found.ledger, "progress": progress, "limit": limit, "room": room}
    return assemble_files(found.name, found.files, found.class_names, size, **options, values=values)


def assemble_files(
    name: str,
    files: Sequence[File],
    class_names: tuple[str, ...],
    size: int,
    *,
    ledger: Ledger | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    room: Room = in_memory,
    values: str = value_range.AUTO,
) -> ImageSet:
    """Build an ImageSet from image files; those that cannot be read are in its account.

    values: how images of more than 8 bits are scaled, as ``data.range``.
    """
    ledger = ledger or Ledger()
    check_enough(name, len(files), ledger.left_out)
    labels = np.array([file.label for file in files], np.int64)
    given = np.array([file.test for file in files])
    own_split = bool(given.any() and not given.all())
    train, test = split(labels, given, limit)
    chosen = np.sort(np.concatenate([train, test]))  # in the order of the archive, which can only be read forward
    sources = [(files[place].path, files[place].source) for place in chosen]
    images, usable = Reading(sources, size, progress, ledger).read(room, values, name)
    kept = chosen[usable]
    check_enough(name, len(kept), ledger.left_out)
    is_test = np.isin(kept, test)
    if is_test.all() or not is_test.any() or not (own_split or limit):
        # Broken files must not reduce the share of test images, nor remove a whole side of the split.
        is_test = np.isin(np.arange(len(kept)), split(labels[kept], None, None)[1])
        own_split = False
    if not own_split:
        ledger.remark(Remark.HELD_OUT, n=int(is_test.sum()))
    names = class_names if (labels[kept] >= 0).any() else ()
    return ImageSet(
        name=name,
        images=images,
        labels=torch.from_numpy(labels[kept]) if (labels[kept] >= 0).any() else None,
        class_names=names,
        train=torch.from_numpy(np.flatnonzero(~is_test)),
        test=torch.from_numpy(np.flatnonzero(is_test)),
        account=settled(
            ledger,
            labels[kept][~is_test].tolist(),
            labels[kept][is_test].tolist(),
            names,
            np.delete(labels, chosen).tolist(),
        ),
    )
