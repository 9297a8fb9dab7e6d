"""The images that a question is about: the whole set, and single ones as arrays, (H, W, 3) uint8."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from byol_core.config import RunConfig
from byol_core.config.value_range import AUTO
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.results import Predictions
from byol_core.weights.encoder_files import read_config

if TYPE_CHECKING:
    from byol_core.data.imageset import ImageSet

Picture = NDArray[np.uint8]


def source(config: RunConfig, protocol: Protocol) -> str:
    """The name or the path of the set that a run is evaluated on: its own, or another."""
    return protocol.data or config.data.source


def limit(config: RunConfig, protocol: Protocol) -> int | None:
    """How many images of that set are read: the run's limit is one of its own set alone."""
    return None if protocol.data else config.data.limit


def value_range(config: RunConfig, protocol: Protocol) -> str:
    """How the values of that set are scaled: the run's setting is one of its own set alone."""
    return AUTO if protocol.data else config.data.range


def load_set(config: RunConfig, protocol: Protocol, progress: Callable[[str, float], None] | None = None) -> ImageSet:
    """That set, in the run's size, the run's own with its limit as the trainer reads it. Raises as ``catalog.load``."""
    from byol_core.data.catalog import load

    data = config.data
    return load(
        source(config, protocol),
        data.image_size,
        progress=progress,
        limit=limit(config, protocol),
        images=config.runtime.images,
        values=value_range(config, protocol),
    )


def pictures(run_folder: Path, judged: Judged, predictions: Predictions, rows: Iterable[int]) -> dict[int, Picture]:
    """These rows of the set that an answer is about; none when the set has other labels now than it had then."""
    images = load_set(read_config(run_folder), judged.protocol)
    if images.labels is None or int(predictions.rows.max()) >= len(images):
        return {}
    if not np.array_equal(images.labels.numpy()[predictions.rows], predictions.labels):
        return {}
    return pictures_of(images, rows)


def pictures_of(images: ImageSet, rows: Iterable[int]) -> dict[int, Picture]:
    """These rows of a set at hand, as large as they are in it."""
    import torch

    from byol_core.data.mapped import take

    wanted = list(dict.fromkeys(rows))
    found = take(images.images, torch.tensor(wanted, dtype=torch.int64)).movedim(1, -1).contiguous().numpy()
    return dict(zip(wanted, found, strict=True))


def png(picture: Picture) -> bytes:
    """One image as a PNG file."""
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "PNG")
    return packed.getvalue()
