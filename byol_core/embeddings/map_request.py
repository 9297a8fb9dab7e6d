"""What the job process was asked about, read from the run's folder with doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byol_core.embeddings.snapshot import SPACES, Evaluation, Snapshot, read_snapshot
from byol_core.errors import InputError
from byol_core.messages import Listing


def asked(folder: Path, task: dict[str, Any]) -> tuple[Snapshot, Evaluation, str]:
    """Images, evaluation and space of a question in an ``embeddings/maps`` folder; LabError when there is none."""
    snapshot, space = read_snapshot(folder.parent), str(task.get("space"))
    if space not in SPACES:
        raise InputError(
            "There is no space '{space}': {spaces} can be mapped.", space=space[:40], spaces=Listing(SPACES, "comma")
        )
    return snapshot, snapshot.evaluation(int(task["step"])), space
