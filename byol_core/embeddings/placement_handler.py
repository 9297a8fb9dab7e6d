"""An image through a run's network, and its place among the mapped images: the work behind :mod:`.place`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from byol_core.embeddings.map_handler import fitted
from byol_core.embeddings.map_request import asked
from byol_core.embeddings.pca import aligned, axes_of, unit
from byol_core.embeddings.placement import NEIGHBORS
from byol_core.embeddings.settings import MapSettings
from byol_core.embeddings.snapshot import Evaluation, Matrix, Snapshot, read_space
from byol_core.embeddings.timeline import settings_of
from byol_core.errors import InputError, LabError
from byol_core.jobs import Answer, JobContext
from byol_core.messages import Message, encode, sentences
from byol_core.weights.encoder_files import CHECKPOINTS, Loaded, digest, load_encoder

if TYPE_CHECKING:
    from torch import Tensor, nn

_SHARPNESS = 0.1  # a neighbor weighs exp(cosine / 0.1), as in the kNN that evaluates a run
_PREFIX = "online.projector."
_NO_PROJECTOR = Message(
    "This run has kept no checkpoint with its projector, so an image cannot be placed among projections: "
    "choose the representation."
)


def answer_place(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """Where an image belongs among the images of a map, and those most like it."""
    snapshot, evaluation, space = asked(folder, task)
    picture, xy = _checked(arrays, len(snapshot))
    job.progress(0.0, Message("Loading the network"))
    run_folder = folder.parent.parent
    vector, note = _vector(run_folder, snapshot, evaluation, space, picture, job)
    vectors = unit(read_space(snapshot, evaluation, space))
    if vector.shape != vectors.shape[1:]:
        raise LabError("The weights that this run has kept do not belong to its newest evaluation.")
    cosine = vectors @ unit(vector[None])[0]
    near = np.argsort(-cosine, kind="stable")[: min(NEIGHBORS, len(snapshot))].astype(np.int32)
    place, how = _place(folder, task, settings_of(task), vectors, unit(vector[None]), xy, (near, cosine), job)
    distances = np.maximum(1 - cosine[near], 0).astype(np.float32)
    found = {"xy": place.astype(np.float32), "near": near, "distances": distances}
    said = sentences(how, note)
    return Answer(found, {"note": str(said), "said": encode(said)})


def _checked(arrays: dict[str, Any], n: int) -> tuple[NDArray[np.uint8], Matrix]:
    """The image and the places that came with the question."""
    picture, xy = arrays.get("picture"), arrays.get("xy")
    if picture is None or picture.dtype != np.uint8 or picture.ndim != 3 or len(picture) != 3 or min(picture.shape) < 1:
        raise InputError("This is not an image of three colors.")
    if xy is None or xy.shape != (n, 2) or not np.isfinite(xy).all():
        raise InputError("The map that the image was to be placed on cannot be read; try again.")
    return picture, xy


# The image's vector


def _vector(
    run_folder: Path,
    snapshot: Snapshot,
    evaluation: Evaluation,
    space: str,
    picture: NDArray[np.uint8],
    job: JobContext,
) -> tuple[Matrix, str]:
    """What the run's network makes of the image (d,), and what is to be said about the weights."""
    import torch

    from byol_core.networks.features import pixels, represent

    image = _sized(torch.from_numpy(picture)[None], snapshot.image_size)
    if space == "pixels":
        raw: Matrix = (pixels(image, 16) * 255).round()[0].numpy()
        return raw, ""
    loaded: Loaded = job.memory.make(("encoder", str(run_folder), digest(run_folder)), lambda: load_encoder(run_folder))
    step, note = loaded.step, ""
    features = represent(loaded.encoder, image)
    if space == "projection":
        projector, step = _projector(run_folder, loaded, job)
        with torch.no_grad():
            features = projector(features)
    if step is not None and step != evaluation.step:
        note = Message(
            "The weights that are kept are those of step {kept}, the map is of step {mapped}.",
            kept=step,
            mapped=evaluation.step,
        )
    vector: Matrix = features[0].float().numpy()
    return vector, note


def _sized(image: Tensor, side: int) -> Tensor:
    """The image in the size of the run's images."""
    from torch.nn import functional as F

    if tuple(image.shape[2:]) == (side, side):
        return image
    sized = F.interpolate(image.float(), (side, side), mode="bilinear", antialias=True)
    return sized.round().clamp(0, 255).byte()


def _projector(run_folder: Path, loaded: Loaded, job: JobContext) -> tuple[nn.Module, int]:
    """The projector of the newest checkpoint that can be read, in evaluation mode, and its step."""
    from byol_core.weights import checkpoint

    for path in checkpoint.checkpoints(run_folder / CHECKPOINTS):
        key = ("projector", str(path), path.stat().st_mtime_ns)
        found: tuple[nn.Module, int] | None = job.memory.make(key, partial(_read_projector, path, loaded))
        if found is not None:
            return found
    raise LabError(_NO_PROJECTOR)


def _read_projector(path: Path, loaded: Loaded) -> tuple[nn.Module, int] | None:
    from byol_core.networks import build_projector
    from byol_core.networks.sound import unusable
    from byol_core.weights import checkpoint

    state, config = checkpoint.read(path), loaded.config
    if state is None:
        return None
    projector = build_projector(config.network, config.method.objective, loaded.encoder.feature_dim)
    values = {key.removeprefix(_PREFIX): value for key, value in state["model"].items() if key.startswith(_PREFIX)}
    try:
        projector.load_state_dict(values)
    except RuntimeError:
        return None
    if unusable(projector.state_dict()):
        return None
    return projector.eval(), int(state["step"])


# Its place


def _place(
    folder: Path,
    task: dict[str, Any],
    settings: MapSettings,
    vectors: Matrix,
    vector: Matrix,
    xy: Matrix,
    likest: tuple[NDArray[np.int32], Matrix],
    job: JobContext,
) -> tuple[Matrix, str]:
    """The place (2,) by the map's own rule where it has one, and how it was found."""
    if settings.method == "PCA":
        axes = axes_of(vectors, 2)
        return _onto(axes.place(vectors), axes.place(vector), xy), Message("Placed by the axes of the map.")
    if settings.method == "UMAP":
        job.progress(0.2, Message("Placing the image"))
        made = fitted(folder, task, vectors, settings, job)
        return _onto(made.xy, made.place(vector), xy), Message("Placed by the fitted UMAP.")
    near, cosine = likest
    weights = np.exp((cosine[near] - cosine[near[0]]) / _SHARPNESS)
    place: Matrix = (weights[:, None] * xy[near]).sum(0) / weights.sum()
    how = Message(
        "{method} has no rule for new images: the place is the mean of those of the {n} nearest, "
        "weighted by similarity.",
        method=settings.method,
        n=len(near),
    )
    return place, how


def _onto(places: Matrix, place: Matrix, xy: Matrix) -> Matrix:
    """A place in the map as it was made, turned as the map that is shown."""
    missing = np.full((1, 2), np.nan, np.float32)
    both = np.vstack([_flat(places), _flat(place)])
    turned: Matrix = aligned(both, np.vstack([xy, missing]))[-1]
    return turned


def _flat(places: Matrix) -> Matrix:
    """PCA of vectors with a single number has one axis."""
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
