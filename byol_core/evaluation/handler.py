"""Answers evaluations: in the batch lane of a home, or in this process for a command. Torch is imported when needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byol_core.errors import InputError
from byol_core.evaluation import results
from byol_core.evaluation.images import limit, load_set, source, value_range
from byol_core.evaluation.jobs import EVALUATION
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.results import FOLDER, Predictions
from byol_core.events import StopAsked
from byol_core.jobs import JobContext, JobFiles, LruCache, inline
from byol_core.messages import Message
from byol_core.weights.encoder_files import load_encoder

if TYPE_CHECKING:
    import torch

    from byol_core.config import RunConfig
    from byol_core.data.imageset import ImageSet

# How often a command looks whether another process is done with its question.
_LOOK_SECONDS = 0.4
# The share of the work that reading the images is taken for.
_LOADING = 0.05
IMAGES = "evaluation images"  # the name in memory of those of the last question: the next one is often about the same


@dataclass(frozen=True)
class Evaluated:
    """An answer that is not kept yet; ``name`` is that of question and weights."""

    run_folder: Path
    name: str
    judged: Judged
    predictions: Predictions

    def keep(self, path: Path) -> None:
        """Put it where answers of evaluations lie, which is under another name than that of the job."""
        results.keep(self.run_folder, self.name, self.judged, self.predictions)


def answer(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Evaluated:
    """Evaluate the run that ``folder`` is in; InputError when its labels or the settings do not allow it."""
    from byol_core.evaluation import protocols

    run_folder, protocol = folder.parent, Protocol.model_validate(task)
    loaded = load_encoder(run_folder)
    stop = _following(loaded.config.runtime.threads, job.stop)
    images = _images(loaded.config, protocol, job)

    def tell(share: float, message: str) -> None:
        job.tell(_LOADING + (1 - _LOADING) * share, message)

    device = _device(loaded.config.runtime.device)
    found = protocols.answer(loaded.config, loaded.encoder, images, protocol, device=device, progress=tell, stop=stop)
    said = Predictions(found.probabilities.numpy(), found.rows.numpy(), found.labels.numpy())
    return Evaluated(run_folder, results.key_of(loaded.digest, protocol), found.judged, said)


def _images(config: RunConfig, protocol: Protocol, job: JobContext) -> ImageSet:
    """The images, from memory unless this was asked after they were read: they may be others by then."""

    def tell(text: str, share: float) -> None:
        job.progress(_LOADING * share, Message("Loading the images: {doing}", doing=text))

    wanted = (
        *(source(config, protocol), config.data.image_size, limit(config, protocol)),
        *(value_range(config, protocol), config.runtime.images),
    )
    kept: tuple[object, int, ImageSet] | None = job.memory.get(IMAGES)
    if kept is not None and kept[0] == wanted and kept[1] >= job.asked:
        return kept[2]
    kept = None
    job.memory.pop(IMAGES, None)  # first, so that the two are never in memory together
    began = time.time_ns()
    job.progress(0.0, Message("Loading the images"))
    images = load_set(config, protocol, tell)
    job.memory.put(IMAGES, (wanted, began, images))
    return images


def _device(wanted: str) -> torch.device:
    """The device of the run, or the best one here: a run may have been trained on another machine."""
    from byol_core.system.device import pick_device

    try:
        return pick_device(wanted)
    except InputError:
        return pick_device()


def _following(threads: int, stop: Callable[[], bool]) -> Callable[[], bool]:
    """The same question; whenever it is asked, the number of threads may follow the load, where none was set."""
    from byol_core.system.device import use_threads
    from byol_core.system.threads import Follower

    follower = Follower(use_threads(threads), threads == 0)

    def heard() -> bool:
        follower.pulse()
        return stop()

    return heard


# In this process


def work(
    run_folder: Path,
    protocol: Protocol,
    progress: Callable[[float, str], None],
    stop: Callable[[], bool],
    memory: LruCache | None = None,
    *,
    again: bool = False,
) -> Judged:
    """Answer a question in this process, or read what was answered; kept as the lane keeps it.

    ``memory`` holds the images that an earlier call has read. While another process answers the same question, its
    answer is waited for. ``again``: answer it whatever was answered before; the old answer stays until the new one is
    there. InputError when the labels or the settings do not allow it, LabError when it fails, StopAsked when ``stop``
    says so.
    """
    files = JobFiles((run_folder / FOLDER).resolve(), results.question(protocol))
    while not stop():
        if not again and (found := results.result(run_folder, protocol)) is not None:
            return found
        if (other := inline.elsewhere(files)) is None:
            task = protocol.model_dump(mode="json")
            memory = memory or LruCache()
            made = inline.work(files, EVALUATION, task, answer, memory=memory, tell=progress, stop=stop)
            assert isinstance(made, Evaluated)
            return made.judged
        progress(other.share, Message("Another process is computing it: {doing}", doing=other.message))
        time.sleep(_LOOK_SECONDS)
    raise StopAsked
