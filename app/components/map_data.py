"""What the map shows, read once and kept: vectors, places by PCA, places by UMAP when its process is done."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import access
from app.components.embedding_map import Points, Sheet
from byol_core import embed
from byol_core.embed import Evaluation, MapJob, Probe, Projection, UmapSettings
from byol_core.embed.jobs import map_key
from byol_core.embed.probe import Matrix
from byol_core.errors import LabError

KEPT = 12  # matrices; a thousand images of 512 numbers are 2 MB
# The map that somebody who only looks on had started last: a class may keep one process busy, and no more.
_asked_for: list[tuple[Probe, str]] = []
_asking = threading.Lock()


def vectors(probe: Probe, evaluation: Evaluation, space: str) -> Matrix:
    """The vectors of all images at length one."""
    return _vectors(str(probe.folder), evaluation.file, space, _age(probe, evaluation, space), probe, evaluation)


def pca(probe: Probe, evaluation: Evaluation, space: str) -> Projection:
    """Their places by PCA."""
    return _pca(str(probe.folder), evaluation.file, space, _age(probe, evaluation, space), probe, evaluation)


def umap(
    probe: Probe, evaluation: Evaluation, space: str, settings: UmapSettings, *, retry: bool = False
) -> tuple[Matrix | None, MapJob]:
    """Their places by UMAP, None until they are there; starts the process that computes them."""
    key = map_key(vectors(probe, evaluation, space), settings)
    job = embed.job(probe, key)
    if job.state == "absent" or (retry and job.state == "failed"):
        job = _begin(probe, evaluation, space, settings, key)
    return embed.load_map(probe, key) if job.state == "ready" else None, job


def _begin(probe: Probe, evaluation: Evaluation, space: str, settings: UmapSettings, key: str) -> MapJob:
    """Have the map computed, or say why somebody who is no teacher may not have it, or not now."""
    if access.is_teacher():
        return embed.start(probe, evaluation, space, settings, key)
    if settings != UmapSettings():
        return MapJob("failed", message=access.refusal("compute maps with other settings"))
    with _asking:  # until its process is there: a class opens the same page at the same moment
        if any(embed.job(*asked).state == "running" for asked in _asked_for):
            return MapJob("absent", message="Waiting for another map")
        _asked_for[:] = [(probe, key)]
        return embed.start(probe, evaluation, space, settings, key)


def neighbours(vectors: Matrix, pin: int | None, count: int) -> tuple[list[int], list[float]]:
    """The images most like the pinned one and their distances; none when none is pinned."""
    if pin is None:
        return [], []
    order, distances = embed.nearest(vectors, pin, count)
    return order.tolist(), distances.tolist()


def sheet(probe: Probe) -> Sheet:
    """The pictures of all images; LabError when they are lost."""
    return _sheet(str(probe.folder), _written(probe.folder / embed.SHEET), probe)


def thumbnails(probe: Probe, chosen: Sequence[int]) -> list[NDArray[np.uint8]]:
    """The pictures of some images; none when they are lost."""
    try:
        decoded = _decoded(str(probe.folder), _written(probe.folder / embed.SHEET), probe)
    except LabError:
        return []
    return [embed.thumbnail(decoded, probe, i) for i in chosen]


def points(probe: Probe, xy: Matrix) -> Points:
    """Places with their classes; one class without a name when there are no labels."""
    labels = np.array(probe.labels if probe.labelled else [-1] * len(probe), np.int16)
    return Points(xy, labels, probe.class_names if probe.labelled else ())


def _age(probe: Probe, evaluation: Evaluation, space: str) -> int:
    return _written(probe.folder / (embed.PIXELS if space == "pixels" else evaluation.file))


def _written(path: Path) -> int:
    """When a file was last written, since a resumed run may write the same step again; 0 when it is lost."""
    return path.stat().st_mtime_ns if path.exists() else 0


# The leading arguments name what is cached; those with an underscore only say how to get it.
@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _vectors(folder: str, file: str, space: str, age: int, _probe: Probe, _evaluation: Evaluation) -> Matrix:
    return embed.unit(embed.read_space(_probe, _evaluation, space))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _pca(folder: str, file: str, space: str, age: int, _probe: Probe, _evaluation: Evaluation) -> Projection:
    return embed.pca(_vectors(folder, file, space, age, _probe, _evaluation))


@st.cache_resource(max_entries=2, show_spinner=False)
def _decoded(folder: str, age: int, _probe: Probe) -> NDArray[np.uint8]:
    return embed.read_sheet(_probe)


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheet(folder: str, age: int, _probe: Probe) -> Sheet:
    return Sheet(embed.sheet_bytes(_probe), _probe.columns, _probe.cell)
