"""Checkpoints: whole or not there, the newest two kept, and a broken one is passed over for the one before."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from byol_core.errors import LabError
from byol_core.files import write_atomic

KEPT = 2


def save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write ``folder/step-00000123.pt`` and remove all but the newest two."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    path = folder / f"step-{step:08d}.pt"
    write_atomic(path, buffer.getvalue())
    for old in checkpoints(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    return sorted(folder.glob("step-*.pt"), reverse=True)


def latest(folder: Path) -> dict[str, Any]:
    """The newest checkpoint that can be read, in host memory, tensors and plain values only; LabError if none can."""
    for path in checkpoints(folder):
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError):
            continue
        return state
    raise LabError("This run has no checkpoint that can be read, so it cannot be resumed; clone it instead.")
