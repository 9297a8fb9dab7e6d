"""Reads a folder of images."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from byol_core.config import value_range
from byol_core.data.account import Reason, Unit
from byol_core.data.arrays import Progress
from byol_core.data.decode import may_be_picture
from byol_core.data.files import load_tree
from byol_core.data.imageset import ImageSet
from byol_core.data.room import Room, in_memory
from byol_core.data.tree import File, Tree
from byol_core.errors import InputError
from byol_core.system.fingerprint import stamp_of
from byol_core.system.text import storable


def load_folder(
    folder: Path,
    size: int,
    progress: Progress | None,
    limit: int | None,
    room: Room = in_memory,
    values: str = value_range.AUTO,
) -> ImageSet:
    """Load all images in the folder and its subfolders; InputError if it contains no files."""
    tree = walk(folder)
    if not tree.files:
        raise InputError(f"The folder '{folder}' is empty: there are no images in it.")
    return load_tree(tree, size, progress, limit, room, values)


def stamp(folder: Path) -> str:
    """A digest that changes when an image in the folder changes, or a class folder is added or removed."""
    tree = walk(folder)
    pictures = [folder / file.path for file in tree.files if may_be_picture(file.path)]
    return stamp_of(pictures, *tree.empty)


def walk(folder: Path) -> Tree:
    """List the files in a folder.

    Links are followed, but each folder is visited once; sockets and the like are skipped.
    """
    tree = Tree(folder.resolve().name)
    seen: set[str] = set()
    for here, folders, names in os.walk(folder, followlinks=True, onerror=partial(_unreadable, tree, folder)):
        if os.path.realpath(here) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(here))
        folders.sort()
        _collect(tree, folder, Path(here), folders, sorted(names))
    return tree


def _collect(tree: Tree, folder: Path, here: Path, folders: list[str], names: list[str]) -> None:
    inside = here.relative_to(folder)
    if not folders and not names and here != folder:
        tree.empty.append(inside.as_posix())
    for name in names:
        path, shown = here / name, (inside / name).as_posix()
        if path.is_file():
            tree.files.append(File(shown, partial(Path, path)))
        else:
            tree.ledger.leave_out(Reason.NOT_A_FILE, storable(shown))


def _unreadable(tree: Tree, folder: Path, error: OSError) -> None:
    tree.ledger.leave_out(
        Reason.CANNOT_BE_OPENED, storable(os.path.relpath(error.filename or folder, folder)), unit=Unit.FOLDERS
    )
