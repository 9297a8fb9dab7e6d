"""What a run keeps for the map: ``embeddings/`` with the images, and at each evaluation what was made of them.

:mod:`byol_core.embeddings.snapshot` reads it.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from byol_core.data.catalog import load
from byol_core.data.mapped import take
from byol_core.embeddings.thumbnails import sheet_name
from byol_core.networks.features import pixels
from byol_core.system.files import write_atomic
from byol_core.training.eval_images import EvalImages

TEST = "test.safetensors"
_CELL, _SMALL_CELL, _FEW = 64, 32, 5000  # pixels of a thumbnail, of one among many, and how many are few
_COLUMNS = 50
# Of 64 pixels 3,200 a side, far from the 16,383 that WebP allows, and quick to decode.
PER_SHEET = 2500
_SHRUNK = 256  # at a time: of 224 pixels 150 MB as floats
_RELOAD = 6000  # sets up to this size are read again for sharper thumbnails than the training's size


@dataclass(frozen=True)
class Look:
    """One evaluation of the n mapped images.

    representation, projection: (n, d). accuracy: of kNN on the validation images. spectra: singular values by name.
    predicted: what kNN predicted for each, (n,) int16, and how sure it was, (n,) float16; None without labels.
    """

    step: int
    epoch: float
    representation: Tensor
    projection: Tensor
    accuracy: float | None
    spectra: dict[str, Tensor]
    predicted: tuple[Tensor, Tensor] | None


class EmbeddingFolder:
    """Writes what the map needs: the mapped images' representations at each evaluation, and their thumbnails."""

    def __init__(self, folder: Path, eval_images: EvalImages) -> None:
        self.folder = folder
        self.eval_images = eval_images
        self.evaluations: list[dict[str, Any]] = []
        self._cell = _CELL if len(eval_images.mapped) <= _FEW else _SMALL_CELL
        self._per_sheet = PER_SHEET

    def start(self) -> None:
        """Write the images and the raw pixels, once a run."""
        from safetensors.torch import save

        mapped, images = self.eval_images.mapped, self.eval_images.set
        side = images.images.shape[2]
        if side < self._cell and len(images) <= _RELOAD:
            data = self.eval_images.config.data
            sharper = load(data.source, self._cell, limit=data.limit, values=data.range)
            images = sharper if len(sharper) == len(images) else images  # the set may have changed on disk
        self._cell = min(self._cell, images.images.shape[2])
        for number, rows in enumerate(torch.split(mapped, self._per_sheet)):
            sheet = contact_sheet(take(images.images, rows), self._cell)
            write_atomic(self.folder / sheet_name(number), sheet)
        raw = (pixels(self.eval_images.set.images, 16, mapped) * 255).round().byte()
        write_atomic(self.folder / "pixels.safetensors", save({"pixels": raw}))

    def resume(self, state: dict[str, Any]) -> None:
        """Go on after a checkpoint that knew these evaluations; files of later ones are written again."""
        self.evaluations = list(state["evaluations"])
        self._cell = state["cell"]
        self._per_sheet = state["per_sheet"]

    def state(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {"evaluations": self.evaluations, "cell": self._cell, "per_sheet": self._per_sheet}

    def add(self, look: Look) -> None:
        """Write one evaluation: the file first, then the index that names it."""
        from safetensors.torch import save

        name = f"step-{look.step:08d}.safetensors"
        found = {"representation": look.representation.half(), "projection": look.projection.half(), **look.spectra}
        if look.predicted is not None:
            found |= dict(zip(("predicted", "confidence"), look.predicted, strict=True))
        write_atomic(self.folder / name, save({key: value.cpu().contiguous() for key, value in found.items()}))
        entry: dict[str, Any] = {"step": look.step, "epoch": round(look.epoch, 3), "file": name}
        entry |= {"knn_accuracy": look.accuracy, "knn_split": "validation"}
        entry["knn_images"] = self.eval_images.counts["validation"]
        self.evaluations = [e for e in self.evaluations if e["step"] != look.step] + [entry]
        self._write_index()

    def add_test(self, right: dict[str, Tensor]) -> None:
        """Write which test images were classified correctly in the end, so that runs can be compared image by image.

        ``right``: (Q,) bool by the key of the accuracy, of the labeled test images in their order.
        """
        from safetensors.torch import save

        rows = self.eval_images.tested
        assert self.eval_images.labels is not None
        found = {"rows": rows.int(), "labels": self.eval_images.labels[rows].int()}
        found |= {key: value.byte() for key, value in right.items()}
        write_atomic(self.folder / TEST, save({key: value.cpu().contiguous() for key, value in found.items()}))

    def _write_index(self) -> None:
        eval_images, data = self.eval_images, self.eval_images.config.data
        labels = None if eval_images.set.labels is None else eval_images.set.labels[eval_images.mapped].tolist()
        index = {
            "source": data.source,
            "image_size": data.image_size,
            "class_names": list(eval_images.set.class_names),
            "columns": _COLUMNS,
            "cell": self._cell,
            "per_sheet": self._per_sheet,
            "evaluations": self.evaluations,
            "indices": eval_images.mapped.tolist(),
            "labels": labels,
            "splits": eval_images.splits.tolist(),
        }
        write_atomic(self.folder / "probe.json", (json.dumps(index, ensure_ascii=False) + "\n").encode())


def _shrunk(images: Tensor, cell: int) -> Tensor:
    return F.interpolate(images.float(), (cell, cell), mode="bilinear", antialias=True).round().byte()


def contact_sheet(images: Tensor, cell: int) -> bytes:
    """Images (N, 3, H, W) uint8 as one WebP sheet of 50 columns, row-major, each ``cell`` pixels wide."""
    if images.shape[2] != cell:
        images = torch.cat([_shrunk(some, cell) for some in torch.split(images, _SHRUNK)])
    rows = -(-len(images) // _COLUMNS)
    sheet = torch.zeros(rows * _COLUMNS, 3, cell, cell, dtype=torch.uint8)
    sheet[: len(images)] = images
    grid = sheet.view(rows, _COLUMNS, 3, cell, cell).permute(0, 3, 1, 4, 2).reshape(rows * cell, _COLUMNS * cell, 3)
    buffer = io.BytesIO()
    Image.fromarray(grid.numpy()).save(buffer, "WEBP", quality=85)
    return buffer.getvalue()
