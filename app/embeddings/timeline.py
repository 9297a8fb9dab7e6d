"""Which places a map shows: those of the chosen method when they are there, those of PCA meanwhile.

A viewer may have the usual map of the newest evaluation of a run that is over made, once however many
look, one at a time for the whole server.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.embeddings import data
from app.embeddings.choices import COMPUTE
from app.shared import access
from byol_core import embeddings
from byol_core.embeddings import Evaluation, Film, MapSettings, Snapshot
from byol_core.embeddings.timeline import MOST_AT_ONCE
from byol_core.errors import LabError
from byol_core.jobs import Job
from byol_core.messages import Message

# Of so many images the maps of all evaluations are made unasked; of more, when somebody wants them.
MOST_UNASKED = 5_000
WAITING = ("absent", "waiting", "running")
# The map that a viewer had started last: a class may keep one process busy, and no more.
Asked = tuple[Snapshot, Evaluation, str, MapSettings]
_asked_for: list[Asked] = []
_asking = threading.Lock()


@dataclass(frozen=True)
class Shown:
    """What is drawn: the film, by which method, and where the film that was asked for stands (None: it is drawn)."""

    film: Film
    method: str
    job: Job | None

    def at(self, step: int) -> int:
        """The number of the frame of that evaluation."""
        return self.film.steps.index(step)


def shown(
    home: Path,
    snapshot: Snapshot,
    evaluation: Evaluation,
    space: str,
    settings: MapSettings,
    *,
    whole: bool,
    over: bool = True,
) -> Shown:
    """The film that can be drawn now; asks for the one that was chosen. ``whole``: of all evaluations.

    ``over``: the run goes on no more, so that its newest map stays the newest.
    """
    if settings.method == "PCA" and len(snapshot) <= MOST_AT_ONCE:
        return Shown(data.pca(snapshot, evaluation, space), "PCA", None)
    whole = whole or settings.method == "PCA"  # some seconds an evaluation, even of a large set
    wanted = _film(home, snapshot, evaluation, space, settings, whole, over)
    at_work = wanted.job if wanted.job.state in WAITING else None
    if wanted.at(evaluation.step) is not None:
        return Shown(wanted, settings.method, at_work if whole else None)
    if at_work and made(wanted) and evaluation.step == snapshot.evaluations[-1].step:
        return Shown(wanted, settings.method, at_work)  # a new evaluation: the one before stands in
    return Shown(data.pca(snapshot, evaluation, space), "PCA", wanted.job)


def made(film: Film) -> int:
    """How many frames are there."""
    return int(np.isfinite(film.xy[:, 0, 0]).sum())


def _film(
    home: Path, snapshot: Snapshot, evaluation: Evaluation, space: str, settings: MapSettings, whole: bool, over: bool
) -> Film:
    """The film as far as it is made; asks for the rest of it where that is allowed."""
    if access.is_teacher():
        return embeddings.film(home, snapshot, space, settings, first=evaluation.step, whole=whole)
    there = embeddings.film(home, snapshot, space, settings, first=evaluation.step, whole=False, start=False)
    if there.at(evaluation.step) is not None:
        return there
    if not over:  # a newer evaluation comes, and a class that only looks on must not cost the training a map each time
        why = Message("{method} is made when the run has ended.", method=settings.method)
        return _with(there, Job("absent", message=why))
    return _begin(home, snapshot, evaluation, space, settings, there)


def _begin(
    home: Path, snapshot: Snapshot, evaluation: Evaluation, space: str, settings: MapSettings, there: Film
) -> Film:
    """Have the usual map made for a viewer, or say why it is not, or not now."""
    if settings != MapSettings(method=settings.method):
        return _with(there, Job("failed", message=access.refusal(COMPUTE)))
    if evaluation.step != snapshot.evaluations[-1].step:
        return _with(there, Job("failed", message=access.refusal("compute maps of earlier evaluations")))
    asked = (snapshot, evaluation, space, settings)
    with _asking:  # a class opens the same page at the same moment
        if any(not _is_same(one, asked) and _is_open(home, one) for one in _asked_for):
            return _with(there, Job("absent", message=Message("Waiting for another map.")))
        _asked_for[:] = [asked]
        return embeddings.film(home, snapshot, space, settings, first=evaluation.step, whole=False)


def _is_same(one: Asked, other: Asked) -> bool:
    """A run that goes on reads its images again, so that they are told by their folder."""
    return one[0].folder == other[0].folder and one[1:] == other[1:]


def _is_open(home: Path, asked: Asked) -> bool:
    snapshot, evaluation, space, settings = asked
    try:
        found = embeddings.film(home, snapshot, space, settings, first=evaluation.step, whole=False, start=False)
    except LabError:  # the run was deleted, or its file was lost
        return False
    return found.job.state in ("waiting", "running")


def _with(film: Film, job: Job) -> Film:
    return replace(film, job=job)
