"""Checkpoints: whole or not there, the newest two kept, and a broken one is passed over for the one before."""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from byol_core.errors import LabError
from byol_core.messages import Message
from byol_core.system.files import is_disk_full, write_atomic
from byol_core.system.out_of_memory import is_out_of_memory

KEPT = 2
_MOST_INDEX = 8 * 2**20  # bytes of what says which number belongs where; that of a large network has a tenth of it


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write ``folder/step-00000123.pt`` and remove all but the newest two; OSError when the disk has no room for it."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    path = folder / f"step-{step:08d}.pt"
    try:
        write_atomic(path, buffer.getbuffer())
    except OSError as error:
        spare = checkpoints(folder)[1:]
        if not (spare and is_disk_full(error)):
            raise
        _remove(spare)  # the newest is enough to go on from, and makes room for this one
        write_atomic(path, buffer.getbuffer())
    _remove(checkpoints(folder)[KEPT:])
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    return sorted(folder.glob("step-*.pt"), reverse=True)


def latest(folder: Path, note: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """The newest checkpoint that can be read, in host memory, tensors and plain values only; LabError if none can.

    Broken ones that are newer get another name, so that they neither count as the last one nor push out a whole one;
    ``note`` is told of each.
    """
    broken: list[Path] = []
    for path in checkpoints(folder):
        state = read(path)
        if state is None:
            broken.append(path)
            continue
        for other in broken:
            other.replace(other.with_name(f"broken-{other.name}"))
            note(
                Message(
                    "The checkpoint '{broken}' is damaged; '{file}' takes its place.", broken=other.name, file=path.name
                )
            )
        return state
    raise LabError("This run has no checkpoint that can be read, so it cannot be resumed; clone it instead.")


def read(path: Path) -> dict[str, Any] | None:
    """A checkpoint, in memory; None when it is damaged, or holds more than tensors and plain values."""
    return copy.deepcopy(_mapped(path))


def is_sound(path: Path) -> bool:
    """Whether :func:`read` would read it, also where it comes from elsewhere."""
    return _mapped(path) is not None


def _mapped(path: Path) -> dict[str, Any] | None:
    """A checkpoint whose numbers stay in its file. Only where it is mapped does torch not read beyond its end."""
    try:
        if not _is_whole(path):
            return None
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # whatever a zip file, pickle or torch make of foreign bytes
        if is_out_of_memory(error):
            raise
        return None
    return state if isinstance(state, dict) else None


def _is_whole(path: Path) -> bool:
    """Whether the checksums are right, which torch writes and does not look at, and nothing swells when unpacked."""
    with zipfile.ZipFile(path) as parts:
        for part in parts.infolist():
            small = part.file_size <= _MOST_INDEX or "/data/" in part.filename
            if part.compress_type != zipfile.ZIP_STORED or not small:
                return False
        return parts.testzip() is None


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
