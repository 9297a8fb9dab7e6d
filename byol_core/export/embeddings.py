"""The representations of every image of the run's set, as Parquet.

Columns: ``row`` int64, the image's place in the set; ``split``, of train, validation, test and none; ``label`` int64
and ``class``, null without one; ``vector``, as many float32 as the representation is long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from byol_core.config import RunConfig
from byol_core.export.weights import header
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.weights.encoder_files import load_encoder

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from byol_core.data.imageset import ImageSet
    from byol_core.networks import Encoder

_PART = 4096  # images that are looked at and written together


def write_embeddings(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """Embed the whole set, in evaluation mode and float32, a part at a time; InputError when its images are gone."""
    from pyarrow import parquet

    from byol_core.data.catalog import load
    from byol_core.system.device import pick_device

    loaded = load_encoder(run.folder)
    data, config = loaded.config.data, loaded.config
    images = load(data.source, data.image_size, limit=data.limit, images=config.runtime.images, values=data.range)
    encoder = loaded.encoder.to(pick_device("auto"))
    schema = _schema(loaded.encoder.feature_dim, header(run, loaded))
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for part in _parts(encoder, images, config, schema):
            writer.write_table(part)


def _schema(length: int, said: dict[str, str]) -> pa.Schema:
    import pyarrow as pa

    columns: list[tuple[str, Any]] = [
        ("row", pa.int64()), ("split", pa.string()), ("label", pa.int64()), ("class", pa.string()),
        ("vector", pa.list_(pa.float32(), length)),
    ]  # fmt: skip
    return pa.schema(columns, metadata=said)


def _parts(encoder: Encoder, images: ImageSet, config: RunConfig, schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa
    import torch

    from byol_core.networks.features import represent

    splits = _splits(images, config)
    labels = None if images.labels is None else images.labels.numpy()
    for rows in torch.split(torch.arange(len(images)), _PART):
        vectors = represent(encoder, images.images, rows=rows).cpu().numpy()
        flat = pa.array(vectors.reshape(-1), pa.float32())
        place = rows.numpy()
        known = [-1] * len(place) if labels is None else labels[place].tolist()
        columns = [
            pa.array(place),
            pa.array(splits[place].tolist(), pa.string()),
            pa.array([label if label >= 0 else None for label in known], pa.int64()),
            pa.array([images.class_names[label] if label >= 0 else None for label in known], pa.string()),
            pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        ]
        yield pa.table(columns, schema=schema)


def _splits(images: ImageSet, config: RunConfig) -> NDArray[np.object_]:
    """Of each image what the run took it for."""
    import numpy as np
    import torch

    from byol_core.training.eval_images import EvalImages

    eval_images = EvalImages(config, images, torch.device("cpu"))
    found: NDArray[np.object_] = np.full(len(images), "none", dtype=object)
    for name, rows in (
        ("train", eval_images.training),
        ("validation", eval_images.validation),
        ("test", eval_images.test),
    ):
        found[rows.numpy()] = name
    return found
