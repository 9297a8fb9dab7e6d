"""Questions on what augmentations do to an encoder, asked without waiting: look again until the answer is there.

Answers are kept under ``HOME/lab/``, named by all that they depend on: the weights, the set, the images, the views
and the seed. Knows no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from byol_core.augment_study.verdict import Numbers, Verdict, judge
from byol_core.config import OPERATIONS, RunConfig, ViewsConfig
from byol_core.config.value_range import AUTO
from byol_core.data.catalog import find
from byol_core.errors import LabError
from byol_core.jobs import Answer, Job, JobKind, queue
from byol_core.messages import Message
from byol_core.system import paths
from byol_core.system.fingerprint import stamp_of
from byol_core.weights.encoder_files import digest, read_config

FOLDER = "lab"
# The pairs are what somebody looks at; a verdict takes longer, and curves longest. Whoever drags a slider may not wait.
_STUDY = JobKind("", "", latest_first=True, niceness=0)
PAIRS = replace(_STUDY, name="pairs", handler="byol_core.augment_study.handlers:pairs")
VERDICT = replace(_STUDY, name="verdict", handler="byol_core.augment_study.handlers:verdict", rank=1)
CURVES = replace(_STUDY, name="curves", handler="byol_core.augment_study.handlers:curves", rank=2)
# Part of every key: raised when the same question would get another answer.
VERSION = "lab-1"
STRENGTHS = tuple(number / 4 for number in range(9))  # 0, 0.25 … 2
THUMBNAIL = 32  # pixels, the side of a neighbor's image
MOST_PICTURES = 64
# What a curve averages over where an operation has a probability of its own.
OFTEN = Message(
    "Mirrored, or gray, as often as the strength says: the mean goes over the images that were not as well."
)
ALWAYS = Message("Done to every image, whatever the preset's probability.")
NOTES: Mapping[str, str] = {
    **dict.fromkeys(("flip_horizontal", "flip_vertical", "grayscale"), OFTEN),
    **dict.fromkeys(("brightness", "contrast", "saturation", "hue", "blur", "solarize"), ALWAYS),
}


@dataclass(frozen=True)
class Subject:
    """Whose representation: the encoder of a run (of its end, else of its newest checkpoint), or the same network
    before it learned. ``name`` is what people call it."""

    run_folder: Path
    untrained: bool = False
    name: str = ""


@dataclass(frozen=True)
class Pairs:
    """n images, two views each. cosine: (n,) of the two views' representations, -1 to 1.

    near: (n, 2, k) rows of the run's set, the training images nearest to each view, with their cosines, their labels
    (-1: none) and images (n, 2, k, 3, 32, 32) uint8. among: how many of the ``training`` images were looked at. While
    the question is running, k may be 0: the cosines come first.
    """

    cosine: NDArray[np.float32]
    near: NDArray[np.int32]
    near_cosine: NDArray[np.float32]
    labels: NDArray[np.int16]
    thumbnails: NDArray[np.uint8]
    class_names: tuple[str, ...]
    among: int
    training: int


@dataclass(frozen=True)
class Curves:
    """The invariance to each operation alone. strengths: (9,), 0 to 2. mean, sd: (operations, 9), rows in the order of
    OPERATIONS, of the cosine between an image and what the operation makes of it; NaN: not measured yet.

    images: how many the mean goes over. unlike: the mean cosine of two different images.
    """

    strengths: NDArray[np.float32]
    mean: NDArray[np.float32]
    sd: NDArray[np.float32]
    images: int
    unlike: float

    def of(self, operation: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation of one operation, (9,) each."""
        row = OPERATIONS.index(operation)
        return self.mean[row], self.sd[row]

    @property
    def done(self) -> tuple[str, ...]:
        """The operations that are measured."""
        return tuple(name for name, row in zip(OPERATIONS, self.mean, strict=True) if np.isfinite(row).all())


@dataclass(frozen=True)
class Judgment:
    """What was measured, and what it means."""

    numbers: Numbers
    verdict: Verdict


Found = TypeVar("Found", Pairs, Curves, Judgment)


@dataclass(frozen=True)
class Asked(Generic[Found]):
    """Where a question stands, and what is there of its answer. ``key``: by which :func:`withdraw` knows it."""

    job: Job
    answer: Found | None
    key: str = ""


# Asking


def pairs(
    home: Path,
    subject: Subject,
    images: NDArray[np.uint8],
    views: ViewsConfig,
    seed: int,
    k: int = 5,
    *,
    start: bool = True,
) -> Asked[Pairs]:
    """The two views of images (n, 3, H, W) as the page shows them: how alike they are, and what they resemble.

    The draw is the trainer's, of all images at once, by that seed. ``start=False``: only look whether somebody asked
    before; so in all three.
    """
    task = {"views": views.model_dump(mode="json"), "seed": seed, "k": k}
    if len(images) > MOST_PICTURES:
        why = Message("At most {most} images can be evaluated together.", most=MOST_PICTURES)
        return Asked(Job("failed", message=why), None)
    return _ask(home, subject, PAIRS, task, _pairs, images=images, start=start)


