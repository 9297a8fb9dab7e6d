"""Names for what is kept: by the content of the file that the vectors come from."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from byol_core.embeddings.snapshot import PIXELS, Evaluation, Snapshot
from byol_core.errors import LabError

# Part of every name: raised when the same question would get another answer.
VERSION = "maps-2"


def digest(snapshot: Snapshot, evaluation: Evaluation, space: str) -> str:
    """A name for the vectors of one evaluation in one space; LabError when their file is lost.

    The file is read once, and again when it has changed, so that asking often costs nothing. The raw pixels are the
    same at every evaluation.
    """
    path = snapshot.folder / (PIXELS if space == "pixels" else evaluation.file)
    try:
        found = path.stat()
        return _digest(path, found.st_size, found.st_mtime_ns, found.st_ino)
    except OSError:
        raise LabError(
            "The file '{file}' of this run is missing or damaged; try another evaluation.", file=path.name
        ) from None


@lru_cache(maxsize=4096)
def _digest(path: Path, *stamp: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]


def name_of(kind: str, *parts: object) -> str:
    """A name for the answer to a question that depends on these parts alone."""
    text = json.dumps([VERSION, kind, *parts])
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"
