"""Files that may hold images: what a folder or an archive lists before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from byol_core.data.account import Ledger


@dataclass(frozen=True)
class File:
    """A file: its path inside the set, and a function that returns its path on disk or its bytes.

    ``size``: its bytes, where that is known without looking at the disk.
    """

    path: str
    source: Callable[[], bytes | Path]
    label: int = -1
    test: bool = False
    size: int | None = None


@dataclass(frozen=True)
class Tree:
    """The files in a folder or archive, the folders that contain nothing, and what has been left out so far."""

    name: str
    files: list[File] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
