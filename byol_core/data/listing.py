"""The account of a path before its images are decoded."""

from __future__ import annotations

from pathlib import Path

from byol_core.data import archive, arrays, folder
from byol_core.data.account import Account
from byol_core.data.arrange import arranged


def listed(path: Path, limit: int | None = None) -> Account:
    """What would be used of a folder, an archive or a file of arrays if every image can be decoded."""
    if path.is_dir():
        return arranged(folder.walk(path)).account(limit)
    if path.suffix.lower() in (".npz", ".npy"):
        return arrays.listed(path, limit)
    with archive.opened(path) as tree:
        return arranged(tree).account(limit)
