"""What answers are made of, kept loaded between questions: the encoder, the run's set, its training images' vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.augment import apply, draw, resolve
from byol_core.augment.geometry import crop_resize
from byol_core.augment.parameters import Size
from byol_core.augment.policy import ViewPolicy
from byol_core.augment_study.requests import set_digest, untrained_digest
from byol_core.config import RunConfig, ViewsConfig
from byol_core.data.catalog import find
from byol_core.data.doing import at_start
from byol_core.data.imageset import ImageSet
from byol_core.data.mapped import take
from byol_core.data.remote import is_here, no_downloads
from byol_core.errors import InputError, LabError
from byol_core.evaluation.features import checked
from byol_core.evaluation.images import load_set
from byol_core.evaluation.protocol import Protocol
from byol_core.jobs import JobContext, Yield
from byol_core.messages import Message
from byol_core.networks import Encoder
from byol_core.system.device import pick_device
from byol_core.weights.encoder_files import load_encoder, read_config, untrained

# So many training images, evenly over them, stand for all: neighbors among more look no different, and take longer.
BANK = 4096
MOST_IMAGES = 256
CHUNK = 64  # images in one forward pass, so that a wish to stop is heard
Told = Callable[[float], None]


@dataclass(frozen=True)
class Material:
    """An encoder in evaluation mode, and the set of its run.

    rows: (n,) at most 256 images that are asked about, test images where there are any. bank: (m,) training images
    among which neighbors are looked for; both are rows of the set.
    """

    encoder: Encoder
    config: RunConfig
    images: ImageSet
    rows: Tensor
    bank: Tensor
    digest: str

    def out(self, views: ViewsConfig) -> Size:
        """The size of views of the set's images."""
        side = views.size or self.config.data.image_size
        return side, side


def load(task: dict[str, Any], job: JobContext) -> Material:
    """What the question is about; LabError when its weights or images cannot be read, or are others by now."""
    folder, plain = Path(str(task["run_folder"])), bool(task["untrained"])
    config = read_config(folder)
    images = _images(config, job)
    name = str(task["digest"])
    encoder = job.memory.get(("encoder", name))
    if encoder is None:
        encoder = job.memory.put(("encoder", name), _encoder(folder, config, images, plain, name))
    rows, bank = _split(images)
    return Material(encoder, config, images, rows, bank, name)


def _images(config: RunConfig, job: JobContext) -> ImageSet:
    """The run's set; only the last one is kept, since it may be large."""

    def tell(text: str, share: float) -> None:
        job.progress(0.1 * share, at_start(text))

    name = set_digest(config)
    kept: tuple[str, ImageSet] | None = job.memory.get("set")
    if kept is None or kept[0] != name:
        job.memory.pop("set", None)  # first, so that the two are never in memory together
        tell(Message("Loading images"), 0.0)
        kept = job.memory.put("set", (name, _loaded(config, tell)))
    return kept[1]


def _loaded(config: RunConfig, tell: Callable[[str, float], None]) -> ImageSet:
    """The set as far as it is here: a run that came from elsewhere may name one of many gigabytes."""
    entry = find(config.data.source)
    try:
        with no_downloads():
            return load_set(config, Protocol(), tell)
    except InputError:
        if entry is None or not entry.download_mb or is_here(entry, config.data.image_size):
            raise
        raise InputError(
            "The set '{name}' of this run is not on this machine; choose it under Set at the top of this page to load "
            "it, then try again.",
            name=entry.name,
        ) from None


def _encoder(folder: Path, config: RunConfig, images: ImageSet, plain: bool, name: str) -> Encoder:
    if plain:
        encoder, found = untrained(config, images), untrained_digest(config)
    else:
        loaded = load_encoder(folder)
        encoder, found = loaded.encoder, loaded.digest
    if found != name:
        raise LabError("This run has newer weights than were requested; try again.")
    return encoder.to(_device(config)).eval()


def _device(config: RunConfig) -> torch.device:
    """The device of the run, or the best one here: a run may have been trained on another machine."""
    try:
        return pick_device(config.runtime.device)
    except InputError:
        return pick_device()


def _split(images: ImageSet) -> tuple[Tensor, Tensor]:
    if len(images.test):
        return evenly(images.test, MOST_IMAGES), evenly(images.train, BANK)
    rows = evenly(images.train, min(MOST_IMAGES, len(images.train) // 2))
    return rows, evenly(images.train[~torch.isin(images.train, rows)], BANK)


def evenly(rows: Tensor, most: int) -> Tensor:
    """At most so many of these rows, evenly over them."""
    if len(rows) <= most:
        return rows
    return rows[torch.linspace(0, len(rows) - 1, most).round().long()]


# Vectors of length one


def bank(material: Material, out: Size, job: JobContext) -> Tensor:
    """The vectors (m, d) of the training images, as large as the views are: a size alone moves a representation.

    Raises Yield when a more urgent question waits; that one goes on where this one was.
    """
    name = ("bank", material.digest, set_digest(material.config), out)
    kept: Tensor | None = job.memory.get(name)
    return job.memory.put(name, _filled(material, out, job, name)) if kept is None else kept


def _filled(material: Material, out: Size, job: JobContext, name: tuple[Any, ...]) -> Tensor:
    parts: list[Tensor] = job.memory.make(("part of", *name), list)
    rows = torch.split(material.bank, CHUNK)
    for place in range(len(parts), len(rows)):
        job.progress(0.1 + 0.5 * place / len(rows), Message("Encoding the training images"))
        parts.append(plain(material, rows[place], out))
        if job.others():
            raise Yield
    job.memory.pop(("part of", *name), None)
    return torch.cat(parts)


def plain(material: Material, rows: Tensor, out: Size, told: Told = lambda share: None) -> Tensor:
    """The vectors (n, d) of images as they are, only resized to ``out``."""
    found = []
    for place, part in enumerate(torch.split(rows, CHUNK)):
        told(place * CHUNK / len(rows))
        found.append(unit(material.encoder, resized(take(material.images.images, part), out)))
    return torch.cat(found)


def resized(images: Tensor, out: Size) -> Tensor:
    """Images (B, 3, H, W) uint8 in [0, 1] and of that size, by the trainer's own resampling, and nothing else."""
    n, _, height, width = images.shape
    if (height, width) == out:
        return images.float() / 255
    whole, never = torch.tensor([[0, 0, height, width]]).expand(n, 4), torch.zeros(n, dtype=torch.bool)
    return crop_resize(images.float() / 255, whole, never, never, out)


def unit(encoder: Encoder, views: Tensor) -> Tensor:
    """Representations (B, d) of views (B, 3, h, w) in [0, 1], at length one, float32 on the CPU."""
    device = next(encoder.parameters()).device
    with torch.inference_mode():
        return F.normalize(checked(encoder(views.to(device)).float().cpu()), dim=1)


def both_views(images: Tensor, policy: ViewPolicy, seed: int, out: Size) -> tuple[Tensor, Tensor]:
    """The two views of images (n, 3, H, W) uint8, as the trainer draws and makes them, by that seed."""
    size = (images.shape[2], images.shape[3])
    drawn = draw(policy, len(images), torch.Generator().manual_seed(seed), size, out)
    with torch.inference_mode():
        return apply(images, drawn[0], out), apply(images, drawn[1], out)


def views_of(task: dict[str, Any]) -> tuple[ViewsConfig, ViewPolicy]:
    """The views that a question is about."""
    views = ViewsConfig.model_validate(task["views"])
    return views, resolve(views)
