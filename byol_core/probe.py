"""Looks at a run while it learns: kNN on held-out images beside its baselines, signs of health, and the embeddings.

The validation images are a share of the training images that training never sees; they give the live curve. The test
images are looked at for the map, and for the numbers at the end, and decide nothing.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from byol_core.config import RunConfig
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.evaluate import knn_accuracy
from byol_core.files import write_atomic, write_json
from byol_core.method import Branch
from byol_core.networks import Encoder

_CHUNK = 512  # pictures in one forward pass
_CELL = 64  # pixels of a thumbnail
_COLUMNS = 50
_RELOAD = 6000  # sets up to this size are read again for sharper thumbnails than the training's size
PIXEL_SIDE = 32  # the raw-pixel baseline compares pictures of at most this side


@torch.no_grad()
def represent(
    encoder: Encoder,
    images: Tensor,
    dtype: torch.dtype | None = None,
    pulse: Callable[[], None] = lambda: None,
) -> Tensor:
    """Representations (N, feature_dim) float32 of images (N, 3, H, W) uint8, in evaluation mode.

    ``dtype`` is the precision of the convolutions; None is float32. The mode of the encoder is put back. ``pulse`` is
    called now and then, and may raise to break off.
    """
    was_training = encoder.training
    encoder.eval()
    rows = []
    with torch.autocast(images.device.type, dtype, enabled=dtype is not None):
        for chunk in torch.split(images, _CHUNK):
            pixels = chunk.float().div_(255).contiguous(memory_format=torch.channels_last)
            rows.append(encoder(pixels).float())
            pulse()
    encoder.train(was_training)
    return torch.cat(rows)


def pixels(images: Tensor, side: int = PIXEL_SIDE) -> Tensor:
    """The raw-pixel baseline: images (N, 3, H, W) uint8 -> (N, 3 * s * s) in [0, 1], s at most ``side``."""
    small = [
        F.interpolate(c.float(), (side, side), mode="bilinear", antialias=True) if c.shape[2] > side else c.float()
        for c in torch.split(images, _CHUNK)
    ]
    return torch.cat(small).flatten(1) / 255


class Probe:
    """The held-out images of one run, and what is measured on them."""

    def __init__(self, config: RunConfig, images: ImageSet, device: torch.device) -> None:
        self.config = config
        self.set = images
        self.images = images.images.to(device)
        self.labels = None if images.labels is None else images.labels.to(device)
        generator = torch.Generator().manual_seed(config.seed)
        order = images.train[torch.randperm(len(images.train), generator=generator)]
        held = int(len(order) * config.data.validation)
        self.validation, self.training = order[:held].to(device), order[held:].to(device)
        self.test = images.test.to(device)
        # Drawn, since the images of a folder come class by class; the same for every run on the set.
        drawn = torch.randperm(len(images.test), generator=torch.Generator().manual_seed(0))
        self.shown = images.test[drawn[: config.evaluation.probe].sort().values]

    @cached_property
    def fingerprint(self) -> str:
        """Tells whether a set is still the same: pixels and split."""
        digest = hashlib.sha256()
        for part in (self.set.images, self.set.train, self.set.test):
            digest.update(part.numpy().tobytes())
        return digest.hexdigest()[:16]

    def knn(self, features: Tensor, bank: Tensor, queries: Tensor) -> float | None:
        """Weighted kNN accuracy of rows ``queries`` against rows ``bank`` of ``features``; None without labels."""
        if self.labels is None or len(bank) == 0 or len(queries) == 0:
            return None
        settings = self.config.evaluation
        labels = self.labels
        return knn_accuracy(
            features[bank], labels[bank], features[queries], labels[queries],
            k=settings.k, temperature=settings.temperature,
        )  # fmt: skip

    def on_validation(self, features: Tensor) -> float | None:
        """The live number: the validation images against the training images."""
        return self.knn(features, self.training, self.validation)

    def on_test(self, features: Tensor) -> float | None:
        """The final number: the test images against all training images, those held out for validation included."""
        return self.knn(features, torch.cat([self.training, self.validation]), self.test)


class EmbeddingFolder:
    """Writes what the map needs: the shown test images' representations at each evaluation, and their pictures."""

    def __init__(self, folder: Path, probe: Probe) -> None:
        self.folder = folder
        self.probe = probe
        self.evaluations: list[dict[str, Any]] = []

    def start(self) -> None:
        """Write the pictures and the raw pixels, once a run."""
        from safetensors.torch import save

        shown, images = self.probe.shown, self.probe.set
        side = images.images.shape[2]
        if side < _CELL and len(images) <= _RELOAD:
            data = self.probe.config.data
            sharper = load(data.source, _CELL, limit=data.limit)
            images = sharper if len(sharper) == len(images) else images  # the set may have changed on disk
        pictures = images.images[shown].cpu()
        write_atomic(self.folder / "thumbnails.webp", contact_sheet(pictures, min(_CELL, pictures.shape[2])))
        raw = (pixels(self.probe.set.images[shown].cpu(), 16) * 255).round().byte()
        write_atomic(self.folder / "pixels.safetensors", save({"pixels": raw}))
        self._cell = min(_CELL, pictures.shape[2])

    def resume(self, evaluations: list[dict[str, Any]], cell: int) -> None:
        """Go on after a checkpoint that knew these evaluations; files of later ones are written again."""
        self.evaluations = list(evaluations)
        self._cell = cell

    @property
    def cell(self) -> int:
        """Pixels of a thumbnail's side."""
        return self._cell

    @torch.no_grad()
    def add(self, step: int, epoch: float, features: Tensor, branch: Branch, accuracy: float | None) -> None:
        """Write one evaluation: the file first, then the index that names it."""
        from safetensors.torch import save

        rows = features[self.probe.shown.to(features.device)]
        was_training = branch.projector.training
        branch.projector.eval()
        projection = branch.projector(rows)
        branch.projector.train(was_training)
        name = f"step-{step:08d}.safetensors"
        tensors = {"representation": rows.half().cpu().contiguous(), "projection": projection.half().cpu().contiguous()}
        write_atomic(self.folder / name, save(tensors))
        entry = {"step": step, "epoch": round(epoch, 3), "file": name, "knn_accuracy": accuracy}
        self.evaluations = [e for e in self.evaluations if e["step"] != step] + [entry]
        self._write_index()

    def _write_index(self) -> None:
        probe, data = self.probe, self.probe.config.data
        labels = None if probe.set.labels is None else probe.set.labels[probe.shown].tolist()
        write_json(
            self.folder / "probe.json",
            {
                "source": data.source,
                "image_size": data.image_size,
                "indices": probe.shown.tolist(),
                "labels": labels,
                "class_names": list(probe.set.class_names),
                "columns": _COLUMNS,
                "cell": self._cell,
                "evaluations": self.evaluations,
            },
        )


def contact_sheet(images: Tensor, cell: int) -> bytes:
    """Pictures (N, 3, H, W) uint8 as one WebP sheet of 50 columns, row-major, each ``cell`` pixels wide."""
    if images.shape[2] != cell:
        images = F.interpolate(images.float(), (cell, cell), mode="bilinear", antialias=True).round().byte()
    rows = -(-len(images) // _COLUMNS)
    sheet = torch.zeros(rows * _COLUMNS, 3, cell, cell, dtype=torch.uint8)
    sheet[: len(images)] = images
    grid = sheet.view(rows, _COLUMNS, 3, cell, cell).permute(0, 3, 1, 4, 2).reshape(rows * cell, _COLUMNS * cell, 3)
    buffer = io.BytesIO()
    Image.fromarray(grid.numpy()).save(buffer, "WEBP", quality=85)
    return buffer.getvalue()
