"""A map taken away: a Parquet table, and a folder for TensorBoard's embedding projector."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from byol_core.embeddings.fields import Field
from byol_core.embeddings.snapshot import SPLITS, Evaluation, Matrix, Snapshot, read_predicted, read_space
from byol_core.embeddings.thumbnails import per_sheet, read_sheet, thumbnail

# As large as the projector reads: https://www.tensorflow.org/tensorboard/tensorboard_projector_plugin
_SPRITE_SIDE = 8192
_OURS = ("class", "split", "predicted")  # fields that are columns at any rate
_NO_LINE = str.maketrans("\t\r\n", "   ")


def table(snapshot: Snapshot, evaluation: Evaluation, space: str, xy: Matrix, fields: Sequence[Field] = ()) -> bytes:
    """A Parquet file, a row an image: ``row`` (of the set), ``split``, ``label``, ``class``, ``predicted`` (where the

    run kept it), ``x``, ``y``, and a column for each field. Which run's map it is says the file's metadata.
    """
    import pyarrow as pa
    from pyarrow import parquet

    columns: dict[str, Any] = {
        "row": pa.array(snapshot.ids.astype(np.int64)),
        "split": _words(snapshot.parts, SPLITS),
        "label": pa.array(snapshot.classes.astype(np.int64), mask=snapshot.classes < 0),
        "class": _words(snapshot.classes, snapshot.class_names),
    }
    if (kept := read_predicted(snapshot, evaluation)) is not None:
        columns["predicted"] = _words(kept[0], snapshot.class_names)
    columns |= {"x": pa.array(xy[:, 0].astype(np.float32)), "y": pa.array(xy[:, 1].astype(np.float32))}
    for field in fields:
        if field.name in _OURS and field.name in columns:
            continue
        name = field.name if field.name not in columns else f"{field.name} (field)"
        columns[name] = pa.array(field.values) if field.kind == "number" else _words(field.values, field.names)
    about = {"source": snapshot.source, "space": space, "step": str(evaluation.step), "epoch": f"{evaluation.epoch:g}"}
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns).replace_schema_metadata(about), buffer, compression="zstd")
    return buffer.getvalue()


def _words(values: Any, names: Sequence[str]) -> Any:
    """Names for places in them; null for -1."""
    import pyarrow as pa

    places = pa.array(values.astype(np.int32), mask=values < 0)
    return pa.array(list(names), pa.string()).take(places)


def projector(snapshot: Snapshot, evaluation: Evaluation, space: str) -> bytes:
    """A zip: unpack it and run ``tensorboard --logdir FOLDER``.

    It holds the vectors as float32 (``tensors.bytes``), ``metadata.tsv``, the images as ``sprite.png``, and what
    ties them together twice: for TensorBoard (``projector_config.pbtxt``) and for the projector on a page of its own
    (``projector_config.json``). LabError when the vectors or the images are lost.
    """
    vectors = read_space(snapshot, evaluation, space)
    sprite, cell = _sprite(snapshot)
    config = _config(f"{space} at step {evaluation.step}", vectors.shape, cell)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("tensors.bytes", np.ascontiguousarray(vectors, "<f4").tobytes(), zipfile.ZIP_STORED)
        archive.writestr("metadata.tsv", _metadata(snapshot, evaluation))
        archive.writestr("sprite.png", sprite, zipfile.ZIP_STORED)
        archive.writestr("projector_config.json", json.dumps({"embeddings": [config]}, indent=2) + "\n")
        archive.writestr("projector_config.pbtxt", _text(config))
    return buffer.getvalue()


def _config(name: str, shape: Sequence[int], cell: int) -> dict[str, Any]:
    """EmbeddingInfo of tensorboard/plugins/projector/projector_config.proto."""
    return {
        "tensorName": name,
        "tensorShape": list(shape),
        "tensorPath": "tensors.bytes",
        "metadataPath": "metadata.tsv",
        "sprite": {"imagePath": "sprite.png", "singleImageDim": [cell, cell]},
    }


def _text(config: dict[str, Any]) -> str:
    """The same in protobuf's text format."""
    shape = "".join(f"  tensor_shape: {length}\n" for length in config["tensorShape"])
    side = "".join(f"    single_image_dim: {length}\n" for length in config["sprite"]["singleImageDim"])
    return (
        f'embeddings {{\n  tensor_name: "{config["tensorName"]}"\n{shape}  tensor_path: "tensors.bytes"\n'
        f'  metadata_path: "metadata.tsv"\n  sprite {{\n    image_path: "sprite.png"\n{side}  }}\n}}\n'
    )


def _metadata(snapshot: Snapshot, evaluation: Evaluation) -> str:
    """A line an image under a line of names."""
    names = [name.translate(_NO_LINE) for name in snapshot.class_names] + [""]  # -1 is the last
    columns = {
        "row": [str(row) for row in snapshot.indices],
        "class": [names[label] for label in snapshot.classes.tolist()],
        "split": [SPLITS[part] for part in snapshot.parts.tolist()],
    }
    if (kept := read_predicted(snapshot, evaluation)) is not None:
        columns["predicted"] = [names[said] for said in kept[0].tolist()]
    lines = ["\t".join(line) for line in zip(*columns.values(), strict=True)]
    return "\n".join(["\t".join(columns), *lines]) + "\n"


def _sprite(snapshot: Snapshot) -> tuple[bytes, int]:
    """All images as one PNG, row-major in a square, and the side of each."""
    from PIL import Image

    across = int(np.ceil(np.sqrt(len(snapshot))))
    cell = min(snapshot.cell, _SPRITE_SIDE // across)
    whole = np.zeros((across * cell, across * cell, 3), np.uint8)
    decoded = None
    for i in range(len(snapshot)):
        if decoded is None or i % per_sheet(snapshot) == 0:
            decoded = read_sheet(snapshot, i // per_sheet(snapshot))
        picture = thumbnail(decoded, snapshot, i)
        if cell != snapshot.cell:
            picture = np.asarray(Image.fromarray(picture).resize((cell, cell)))
        row, column = divmod(i, across)
        whole[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = picture
    buffer = io.BytesIO()
    Image.fromarray(whole).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue(), cell
