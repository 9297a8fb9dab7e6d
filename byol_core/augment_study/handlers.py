"""The answers to the questions of :mod:`byol_core.augment_study.requests`, made in the job process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byol_core.augment.parameters import Size
from byol_core.augment.policy import ViewPolicy
from byol_core.augment_study import context
from byol_core.augment_study.context import Material
from byol_core.augment_study.requests import MOST_PICTURES, STRENGTHS, THUMBNAIL
from byol_core.augment_study.verdict import Numbers
from byol_core.config import OPERATIONS
from byol_core.data.mapped import take
from byol_core.errors import InputError
from byol_core.jobs import Answer, JobContext, Yield
from byol_core.messages import Message

K = 10  # neighbors that the verdict asks for an image's kind
_SEED = 0  # of the views that a verdict and a curve are about
_MOST_BYTES, _MOST_FILES = 256 * 2**20, 1000  # of all answers that are kept
_LONGEST_SECONDS = 7 * 86400  # that a question lies there without an answer
_SECONDS = 120.0  # that all curves should take; on a slow machine they go over fewer images
_FEWEST = 32
_OPERATIONS: Mapping[str, Message] = {
    "crop": Message("crop"),
    "flip_horizontal": Message("flip horizontal"),
    "flip_vertical": Message("flip vertical"),
    "rotation": Message("rotation"),
    "translation": Message("translation"),
    "brightness": Message("brightness"),
    "contrast": Message("contrast"),
    "saturation": Message("saturation"),
    "hue": Message("hue"),
    "grayscale": Message("grayscale"),
    "blur": Message("blur"),
    "solarize": Message("solarize"),
    "noise": Message("noise"),
    "cutout": Message("cutout"),
}


def pairs(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """How alike the two views of each image are, and the training images nearest to each."""
    _prune(folder)
    images, k = torch.from_numpy(_pictures(arrays)), min(50, max(1, int(task["k"])))
    found = context.load(task, job)
    views, policy = context.views_of(task)
    out = (views.size, views.size) if views.size else (images.shape[2], images.shape[3])
    made = context.both_views(images, policy, int(task["seed"]), out)
    vectors = torch.stack([context.unit(found.encoder, view) for view in made], 1)
    job.partial(_resembling(found, vectors, torch.zeros(0, vectors.shape[2]), k))  # the cosines, while the rest comes
    return _resembling(found, vectors, context.bank(found, out, job), k)


def _resembling(found: Material, vectors: Tensor, bank: Tensor, k: int) -> Answer:
    """Of vectors (n, 2, d) the cosine of each pair, and the k nearest of a bank (m, d), none where m is 0."""
    cosines, places = (vectors @ bank.T).topk(min(k, len(bank)), dim=2)
    near = found.bank[places]
    arrays = {
        "cosine": vectors.prod(1).sum(1).numpy(),
        "near": near.int().numpy(),
        "near_cosine": cosines.numpy(),
        "labels": _labels(found, near).short().numpy(),
        "thumbnails": _thumbnails(found, near),
    }
    images = found.images
    names = {"class_names": list(images.class_names), "among": len(bank), "training": len(images.train)}
    return Answer(arrays, names)


def _pictures(arrays: dict[str, Any]) -> Any:
    images = arrays.get("images")
    if images is None or images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 3:
        raise InputError("The images of this request cannot be read; ask again.")
    if not 0 < len(images) <= MOST_PICTURES:
        raise InputError("Between 1 and {most} images can be compared at once.", most=MOST_PICTURES)
    return images


def _labels(found: Material, rows: Tensor) -> Tensor:
    labels = found.images.labels
    return torch.full(rows.shape, -1) if labels is None else labels[rows]


def _thumbnails(found: Material, rows: Tensor) -> Any:
    """(…, 3, 32, 32) uint8 of these rows of the set."""
    if not rows.numel():
        return np.zeros((*rows.shape, 3, THUMBNAIL, THUMBNAIL), np.uint8)
    pixels = take(found.images.images, rows.flatten())
    small = context.resized(pixels, (THUMBNAIL, THUMBNAIL)).clamp(0, 1)
    return (small * 255).round().to(torch.uint8).reshape(*rows.shape, *small.shape[1:]).numpy()


# The verdict


def verdict(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """The numbers of :class:`byol_core.augment_study.verdict.Numbers`."""
    _prune(folder)
    found = context.load(task, job)
    views, policy = context.views_of(task)
    out = found.out(views)
    bank = context.bank(found, out, job)
    encoding = Message("Encoding images")
    own = context.plain(found, found.rows, out, lambda share: job.progress(0.6 + 0.1 * share, encoding))
    first, second = _views_of(found, policy, out, job)
    return Answer(about=asdict(numbers(found, own, first, second, bank)))


def _views_of(found: Material, policy: ViewPolicy, out: Size, job: JobContext) -> tuple[Tensor, Tensor]:
    made: list[tuple[Tensor, Tensor]] = []
    parts = torch.split(found.rows, context.CHUNK)
    for number, part in enumerate(parts):
        job.progress(0.7 + 0.3 * number / len(parts), Message("Encoding their views"))
        both = context.both_views(take(found.images.images, part), policy, _SEED + number, out)
        made.append((context.unit(found.encoder, both[0]), context.unit(found.encoder, both[1])))
    return torch.cat([pair[0] for pair in made]), torch.cat([pair[1] for pair in made])


def numbers(found: Material, own: Tensor, first: Tensor, second: Tensor, bank: Tensor) -> Numbers:
    """What the verdict rests on, from vectors of length one: of images, of both their views, of training images."""
    k = min(K, len(bank))
    near = [(vectors @ bank.T).topk(k, dim=1).indices for vectors in (own, first, second)]
    labels = None if found.images.labels is None else found.images.labels[found.rows]
    pair, different = float((first * second).sum(1).mean()), unlike(own)
    if labels is None or not bool((labels >= 0).any()) or found.images.labels is None:
        shared = [float((view[:, :, None] == near[0][:, None]).any(2).float().mean()) for view in near[1:]]
        return Numbers(pair, different, sum(shared) / 2, 1.0, k / len(bank), k, len(own), labeled=False)
    known, kinds = labels >= 0, found.images.labels[found.bank]
    kept, *shown = (float((kinds[view] == labels[:, None])[known].float().mean()) for view in near)
    return Numbers(pair, different, sum(shown) / 2, kept, _chance(labels[known], kinds), k, len(own), labeled=True)


def unlike(own: Tensor) -> float:
    """The mean cosine of two different ones of vectors (n, d) of length one; 0 where there is only one."""
    n = len(own)
    return float((own.sum(0).square().sum() - n) / (n * (n - 1))) if n > 1 else 0.0


def _chance(labels: Tensor, kinds: Tensor) -> float:
    """How often a training image drawn at random is of an image's class."""
    share = torch.bincount(kinds[kinds >= 0], minlength=int(labels.max()) + 1) / len(kinds)
    return float(share[labels].mean())


