"""What the job process does for maps: fit one, keep the fitted model in memory, and place an image on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byol_core.embeddings.map_request import asked
from byol_core.embeddings.pca import aligned, pca, unit
from byol_core.embeddings.quality import quality
from byol_core.embeddings.settings import MapSettings
from byol_core.embeddings.snapshot import Matrix, read_space
from byol_core.embeddings.timeline import frame_name, neighbor_frame, settings_of
from byol_core.embeddings.umap_tsne import Fit, fit
from byol_core.jobs import Answer, JobContext
from byol_core.messages import Message

_JUDGING = 0.95  # the share of the work that the fit is taken for


def answer_map(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """One frame of a film: ``xy`` (n, 2), what it was started from (``start``), and how far it can be believed."""
    snapshot, evaluation, space = asked(folder, task)
    settings = settings_of(task)
    job.progress(0.0, Message("Reading the vectors"))
    vectors = unit(read_space(snapshot, evaluation, space))
    start = neighbor_frame(snapshot, evaluation, space, settings)
    if settings.method == "PCA":
        found = pca(vectors)
        xy, shares = found.xy if start is None else aligned(found.xy, start), found.shares
    else:
        made = fit(vectors, settings, lambda share, text: job.progress(_JUDGING * share, text), start)
        xy, shares = made.xy, (float("nan"), float("nan"))
        if evaluation == snapshot.evaluations[-1]:  # the only one that an image is placed on, and a model is large
            job.memory.put(("map", frame_name(snapshot, evaluation, space, settings)), made)
    job.progress(_JUDGING, Message("Evaluating the map"))
    seen = quality(vectors, xy)
    kept = {"xy": xy} if start is None else {"xy": xy, "start": start}
    about = {"trust": seen.trust, "kept": seen.kept, "shares": shares, "looked_at": seen.looked_at}
    return Answer(kept, {**about, "settings": settings.in_effect(len(vectors))})


def fitted(folder: Path, task: dict[str, Any], vectors: Matrix, settings: MapSettings, job: JobContext) -> Fit:
    """The fitted model of a map that is there, from memory, or found again from its start and its seed."""
    from byol_core import jobs

    snapshot, evaluation, space = asked(folder, task)
    name = frame_name(snapshot, evaluation, space, settings)
    kept: Fit | None = job.memory.get(("map", name))
    if kept is not None:
        return kept
    there = jobs.result(folder, name)
    start = None if there is None else there.arrays.get("start")

    def progress(share: float, doing: str) -> None:
        job.progress(_JUDGING * share, Message("{doing} again", doing=doing))

    made = fit(vectors, settings, progress, start)
    job.memory.put(("map", name), made)
    return made