def curves(home: Path, subject: Subject, views: ViewsConfig, *, start: bool = True) -> Asked[Curves]:
    """The invariance of the representation to every operation alone, over test images of the run's set.

    The answer grows operation by operation. Of ``views`` only the size matters, whatever their strengths.
    """
    return _ask(home, subject, CURVES, {"size": views.size}, _curves, start=start)


def verdict(home: Path, subject: Subject, views: ViewsConfig, *, start: bool = True) -> Asked[Judgment]:
    """Whether these views are too weak, in range or too strong for that encoder, over test images of the run's set."""
    return _ask(home, subject, VERDICT, {"views": views.model_dump(mode="json")}, _judgment, start=start)


def withdraw(home: Path, key: str) -> None:
    """Nobody waits for that answer any more."""
    if key:
        queue.withdraw(home / FOLDER, key)


def retry(home: Path, key: str) -> None:
    """Forget what went wrong, so that the same question is asked again."""
    if key:
        queue.forget(home / FOLDER, key)


def _ask(
    home: Path,
    subject: Subject,
    kind: JobKind,
    task: dict[str, Any],
    read: Callable[[Answer], Found],
    *,
    start: bool,
    images: NDArray[np.uint8] | None = None,
) -> Asked[Found]:
    folder = home / FOLDER
    try:
        whole = {**task, **_who(subject)}
        key = _key(kind.name, whole, images)
        found, answer = _stands(folder, key, read)
        if start and found.state in ("absent", "waiting"):
            arrays = None if images is None else {"images": images}
            found = queue.ask(home, kind, folder, key, whole, arrays)
            answer = _answer(folder, key, found, read)
    except LabError as error:
        return Asked(Job("failed", message=error.message), None)
    return Asked(found, answer, key)


def _stands(folder: Path, key: str, read: Callable[[Answer], Found]) -> tuple[Job, Found | None]:
    """Where it stands and what is there; an answer that cannot be read, as one of another release, is thrown away."""
    found = queue.job(folder, key)
    answer = _answer(folder, key, found, read)
    if found.state == "ready" and answer is None:
        queue.forget(folder, key)
        return Job("absent"), None
    return found, answer


def _answer(folder: Path, key: str, found: Job, read: Callable[[Answer], Found]) -> Found | None:
    ready = found.state == "ready"
    answer = queue.result(folder, key) if ready else queue.partial(folder, key)
    if ready:
        with suppress(OSError):  # what is looked at stays longest
            os.utime(folder / f"{key}.safetensors")
    try:
        return None if answer is None else read(answer)
    except (KeyError, TypeError, ValueError):
        return None


def _who(subject: Subject) -> dict[str, Any]:
    """The encoder and the set that it is asked about. LabError when the run has no weights."""
    config = read_config(subject.run_folder)
    found = untrained_digest(config) if subject.untrained else digest(subject.run_folder)
    return {
        "run_folder": str(subject.run_folder.resolve()),
        "untrained": subject.untrained,
        "digest": found,
        "set": set_digest(config),
    }


def untrained_digest(config: RunConfig) -> str:
    """Names the network of these settings before its first step."""
    told = json.dumps([config.network.model_dump(mode="json"), config.seed, set_digest(config)])
    return "untrained-" + hashlib.sha256(told.encode()).hexdigest()[:16]


def set_digest(config: RunConfig) -> str:
    """Names the images of a run by where they lie and how they are read; a replaced file has another name, and a folder
    to which something was added; a file that changes deep inside one goes unnoticed. A set of the catalog has its name,
    whatever lies beside this process."""
    data = config.data
    files = [] if find(data.source) else [paths.typed(data.source)]
    scaled = [] if data.range == AUTO else [data.range]
    return stamp_of(files, data.source, str(data.image_size), str(data.limit), *scaled)


def _key(kind: str, task: Mapping[str, Any], images: NDArray[np.uint8] | None) -> str:
    told = {name: value for name, value in task.items() if name != "run_folder"}  # a copy has the same answers
    digest = hashlib.sha256(json.dumps([VERSION, kind, told], sort_keys=True).encode())
    if images is not None:
        digest.update(str(images.shape).encode())
        digest.update(np.ascontiguousarray(images).data)
    return f"{kind}-{digest.hexdigest()[:24]}"


# Reading


def _pairs(answer: Answer) -> Pairs:
    arrays, about = answer.arrays, answer.about
    names = ("cosine", "near", "near_cosine", "labels", "thumbnails")
    return Pairs(
        **{name: arrays[name] for name in names},
        class_names=tuple(about["class_names"]),
        among=int(about["among"]),
        training=int(about["training"]),
    )


def _curves(answer: Answer) -> Curves:
    mean, sd = answer.arrays["mean"], answer.arrays["sd"]
    if mean.shape != sd.shape or mean.shape != (len(OPERATIONS), len(STRENGTHS)):
        raise ValueError("curves of other operations or strengths")
    strengths = np.asarray(STRENGTHS, np.float32)
    return Curves(strengths, mean, sd, int(answer.about["images"]), float(answer.about["unlike"]))


def _judgment(answer: Answer) -> Judgment:
    numbers = Numbers(**answer.about)
    return Judgment(numbers, judge(numbers))
