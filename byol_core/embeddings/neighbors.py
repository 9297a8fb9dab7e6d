"""The images nearest to each other in the full space, by cosine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from cachetools import LRUCache, cached
from numpy.typing import NDArray

from byol_core import jobs
from byol_core.embeddings.digest import digest, name_of
from byol_core.embeddings.pca import unit
from byol_core.embeddings.snapshot import MAPS, Evaluation, Matrix, Snapshot, read_space
from byol_core.errors import LabError
from byol_core.messages import Message

# Up to so many images are compared in the page; more by the job process.
AT_ONCE = 2_500
NEAR = jobs.JobKind("near", "byol_core.embeddings.neighbors:answer_near")
_VALUES = 2**24  # distances at a time: bounds the memory


def nearest(vectors: Matrix, i: int, k: int) -> tuple[NDArray[np.int64], Matrix]:
    """The k images most like image ``i`` in the full space, itself left out, and their cosine distances (0 to 2)."""
    directions = unit(vectors)
    distances = 1 - directions @ directions[i]
    distances[i] = np.inf
    order = np.argsort(distances, kind="stable")[: min(k, len(vectors) - 1)]
    return order, np.maximum(distances[order], 0)


def near(vectors: Matrix, k: int, progress: Callable[[float], None] = lambda _: None) -> NDArray[np.int32]:
    """Of each image the k most like it, itself left out, the nearest first: (n, k), fewer where there are fewer.

    Every pair is compared: 60,000 images of 512 numbers take a minute or two on a core.
    """
    directions, n = unit(vectors), len(vectors)
    k, rows = min(k, n - 1), max(1, _VALUES // n)
    found = np.empty((n, k), dtype=np.int32)
    for begin in range(0, n, rows):
        chosen = np.arange(begin, min(n, begin + rows))
        distances = -(directions[chosen] @ directions.T)
        distances[np.arange(len(chosen)), chosen] = np.inf
        found[chosen] = closest(distances, k)
        progress(chosen[-1] / n)
    return found


def closest(distances: Matrix, k: int) -> NDArray[np.int64]:
    """Of each row of distances (m, n) the places of the k smallest, ascending: (m, k), k < n."""
    some = np.argpartition(distances, k, axis=1)[:, :k]
    order = np.take_along_axis(distances, some, 1).argsort(axis=1, kind="stable")
    return np.take_along_axis(some, order, 1)


def near_of(
    home: Path, snapshot: Snapshot, evaluation: Evaluation, space: str, k: int, *, start: bool = True
) -> NDArray[np.int32] | None:
    """:func:`near` of an evaluation; None while the job process looks for those of more than 2,500 images.

    ``start=False``: only what is there. LabError when the vectors cannot be read, or the process failed: see
    :func:`again`.
    """
    if len(snapshot) <= AT_ONCE:
        return _near_now(snapshot, evaluation, space, k)
    name = digest(snapshot, evaluation, space)
    key, folder = name_of("near", name, space, k), snapshot.folder / MAPS
    job = jobs.job(folder, key)
    if job.state == "ready":
        if (table := _read(jobs.result(folder, key), (len(snapshot), min(k, len(snapshot) - 1)))) is not None:
            return table
        jobs.forget(folder, key)  # damaged: found again
    if job.state == "failed":
        raise LabError("The nearest images could not be found: {why}", why=job.message)
    if start and job.state != "running":
        jobs.ask(home, NEAR, folder, key, {"space": space, "step": evaluation.step, "k": k})
    return None


@cached(LRUCache(16), key=lambda shot, evaluation, space, k: (digest(shot, evaluation, space), space, k), lock=Lock())
def _near_now(snapshot: Snapshot, evaluation: Evaluation, space: str, k: int) -> NDArray[np.int32]:
    return near(read_space(snapshot, evaluation, space), k)


def again(snapshot: Snapshot, evaluation: Evaluation, space: str, k: int) -> None:
    """Let :func:`near_of` start over after a failure."""
    jobs.forget(snapshot.folder / MAPS, name_of("near", digest(snapshot, evaluation, space), space, k))


def _read(found: jobs.Answer | None, shape: tuple[int, int]) -> NDArray[np.int32] | None:
    """The table of an answer; None when there is none that fits."""
    table = None if found is None else found.arrays.get("near")
    if table is None or table.shape != shape or table.dtype.kind not in "iu":
        return None
    return table.astype(np.int32) if table.min() >= 0 and table.max() < shape[0] else None


def answer_near(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: jobs.JobContext) -> jobs.Answer:
    """What the job process does for :func:`near_of`."""
    from byol_core.embeddings.map_request import asked

    snapshot, evaluation, space = asked(folder, task)
    k = max(1, min(100, int(task["k"])))
    vectors = read_space(snapshot, evaluation, space)
    found = near(vectors, k, lambda share: job.progress(share, Message("Finding the nearest images")))
    return jobs.Answer({"near": found})
