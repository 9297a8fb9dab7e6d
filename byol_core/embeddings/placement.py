"""Place your own image: where it belongs on a map, and which images are most like it.

The image goes through the weights that the run has kept, so it is asked about the newest evaluation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from byol_core import jobs, messages
from byol_core.embeddings.digest import name_of
from byol_core.embeddings.settings import MapSettings
from byol_core.embeddings.snapshot import MAPS, Evaluation, Matrix, Snapshot
from byol_core.embeddings.timeline import frame_name
from byol_core.errors import InputError
from byol_core.jobs import Job
from byol_core.messages import Message
from byol_core.weights import encoder_files

NEIGHBORS = 12
PLACE = jobs.JobKind("place", "byol_core.embeddings.placement_handler:answer_place")


@dataclass(frozen=True, eq=False)
class Placed:
    """``xy`` (2,): its place. ``near`` (k,): the mapped images most like it, with their cosine ``distances`` (k,).

    ``note`` says how the place was found.
    """

    xy: Matrix
    near: NDArray[np.int32]
    distances: Matrix
    note: str


@dataclass(frozen=True)
class Asked:
    """Where the question stands, and the answer once it is there. ``key`` is the question's name."""

    job: Job
    placed: Placed | None
    key: str


def ask(
    home: Path,
    snapshot: Snapshot,
    run_folder: Path,
    evaluation: Evaluation,
    space: str,
    settings: MapSettings,
    picture: NDArray[np.uint8],
    xy: Matrix,
    *,
    start: bool = True,
) -> Asked:
    """Place an image (3, H, W) uint8 on the map ``xy`` (n, 2) that is shown; to be called again until it is there.

    ``start=False``: only look. InputError for an evaluation that is not the newest; LabError when the run has kept no
    weights, or its folder cannot be written.
    """
    if evaluation.step != snapshot.evaluations[-1].step:
        raise InputError("Only the newest weights of a run are kept: choose its newest evaluation to place an image.")
    key = _key(snapshot, run_folder, evaluation, space, settings, picture, xy)
    folder = snapshot.folder / MAPS
    job = jobs.job(folder, key)
    if job.state in ("absent", "waiting") and start:  # who asked it first may be gone, and nobody awake
        task = {"space": space, "step": evaluation.step, "method": settings.method}
        arrays: dict[str, NDArray[Any]] = {"picture": picture, "xy": xy.astype(np.float32)}
        job = jobs.ask(home, PLACE, folder, key, task | settings.used(), arrays)
    placed = _read(jobs.result(folder, key), len(snapshot)) if job.state == "ready" else None
    if job.state == "ready" and placed is None:
        job = Job("failed", message=Message("The result cannot be read; try again."))
    return Asked(job, placed, key)


def again(snapshot: Snapshot, key: str) -> None:
    """Let :func:`ask` start over after a failure."""
    jobs.forget(snapshot.folder / MAPS, key)


def _key(
    snapshot: Snapshot,
    run_folder: Path,
    evaluation: Evaluation,
    space: str,
    settings: MapSettings,
    picture: NDArray[np.uint8],
    xy: Matrix,
) -> str:
    """Of the image, the weights, the vectors and the places, which all have a say."""
    said = hashlib.sha256(str(picture.shape).encode() + picture.tobytes() + xy.astype(np.float32).tobytes())
    weights = "" if space == "pixels" else encoder_files.digest(run_folder)
    return name_of("place", frame_name(snapshot, evaluation, space, settings), weights, said.hexdigest())


def _read(found: jobs.Answer | None, n: int) -> Placed | None:
    if found is None:
        return None
    try:
        arrays: dict[str, Any] = dict(found.arrays)
        note = messages.decode(str(found.about["note"]), found.about.get("said"))
        placed = Placed(arrays["xy"], arrays["near"], arrays["distances"], note)
    except KeyError:
        return None
    near = placed.near
    fits = placed.xy.shape == (2,) and near.shape == placed.distances.shape and near.size > 0 and near.min() >= 0
    return placed if fits and near.max() < n and np.isfinite(placed.xy).all() else None
