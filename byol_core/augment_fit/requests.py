"""What suits a set, asked by a page without waiting: look again until the answer is there. Knows no torch.

Answers are kept under ``HOME/fit-views/``, named by the images and how they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from byol_core.augment_fit.choices import Choice, from_dicts
from byol_core.config import RunConfig
from byol_core.data.catalog import find
from byol_core.errors import LabError
from byol_core.jobs import Answer, Job, JobKind, queue
from byol_core.system import paths
from byol_core.system.fingerprint import stamp_of

FOLDER = "fit-views"
FIT = JobKind("fit-views", "byol_core.augment_fit.handler:answer")
VERSION = "fit-1"  # raised when the same images would get another answer


@dataclass(frozen=True)
class Asked:
    """Where the question stands, and the choices once they are there."""

    job: Job
    choices: tuple[Choice, ...] | None = None


def ask(home: Path, config: RunConfig, *, start: bool = True) -> Asked:
    """What suits the images of a configuration; ``start=False`` only looks whether somebody asked before."""
    folder = home / FOLDER
    try:
        key = _key(config)
        found = queue.job(folder, key)
        if start and found.state in ("absent", "waiting"):
            found = queue.ask(home, FIT, folder, key, {"config": config.model_dump(mode="json")})
        chosen = _read(queue.result(folder, key)) if found.state == "ready" else None
    except LabError as error:
        return Asked(Job("failed", message=error.message))
    return Asked(found, chosen)


def _key(config: RunConfig) -> str:
    data = config.data
    files = [] if find(data.source) else [paths.expand(data.source)]
    return f"fit-{stamp_of(files, VERSION, data.source, str(data.image_size), str(data.limit))}"


def _read(answer: Answer | None) -> tuple[Choice, ...] | None:
    try:
        return None if answer is None else from_dicts(answer.about["choices"])
    except (KeyError, TypeError, ValueError):
        return None
