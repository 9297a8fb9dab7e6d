"""What the map shows, read once and kept: vectors, places by PCA, neighbors, colors, images.

What is cached is named by the folder, the file and when it was written, since a resumed run may write a step again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.shared import language
from app.shared.language import _, tell
from app.widgets.embedding_map import Colors, Frames, Sheets
from byol_core import embeddings
from byol_core.embeddings import Evaluation, Film, Snapshot, has_snapshot
from byol_core.embeddings.fields import Field
from byol_core.embeddings.snapshot import Matrix
from byol_core.embeddings.timeline import MOST_AT_ONCE
from byol_core.errors import LabError
from byol_core.messages import Message

KEPT = 12  # matrices; a thousand images of 512 numbers are 2 MB
# Of a larger set the PCA of all evaluations, and what says how true it is, are for the worker: a page has to answer.
# Of its matrices, 120 MB each at 60,000 images, only those of two maps side by side are kept.
KEPT_LARGE = 2
LINKS = 5  # neighbors that a hovered point is linked with
PLAIN = "plain"  # no color at all
COUNTED = 15  # neighbors that colors are counted over

Ages = tuple[tuple[int, int], ...]
Ids = NDArray[np.int32]


def probe_of(folder: Path) -> Snapshot | None:
    """What a run kept of its images, read once; None before its first evaluation."""
    if not has_snapshot(folder):
        return None
    found = _probe(str(folder), written(folder / embeddings.PROBE))
    return found if found.evaluations else None


@st.cache_resource(max_entries=16, show_spinner=False)
def _probe(folder: str, at: int) -> Snapshot:
    return embeddings.read_snapshot(Path(folder))


def written(path: Path) -> int:
    """When a file was last written; 0 when it is lost."""
    return path.stat().st_mtime_ns if path.exists() else 0


def age(snapshot: Snapshot, evaluation: Evaluation, space: str) -> int:
    """When the vectors of one evaluation were written."""
    return written(snapshot.folder / (embeddings.PIXELS if space == "pixels" else evaluation.file))


def ages(snapshot: Snapshot, space: str) -> Ages:
    """Each evaluation with when it was written: another film when one of them changes."""
    return tuple((one.step, age(snapshot, one, space)) for one in snapshot.evaluations)


def vectors(snapshot: Snapshot, evaluation: Evaluation, space: str) -> Matrix:
    """The vectors (n, d) of all images at length one."""
    read = _vectors if len(snapshot) <= MOST_AT_ONCE else _large_vectors
    return read(str(snapshot.folder), evaluation.file, space, age(snapshot, evaluation, space), snapshot, evaluation)


def pca(snapshot: Snapshot, evaluation: Evaluation, space: str) -> Film:
    """The places by PCA that are there at once: of every evaluation, of a large set that of this one alone."""
    judged = evaluation.step if len(snapshot) <= MOST_AT_ONCE else None
    only = evaluation.step if len(snapshot) > MOST_AT_ONCE else None
    return _pca_film(str(snapshot.folder), space, ages(snapshot, space), judged, only, snapshot)


def nearest(
    snapshot: Snapshot, evaluation: Evaluation, space: str, pin: int | None, count: int
) -> tuple[list[int], list[float]]:
    """The images most like the pinned one and their distances; none when none is pinned."""
    if pin is None:
        return [], []
    name = str(snapshot.folder), evaluation.file, space, age(snapshot, evaluation, space)
    return _nearest(*name, pin, count, snapshot, evaluation)


def near(home: Path, snapshot: Snapshot, evaluation: Evaluation, space: str, *, ask: bool) -> Ids | None:
    """The nearest images (n, 15) of every image; of many None until the worker, if ``ask``, has found them.

    LabError when it could not; :func:`near_again` has it tried again.
    """
    name = str(snapshot.folder), evaluation.file, space, age(snapshot, evaluation, space)
    try:
        return _near(*name, home, snapshot, evaluation, ask) if len(snapshot) > 1 else None
    except _NotYet:
        return None


def near_again(snapshot: Snapshot, evaluation: Evaluation, space: str) -> None:
    """Have the nearest images found again after a failure."""
    embeddings.neighbors.again(snapshot, evaluation, space, COUNTED)


def links(home: Path, snapshot: Snapshot, evaluation: Evaluation, space: str, *, ask: bool) -> Ids | None:
    """The few (n, 5) of them that a hovered point is linked with."""
    name = str(snapshot.folder), evaluation.file, space, age(snapshot, evaluation, space)
    found = near(home, snapshot, evaluation, space, ask=ask)
    return None if found is None else _links(*name, found)


class _NotYet(Exception):
    """Raised so that it is not kept."""


def field(home: Path, snapshot: Snapshot, evaluation: Evaluation, space: str, name: str, *, ask: bool) -> Field:
    """What the points are colored by."""
    if name == PLAIN:
        return _plain(len(snapshot))
    at = written(snapshot.folder / evaluation.file), _written_before(snapshot, evaluation)
    found = near(home, snapshot, evaluation, space, ask=ask) if name in ("agreement", "nearest") else None
    return _field(str(snapshot.folder), evaluation.file, at, space, name, snapshot, evaluation, found)


def colors(found: Field) -> Colors:
    """The same for the widget."""
    return Colors(_said(found.title), found.kind, found.values, tuple(map(_said, found.names)))


def _said(name: str) -> str:
    """A name of ours in the viewer's language; those of classes, and of somebody's table, stay as they are."""
    return tell(name) if isinstance(name, Message) else name


def sheets(snapshot: Snapshot) -> Sheets:
    """The thumbnails of all images; LabError when they are missing."""
    return _sheets(str(snapshot.folder), written(snapshot.folder / embeddings.SHEET), snapshot)


def thumbnails(snapshot: Snapshot, chosen: Sequence[int]) -> list[NDArray[np.uint8]]:
    """The thumbnails (cell, cell, 3) of some images; none when they are missing."""
    try:
        return [
            _thumbnail(str(snapshot.folder), written(snapshot.folder / embeddings.SHEET), i, snapshot) for i in chosen
        ]
    except LabError:
        return []


def frames(snapshot: Snapshot, film: Film, space: str) -> Frames:
    """A film for the widget; the same object as long as nothing is new, so that nothing is packed again."""
    digest = hashlib.sha256(film.xy.tobytes()).hexdigest()
    accuracy = tuple(snapshot.evaluation(step).knn_accuracy for step in film.steps)
    return _frames(language.current(), str(snapshot.folder), ages(snapshot, space), digest, accuracy, snapshot, film)


def titles(snapshot: Snapshot) -> dict[int, str]:
    """A name for the step of each evaluation; no two are the same."""
    epochs = {evaluation.step: f"{round(evaluation.epoch, 2):g}" for evaluation in snapshot.evaluations}
    if len(set(epochs.values())) < len(epochs):
        return {step: _("step {step}", step=step) for step in epochs}
    return {step: _("epoch {epoch}", epoch=epoch) for step, epoch in epochs.items()}


def _written_before(snapshot: Snapshot, evaluation: Evaluation) -> int:
    """How far something has moved depends on the evaluation before as well."""
    before = [one for one in snapshot.evaluations if one.step < evaluation.step]
    return written(snapshot.folder / before[-1].file) if before else 0


# The leading arguments name what is cached; those with an underscore only say how to get it.
@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _vectors(folder: str, file: str, space: str, at: int, _probe: Snapshot, _evaluation: Evaluation) -> Matrix:
    return embeddings.unit(embeddings.read_space(_probe, _evaluation, space))


@st.cache_resource(max_entries=KEPT_LARGE, show_spinner=False)
def _large_vectors(folder: str, file: str, space: str, at: int, _probe: Snapshot, _evaluation: Evaluation) -> Matrix:
    return embeddings.unit(embeddings.read_space(_probe, _evaluation, space))


@st.cache_resource(max_entries=24, show_spinner=False)
def _pca_film(folder: str, space: str, at: Ages, judged: int | None, only: int | None, _probe: Snapshot) -> Film:
    return embeddings.pca_film(_probe, space, judged=judged, only=only)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _near(
    folder: str, file: str, space: str, at: int, _home: Path, _probe: Snapshot, _evaluation: Evaluation, _ask: bool
) -> Ids:
    found = embeddings.near_of(_home, _probe, _evaluation, space, COUNTED, start=_ask)
    if found is None:
        raise _NotYet
    return found


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _links(folder: str, file: str, space: str, at: int, _near: Ids) -> Ids:
    return np.ascontiguousarray(_near[:, :LINKS])


@st.cache_data(max_entries=256, show_spinner=False)
def _nearest(
    folder: str, file: str, space: str, at: int, pin: int, count: int, _probe: Snapshot, _evaluation: Evaluation
) -> tuple[list[int], list[float]]:
    order, distances = embeddings.nearest(vectors(_probe, _evaluation, space), pin, count)
    return order.tolist(), distances.tolist()


@st.cache_resource(max_entries=48, show_spinner=False)
def _field(
    folder: str,
    file: str,
    at: tuple[int, int],
    space: str,
    name: str,
    _probe: Snapshot,
    _evaluation: Evaluation,
    _near: Ids | None,
) -> Field:
    return embeddings.field(_probe, _evaluation, space, name, _near)


@st.cache_resource(max_entries=8, show_spinner=False)
def _plain(n: int) -> Field:
    return Field(PLAIN, Message("Nothing"), "category", np.zeros(n, np.int16), (Message("all images"),))


@st.cache_resource(max_entries=8, show_spinner=False)
def _frames(
    code: str,  # of the language that the titles are in
    folder: str,
    at: Ages,
    digest: str,
    accuracy: tuple[float | None, ...],
    _probe: Snapshot,
    _film: Film,
) -> Frames:
    names = titles(_probe)
    return Frames(_film.steps, tuple(names[step] for step in _film.steps), accuracy, _film.xy)


@st.cache_resource(max_entries=2048, show_spinner=False)
def _thumbnail(folder: str, at: int, i: int, _probe: Snapshot) -> NDArray[np.uint8]:
    return embeddings.thumbnail(_decoded(folder, at, i // embeddings.per_sheet(_probe), _probe), _probe, i).copy()


@st.cache_resource(max_entries=24, show_spinner=False)
def _decoded(folder: str, at: int, number: int, _probe: Snapshot) -> NDArray[np.uint8]:
    return embeddings.read_sheet(_probe, number)


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheets(folder: str, at: int, _probe: Snapshot) -> Sheets:
    return Sheets(tuple(embeddings.sheets(_probe)), embeddings.per_sheet(_probe), _probe.columns, _probe.cell)
