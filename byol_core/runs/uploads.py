"""The uploads of a home: which runs name each, how large it is, and the removal of those that no run names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import Connection, select

from byol_core.errors import LabError
from byol_core.runs.schema import runs
from byol_core.runs.store import RunStore

FOLDER = "uploads"


@dataclass(frozen=True)
class Upload:
    """A file that somebody sent: its size in bytes, and the names of the runs that learned from it, or will."""

    path: Path
    size: int
    runs: tuple[str, ...]


def uploads(store: RunStore) -> list[Upload]:
    """Every upload of this home, by name; a run in the trash may come back, and counts."""
    with store.reading() as connection:
        return _uploads(store, connection)


def remove_unused(store: RunStore, keep: Sequence[str] = ()) -> int:
    """Remove the uploads that no run names, but for those in ``keep``; how many. LabError when one stays."""
    removed = 0
    with store.writing() as connection:  # no run is made meanwhile
        for upload in unused(_uploads(store, connection), keep):
            try:
                upload.path.unlink(missing_ok=True)
            except OSError as error:
                raise LabError(
                    "The upload '{file}' cannot be removed ({reason}).", file=upload.path.name, reason=error.strerror
                ) from None
            removed += 1
    return removed


def unused(found: Iterable[Upload], keep: Sequence[str] = ()) -> list[Upload]:
    """Those that no run names."""
    return [upload for upload in found if not upload.runs and str(upload.path) not in keep]


def _uploads(store: RunStore, connection: Connection) -> list[Upload]:
    owners: dict[str, list[str]] = {}
    for name, text in connection.execute(select(runs.c.name, runs.c.config)):
        if upload := _named(json.loads(text)):
            owners.setdefault(upload, []).append(name)
    try:
        files = [path for path in sorted((store.home / FOLDER).iterdir()) if path.is_file()]
    except OSError:  # there was none yet
        return []
    whole = [path for path in files if not path.name.startswith(".")]
    return [Upload(path, path.stat().st_size, tuple(sorted(owners.get(path.name, ())))) for path in whole]


def _named(config: dict[str, Any]) -> str:
    """The file's name when a run's images are an upload, also of a home that has moved since."""
    path = PurePath(str(config.get("data", {}).get("source", "")))
    return path.name if path.parent.name == FOLDER else ""
