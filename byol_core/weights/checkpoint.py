"""Checkpoints: whole or not there, the newest two kept, and a broken one is passed over for the one before."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from byol_core.errors import LabError
from byol_core.system.files import is_disk_full, write_atomic
from byol_core.system.out_of_memory import is_out_of_memory

KEPT = 2


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
            note(f"The checkpoint '{other.name}' is damaged; '{path.name}' takes its place.")
        return state
    raise LabError("This run has no checkpoint that can be read, so it cannot be resumed; clone it instead.")


def read(path: Path) -> dict[str, Any] | None:
    """A checkpoint; None when it is damaged. torch does not look at the checksums that it writes."""
    try:
        with zipfile.ZipFile(path) as parts:
            if parts.testzip() is not None:
                return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a zip file, pickle or torch make of foreign bytes
        if is_out_of_memory(error):
            raise
        return None
    return state


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