# The curves


def curves(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """Mean and deviation of the cosine between an image and the image with one operation alone, for each strength.

    Every strength has the same random numbers, so that a curve is smooth. What is done is remembered, so that a
    question that somebody waits for may come in between.
    """
    _prune(folder)
    found = context.load(task, job)
    side = int(task["size"] or found.config.data.image_size)
    begun: _Begun = job.memory.make(("curves", found.digest, task["set"], side), lambda: _begin(found, (side, side)))
    mean, sd = begun.answer.arrays["mean"], begun.answer.arrays["sd"]
    left = [(row, place) for row, place in np.ndindex(mean.shape) if np.isnan(mean[row, place])]
    for row, place in left:
        measuring = Message("Measuring {operation}", operation=_OPERATIONS[OPERATIONS[row]])
        job.progress(0.1 + 0.9 * (row + place / len(STRENGTHS)) / len(OPERATIONS), measuring)
        cosines = _cosines(found, begun, alone(OPERATIONS[row], STRENGTHS[place]), (side, side), job)
        mean[row, place], sd[row, place] = float(cosines.mean()), float(cosines.std(correction=0))
        job.partial(begun.answer)
        if job.others():
            raise Yield
    return begun.answer


@dataclass(frozen=True)
class _Begun:
    """Curves that grow: over which rows of the set, the vectors of those images, and what is measured so far."""

    rows: Tensor
    own: Tensor
    answer: Answer


def _begin(found: Material, out: Size) -> _Begun:
    """Nothing measured yet but that a strength of 0 changes nothing, and over how many images it will be."""
    few = found.rows[:_FEWEST]
    if not len(few):
        raise InputError("The set has too few images to evaluate.")
    context.plain(found, few, out)  # the first pass of all takes longer
    began = time.perf_counter()
    context.plain(found, few, out)
    seconds = (time.perf_counter() - began) / len(few) * len(OPERATIONS) * (len(STRENGTHS) - 1)
    rows = context.evenly(found.rows, max(_FEWEST, int(_SECONDS / max(seconds, 1e-6))))
    own = context.plain(found, rows, out)
    arrays = {name: np.full((len(OPERATIONS), len(STRENGTHS)), np.nan, np.float32) for name in ("mean", "sd")}
    arrays["mean"][:, 0], arrays["sd"][:, 0] = 1, 0
    return _Begun(rows, own, Answer(arrays, {"images": len(rows), "unlike": unlike(own)}))


def alone(operation: str, strength: float) -> ViewPolicy:
    """One operation and no other, at that strength; those with a probability of their own happen to every image."""
    always = (1.0, 1.0)
    return ViewPolicy({**dict.fromkeys(OPERATIONS, 0.0), operation: strength}, always, always, always)


def _cosines(found: Material, begun: _Begun, policy: ViewPolicy, out: Size, job: JobContext) -> Tensor:
    """(n,) the cosine between each image and what the policy makes of it."""
    cosines = []
    for number, part in enumerate(torch.split(torch.arange(len(begun.rows)), context.CHUNK)):
        job.check()
        view, _ = context.both_views(take(found.images.images, begun.rows[part]), policy, _SEED + number, out)
        cosines.append((context.unit(found.encoder, view) * begun.own[part]).sum(1))
    return torch.cat(cosines)


def _prune(folder: Path) -> None:
    """Keep the answers within bounds: those that nobody has looked at for longest go, and questions of long ago."""
    kept, files, room = [], 0, 0
    for path in folder.glob("*.safetensors"):
        with suppress(OSError):  # another one went meanwhile
            found = path.stat()
            kept.append((found.st_mtime_ns, found.st_size, path))
    for _, size, path in sorted(kept, reverse=True):
        files, room = files + 1, room + size
        if files > _MOST_FILES or room > _MOST_BYTES:
            with suppress(OSError):
                path.unlink()
    for path in folder.glob("*.json"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _LONGEST_SECONDS:
                path.unlink()
