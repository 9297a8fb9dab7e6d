"""The maps of all evaluations of a run, laid over each other so that they do not spin: learning as a film.

PCA is there at once. The rest is asked of the job process, an evaluation at a time: the one that is looked at
first, then outward from it, each started from the map of its nearest neighbor in time and turned onto it. A map is
kept under a hash of its vectors and its settings, so that a new evaluation extends the film and recomputes nothing.
What a map was started from is kept with it: of two films whose maps were asked for in another order, the maps differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from cachetools import LRUCache, cached
from numpy.typing import NDArray

from byol_core import jobs as queue
from byol_core.embeddings.digest import digest, name_of
from byol_core.embeddings.pca import Projection, aligned, pca, unit
from byol_core.embeddings.quality import Quality, quality
from byol_core.embeddings.settings import MapSettings
from byol_core.embeddings.snapshot import MAPS, Evaluation, Matrix, Snapshot, read_space
from byol_core.errors import LabError
from byol_core.jobs import Job, JobKind

# So many evaluations are asked for at a time: whoever closes the page leaves no more work behind.
_AHEAD = 2
# Of so many images the PCA of all evaluations is made at once; of more that of the one that is looked at.
MOST_AT_ONCE = 12_000
# The map that is looked at, and the others of its film: those take longest, and nobody looks at one of them alone.
MAP = JobKind("map", "byol_core.embeddings.map_handler:answer_map")
FILM = JobKind("film", "byol_core.embeddings.map_handler:answer_map", rank=2)


@dataclass(frozen=True, eq=False)
class Film:
    """``xy``: (T, n, 2) float32, NaN for an evaluation whose map is not there; ``steps``: (T,) which they are of.

    ``trust``, ``kept``: (T,) as in :mod:`byol_core.embeddings.quality`, NaN where unknown; ``shares``: (T, 2) of all
    variance along the two axes, NaN for other methods than PCA. ``job``: what is still to be waited for, of one map
    alone. ``failed``: why the map of a step is not there, of those that could not be made.
    """

    steps: tuple[int, ...]
    xy: NDArray[np.float32]
    trust: Matrix
    kept: Matrix
    shares: Matrix
    job: Job
    failed: Mapping[int, str] = field(default_factory=dict)

    def at(self, step: int) -> Matrix | None:
        """The map (n, 2) of one evaluation; None when it is not there."""
        if step not in self.steps:
            return None
        xy: Matrix = self.xy[self.steps.index(step)]
        return xy if np.isfinite(xy).all() else None


@dataclass(frozen=True, eq=False)
class Frame:
    """One map (n, 2) and what is known about it."""

    xy: Matrix
    trust: float = float("nan")
    kept: float = float("nan")
    shares: tuple[float, float] = (float("nan"), float("nan"))


def _film(
    snapshot: Snapshot, frames: Sequence[Frame | None], job: Job, failed: Mapping[int, str] | None = None
) -> Film:
    lost = Frame(np.full((len(snapshot), 2), np.nan, np.float32))
    shown = [frame or lost for frame in frames]
    return Film(
        tuple(evaluation.step for evaluation in snapshot.evaluations),
        np.stack([frame.xy for frame in shown]),
        np.array([frame.trust for frame in shown], np.float32),
        np.array([frame.kept for frame in shown], np.float32),
        np.array([frame.shares for frame in shown], np.float32),
        job,
        failed or {},
    )


# PCA, at once


def pca_film(snapshot: Snapshot, space: str, *, judged: int | None = None, only: int | None = None) -> Film:
    """PCA of every evaluation, each turned onto the one before it (the first as it is), in this process.

    One thousand images take some hundredths of a second an evaluation, 60,000 about two. ``judged``: the step whose
    trustworthiness is wanted; ``only``: the one step whose map is wanted. What cannot be read is left out; LabError
    when that is all.
    """
    frames: list[Frame | None] = []
    before, why = None, None
    for evaluation in snapshot.evaluations:
        try:
            found = None if only not in (None, evaluation.step) else _turned(snapshot, evaluation, space, before)
        except LabError as error:
            found, why = None, error
        before = before if found is None else found.xy
        if found is not None and judged == evaluation.step:
            found = _judged(snapshot, evaluation, space, found)
        frames.append(found)
    if why is not None and not any(frames):
        raise why
    return _film(snapshot, frames, Job("ready", 1.0))


def _turned(snapshot: Snapshot, evaluation: Evaluation, space: str, before: Matrix | None) -> Frame:
    found = _pca(snapshot, evaluation, space)
    xy = found.xy if before is None else aligned(found.xy, before)
    return Frame(xy, shares=found.shares)


def _judged(snapshot: Snapshot, evaluation: Evaluation, space: str, frame: Frame) -> Frame:
    """Turning a map changes no neighborhood, so PCA is measured as it is."""
    seen = _quality(snapshot, evaluation, space)
    return Frame(frame.xy, seen.trust, seen.kept, frame.shares)


def _by_content(snapshot: Snapshot, evaluation: Evaluation, space: str) -> tuple[str, str]:
    return digest(snapshot, evaluation, space), space


@cached(LRUCache(512), key=_by_content, lock=Lock())
def _pca(snapshot: Snapshot, evaluation: Evaluation, space: str) -> Projection:
    return pca(unit(read_space(snapshot, evaluation, space)))


@cached(LRUCache(512), key=_by_content, lock=Lock())
def _quality(snapshot: Snapshot, evaluation: Evaluation, space: str) -> Quality:
    return quality(unit(read_space(snapshot, evaluation, space)), _pca(snapshot, evaluation, space).xy)


# The others, by the job process


def film(
    home: Path,
    snapshot: Snapshot,
    space: str,
    settings: MapSettings,
    *,
    first: int,
    whole: bool,
    start: bool = True,
) -> Film:
    """What there is of the film, with the map of step ``first`` and, if ``whole``, of all others asked for.

    To be called again and again: each call asks for the next. ``start=False``: only what is there. The film's job is
    "ready" when all that is wanted is there, "failed" when nothing more comes, "absent" when nothing was asked for.
    LabError when there is no evaluation ``first``, or the folder cannot be written.
    """
    names = _names(snapshot, space, settings)
    frames = {name: _frame(_file(snapshot, name), len(snapshot)) for name in dict.fromkeys(names) if name}
    wanted = list(dict.fromkeys(name for name in _outward(snapshot, names, first, whole) if name))
    if names[_place(snapshot, first)] is None:
        digest(snapshot, snapshot.evaluation(first), space)  # says why
    jobs = {name: _job(snapshot, name) for name in wanted if frames[name] is None}
    job = _go_on(home, snapshot, space, settings, names, first, jobs, start) if jobs else Job("ready", 1.0)
    failed = _failed(snapshot, space, names, jobs) if whole else {}
    return _film(snapshot, [frames[name] if name else None for name in names], job, failed)


def _go_on(
    home: Path,
    snapshot: Snapshot,
    space: str,
    settings: MapSettings,
    names: list[str | None],
    first: int,
    jobs: Mapping[str, Job],
    start: bool,
) -> Job:
    """Ask for the next that are missing; the first of them that is being worked on, else why there is none."""
    mine, told = names[_place(snapshot, first)], []
    missing = list(jobs)
    # What the others start from has to be there before them.
    for name in missing[:1] if missing[0] == mine else missing:
        job = jobs[name]
        if job.state in ("absent", "waiting") and start:  # who asked it first may be gone, and nobody awake
            step = first if name == mine else snapshot.evaluations[names.index(name)].step
            task = {"space": space, "step": step, "method": settings.method, **settings.used()}
            job = queue.ask(home, MAP if name == mine else FILM, snapshot.folder / MAPS, name, task)
        told.append(job)
        if sum(job.state in ("waiting", "running") for job in told) >= _AHEAD:
            break
    states = ("running", "waiting", "failed", "absent", "ready")
    return min(told, key=lambda job: states.index(job.state))


def _failed(snapshot: Snapshot, space: str, names: list[str | None], jobs: Mapping[str, Job]) -> dict[int, str]:
    """Why the map of a step cannot be there, of each whose computation failed or whose vectors are lost."""
    found = {}
    for evaluation, name in zip(snapshot.evaluations, names, strict=True):
        if name and name in jobs and jobs[name].state == "failed":
            found[evaluation.step] = jobs[name].message
        elif name is None:
            try:
                digest(snapshot, evaluation, space)
            except LabError as error:
                found[evaluation.step] = error.message
    return found


def _job(snapshot: Snapshot, name: str) -> Job:
    """Where a map stands that is not there; an answer that is none of it is thrown away."""
    job = queue.job(snapshot.folder / MAPS, name)
    if job.state != "ready" or _frame(_file(snapshot, name), len(snapshot)) is not None:  # it came this moment
        return job
    queue.forget(snapshot.folder / MAPS, name)
    return Job("absent")


def retry(home: Path, snapshot: Snapshot, space: str, settings: MapSettings, *, first: int, whole: bool) -> Film:
    """Ask again for what failed."""
    for name in _names(snapshot, space, settings):
        if name and queue.job(snapshot.folder / MAPS, name).state == "failed":
            queue.forget(snapshot.folder / MAPS, name)
    return film(home, snapshot, space, settings, first=first, whole=whole)


def frame_of(snapshot: Snapshot, evaluation: Evaluation, space: str, settings: MapSettings) -> Frame | None:
    """The map of one evaluation that the page shows; None when it is not there."""
    return _frame(_file(snapshot, frame_name(snapshot, evaluation, space, settings)), len(snapshot))


def frame_name(snapshot: Snapshot, evaluation: Evaluation, space: str, settings: MapSettings) -> str:
    """The name of one map: of its vectors and what the method depends on. LabError when the vectors are lost."""
    return name_of("map", digest(snapshot, evaluation, space), space, settings.method, _as_kept(settings.used()))


def _as_kept(used: dict[str, float]) -> dict[str, float]:
    """The settings under the names that kept maps were called by from the start."""
    return {"neighbours" if name == "neighbors" else name: value for name, value in used.items()}


def _names(snapshot: Snapshot, space: str, settings: MapSettings) -> list[str | None]:
    """Of each evaluation; None where its file is lost."""
    names: list[str | None] = []
    for evaluation in snapshot.evaluations:
        try:
            names.append(frame_name(snapshot, evaluation, space, settings))
        except LabError:
            names.append(None)
    return names


def _place(snapshot: Snapshot, step: int) -> int:
    return snapshot.evaluations.index(snapshot.evaluation(step))


def _outward(snapshot: Snapshot, names: list[str | None], first: int, whole: bool) -> Iterator[str | None]:
    """The names in the order in which they are made."""
    middle = _place(snapshot, first)
    places = sorted(range(len(names)), key=lambda place: abs(place - middle))
    yield from (names[place] for place in (places if whole else places[:1]))


def _file(snapshot: Snapshot, name: str) -> Path:
    return snapshot.folder / MAPS / f"{name}.safetensors"


def _frame(file: Path, n: int) -> Frame | None:
    """A finished map; None when there is none that can be read."""
    try:
        found = file.stat()
    except OSError:
        return None
    return _read_frame(file, n, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=512)
def _read_frame(file: Path, n: int, *stamp: int) -> Frame | None:
    found = queue.result(file.parent, file.stem)
    if found is None:
        return None
    try:
        xy, about = found.arrays["xy"], found.about
        shares = (float(about["shares"][0]), float(about["shares"][1]))
        frame = Frame(xy.astype(np.float32), float(about["trust"]), float(about["kept"]), shares)
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return frame if xy.shape == (n, 2) and np.isfinite(xy).all() else None


def neighbor_frame(snapshot: Snapshot, evaluation: Evaluation, space: str, settings: MapSettings) -> Matrix | None:
    """The map (n, 2) of the evaluation nearest in time that has one; None when none has."""
    names, here = _names(snapshot, space, settings), snapshot.evaluations.index(evaluation)
    for place in sorted(range(len(names)), key=lambda place: abs(place - here)):
        name = names[place]
        if place != here and name and (found := _frame(_file(snapshot, name), len(snapshot))) is not None:
            return found.xy
    return None


def settings_of(task: dict[str, Any]) -> MapSettings:
    """The settings that a task names; InputError when they are none."""
    known = ("method", "neighbors", "min_dist", "perplexity", "seed")
    return MapSettings(**{name: task[name] for name in known if name in task})
