"""The account of a path before its images are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from byol_core.data import archive, arrays, folder
from byol_core.data.account import Account
from byol_core.data.arrange import Arranged, arranged
from byol_core.data.source_kind import SourceKind, source_kind


def listed(path: Path, limit: int | None = None) -> Account:
    """What would be used of a folder, an archive or a file of arrays if every image can be decoded."""
    if source_kind(path) in (SourceKind.ARRAY, SourceKind.ARRAYS):
        return arrays.listed(path, limit)
    with opened(path) as found:
        return found.account(limit)


@contextmanager
def opened(path: Path) -> Iterator[Arranged]:
    """The files of a folder or archive, which can be read while this is open."""
    if path.is_dir():
        yield arranged(folder.walk(path))
        return
    with archive.opened(path) as tree:
        yield arranged(tree)
