"""The account of a path before its images are decoded."""

from __future__ import annotations

from pathlib import Path

from byol_core.data import archive, arrays, folder
from byol_core.data.account import Account
from byol_core.data.arrange import arranged
from byol_core.data.source_kind import SourceKind, source_kind


def listed(path: Path, limit: int | None = None) -> Account:
    """What would be used of a folder, an archive or a file of arrays if every image can be decoded."""
    kind = source_kind(path)
    if kind == SourceKind.FOLDER:
        return arranged(folder.walk(path)).account(limit)
    if kind != SourceKind.ARCHIVE:
        return arrays.listed(path, limit)
    with archive.opened(path) as tree:
        return arranged(tree).account(limit)
