"""Which batch would fit into the memory: small ones are really trained, larger and larger, until one does not.

It is for a process of its own, started by :func:`byol_core.training.jobs.largest_batch`: the one that ran out of
memory is in no state to try, and the system may end whoever takes too much.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byol_core.config import RunConfig, build
from byol_core.jobs import Answer, JobContext
from byol_core.system.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    from byol_core.data.imageset import ImageSet

_STEPS, _STEPS_GRAPH = 2, 5  # a CUDA graph is captured in the fourth
_LOOK = 512  # images in one forward pass of an evaluation
_BESIDES = 128 * 2**20  # bytes that a run takes for its store and its threads, and loses between its blocks


def sizes(config: RunConfig, below: int) -> list[int]:
    """Batch sizes to try, ascending: halves of ``below`` that can be shared by the parts and processes."""
    least = config.accumulate * config.runtime.processes
    halves = {below >> shift for shift in range(1, below.bit_length())}
    shared = {half // least * least for half in halves}
    return sorted(size for size in shared if size >= 2 * least)


def answer(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """Try them one after another; ends at the first that does not fit. Each that fits is shown at once."""
    _go_first()
    fits = Answer(about={"size": None})
    try:
        config, besides = build(task["config"]), bytearray(b"1") * _BESIDES
        images = _images(config)
        for size in sizes(config, int(task["below"])):
            _try(config, images, size)
            fits = Answer(about={"size": size})
            job.partial(fits, always=True)
        del besides
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return fits


def _go_first() -> None:
    """When the whole machine runs out of memory, Linux should end this process and no other."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _images(config: RunConfig) -> ImageSet:
    from byol_core.data.catalog import load
    from byol_core.system.device import use_threads

    use_threads(config.runtime.threads)
    data = config.data
    return load(data.source, data.image_size, limit=data.limit, images=config.runtime.images, values=data.range)


def _try(config: RunConfig, images: ImageSet, size: int) -> None:
    """Steps and a look at the images as a run with this batch does them, on one of its processes."""
    from byol_core.networks.features import represent
    from byol_core.system.device import pick_device
    from byol_core.training.run_images import RunImages
    from byol_core.training.step import build_step

    share = {"batch_size": size // config.runtime.processes, "runtime.processes": 1, "views.first_size": None}
    trial, device = config.changed(**share), pick_device(config.runtime.device)
    samples = RunImages(trial, images, device)
    stepper = build_step(trial, samples, device)
    try:
        for _ in range(_STEPS_GRAPH if stepper.execution == "graph" else _STEPS):
            stepper.take(0).item()
        represent(stepper.method.online.encoder, samples.images[:_LOOK], stepper.dtype).sum().item()
    finally:
        stepper.batches.close()
