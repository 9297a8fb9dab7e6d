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
from byol_core.data.label_tables import is_table
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
        raise InputError("The folder '{name}' is empty: there are no images in it.", name=folder)
    return load_tree(tree, size, progress, limit, room, values)


def stamp(folder: Path) -> str:
    """A digest that changes when an image or a table in the folder changes, or a class folder is added or removed."""
    tree = walk(folder)
    read = [folder / file.path for file in tree.files if may_be_picture(file.path) or is_table(file.path)]
    return stamp_of(read, *tree.empty)


def walk(folder: Path) -> Tree:
    """List the files in a folder. Sockets and the like are left out.

    Links to files are followed. Of linked folders those are followed that lie elsewhere, as a folder of images on
    another disk does; one that leads back into the set would be read twice, and one to a folder above never ends.
    """
    tree = Tree(folder.resolve().name)
    links = _Links(folder)
    for here, folders, names in os.walk(folder, followlinks=True, onerror=partial(_unreadable, tree, folder)):
        followed = [name for name in sorted(folders) if links.is_followed(Path(here, name))]
        for name in sorted({*folders} - {*followed}):
            tree.ledger.leave_out(Reason.LINK, storable(_shown(folder, Path(here, name))), unit=Unit.FOLDERS)
        folders[:] = followed
        _collect(tree, folder, Path(here), folders, sorted(names))
    return tree


class _Links:
    """Tells which folders are visited: all real ones, and those behind a link that are not read anyway."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self.seen: set[str] = set()  # what was reached through links, by its real path

    def is_followed(self, path: Path) -> bool:
        """Whether this folder is read, at this place."""
        linked, real = path.is_symlink(), os.path.realpath(path)
        if not linked and _is_inside(real, self.root):
            return True
        if _is_inside(real, self.root) or _is_inside(self.root, real) or real in self.seen:
            return False
        self.seen.add(real)
        return True


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _shown(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


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
