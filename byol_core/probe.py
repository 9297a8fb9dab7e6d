"""Looks at a run while it learns: kNN on held-out images beside its baselines, signs of health, and the embeddings.

The validation images are a share of the training images that training never sees; they give the live curve. The test
images are looked at for the map, and for the numbers at the end, and decide nothing. Of a large set only some training
images are looked at: they go to the device a chunk at a time, so that the set may be larger than any memory.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from byol_core.config import RunConfig
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet, blocks, content_digest
from byol_core.data.mapped import is_mapped, take
from byol_core.evaluate.knn import knn_accuracy
from byol_core.files import write_atomic, write_json
from byol_core.networks import Encoder

_CHUNK = 512  # pictures in one forward pass
_DEVICE_SHARE = 0.5  # of a GPU's free memory; the other half is for the training
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
    rows: Tensor | None = None,
) -> Tensor:
    """Representations (N, feature_dim) float32 of images (N, 3, H, W) uint8, in evaluation mode.

    The images may lie anywhere; the result lies where the encoder does. ``rows`` (n,) int64 are the images that are
    wanted, all if None. ``dtype`` is the precision of the convolutions; None is float32. The mode of the encoder is put
    back. ``pulse`` is called now and then, and may raise to break off.
    """
    was_training, device = encoder.training, next(encoder.parameters()).device
    encoder.eval()
    features = []
    with torch.autocast(device.type, dtype, enabled=dtype is not None):
        for chunk in _chunks(images, rows):
            pixels = chunk.to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
            features.append(encoder(pixels).float())
            pulse()
    encoder.train(was_training)
    return torch.cat(features)


def pixels(images: Tensor, side: int = PIXEL_SIDE, rows: Tensor | None = None) -> Tensor:
    """The raw-pixel baseline: images (N, 3, H, W) uint8 -> (n, 3 * s * s) in [0, 1], s at most ``side``."""
    small = [
        F.interpolate(c.float(), (side, side), mode="bilinear", antialias=True) if c.shape[2] > side else c.float()
        for c in _chunks(images, rows)
    ]
    return torch.cat(small).flatten(1) / 255


def _chunks(images: Tensor, rows: Tensor | None) -> Iterator[Tensor]:
    """Some images, or all, a few at a time, where they lie."""
    if rows is None and not is_mapped(images):
        yield from torch.split(images, _CHUNK)
        return
    rows = torch.arange(len(images)) if rows is None else rows
    for part in torch.split(rows, _CHUNK):
        yield take(images, part)


def placed(images: ImageSet, where: str, device: torch.device) -> Tensor:
    """The images where the training takes them from: on the device, unless they stream from a file or are too large.

    ``where`` is ``runtime.images``: "memory" asks for the device at any rate.
    """
    if images.on_disk:
        return images.images
    if device.type == "cuda" and where != "memory":
        free, _ = torch.cuda.mem_get_info(device)
        if images.images.numel() > _DEVICE_SHARE * free:
            return images.images
    return images.images.to(device)


class Probe:
    """The held-out images of one run, and what is measured on them.

    training, validation, test, shown: int64 rows of the set. bank, full_bank: the labelled training images, at most
    ``evaluation.bank`` of them, among which kNN looks for the neighbours of validation and of test images. looked_at:
    (M,) ascending, on the CPU, all rows that an evaluation needs; features are (M, D), one row for each of them.
    """

    def __init__(self, config: RunConfig, images: ImageSet, device: torch.device) -> None:
        self.config = config
        self.set = images
        self.images = placed(images, config.runtime.images, device)
        self.labels = None if images.labels is None else images.labels.to(device)
        generator = torch.Generator().manual_seed(config.seed)
        order = images.train[torch.randperm(len(images.train), generator=generator)]
        held = int(len(order) * config.data.validation)
        self.validation, self.training = order[:held].to(device), order[held:].to(device)
        self.test = images.test.to(device)
        # Drawn, since the images of a folder come class by class; the same for every run on the set.
        drawn = torch.randperm(len(images.test), generator=torch.Generator().manual_seed(0))
        self.shown = images.test[drawn[: config.evaluation.probe].sort().values]
        # The training images are in a drawn order already.
        self.bank = self._labelled(self.training)
        self.full_bank = self._labelled(torch.cat([self.training, self.validation]))
        self._asked = self._labelled(self.validation)
        judged = self.test if len(self.full_bank) else self.test[:0]
        used = [rows.cpu().numpy() for rows in (self.bank, self.full_bank, self._asked, judged, self.shown)]
        self.looked_at = torch.from_numpy(np.unique(np.concatenate(used)))

    def _labelled(self, rows: Tensor) -> Tensor:
        """The first of these rows that have a label, at most ``evaluation.bank``."""
        known = rows[:0] if self.labels is None else rows[self.labels[rows] >= 0]
        return known[: self.config.evaluation.bank]

    @cached_property
    def fingerprint(self) -> str:
        """Tells whether a set is still the same: pixels and split."""
        found = self.set
        return found.fingerprint or content_digest(blocks(found.images), found.train, found.test)

    def represent(
        self, encoder: Encoder, dtype: torch.dtype | None = None, pulse: Callable[[], None] = lambda: None
    ) -> Tensor:
        """Representations (M, feature_dim) float32 of the images that are looked at."""
        return represent(encoder, self.images, dtype, pulse, self.looked_at)

    def pixels(self) -> Tensor:
        """Raw pixels (M, d) of the images that are looked at."""
        return pixels(self.images, rows=self.looked_at)

    def rows(self, features: Tensor, places: Tensor) -> Tensor:
        """The features of these images: of (M, D) those looked at, or of (N, D) for the whole set."""
        if len(features) != len(self.set):
            places = torch.searchsorted(self.looked_at, places.cpu())
        return features[places.to(features.device)]

    def knn(self, features: Tensor, bank: Tensor, queries: Tensor) -> float | None:
        """Weighted kNN accuracy of images ``queries`` against images ``bank``; None without labels."""
        if self.labels is None or len(bank) == 0 or len(queries) == 0:
            return None
        settings = self.config.evaluation
        labels = self.labels
        return knn_accuracy(
            self.rows(features, bank).to(labels.device), labels[bank],
            self.rows(features, queries).to(labels.device), labels[queries],
            k=settings.k, temperature=settings.temperature,
        )  # fmt: skip

    def on_validation(self, features: Tensor) -> float | None:
        """The live number: the validation images against the training images."""
        return self.knn(features, self.bank, self._asked)

    def on_test(self, features: Tensor) -> float | None:
        """The final number: the test images against the training images, those held out for validation included."""
        return self.knn(features, self.full_bank, self.test)


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
        pictures = take(images.images, shown)
        write_atomic(self.folder / "thumbnails.webp", contact_sheet(pictures, min(_CELL, pictures.shape[2])))
        raw = (pixels(self.probe.set.images, 16, shown) * 255).round().byte()
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

    def add(
        self,
        step: int,
        epoch: float,
        representation: Tensor,
        projection: Tensor,
        accuracy: float | None,
        spectra: dict[str, Tensor],
    ) -> None:
        """Write one evaluation, a row a shown picture: the file first, then the index that names it."""
        from safetensors.torch import save

        name = f"step-{step:08d}.safetensors"
        vectors = {"representation": representation.half(), "projection": projection.half(), **spectra}
        tensors = {key: value.cpu().contiguous() for key, value in vectors.items()}
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
