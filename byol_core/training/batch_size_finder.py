"""Which batch would fit into the memory: small ones are really trained, larger and larger, until one does not.

``python -m byol_core.training.batch_size_finder BELOW < config.json`` prints every size that fits. It is a process of
its own, since the one that ran out of memory is in no state to try, and since the system may end whoever takes too
much.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from byol_core.config import RunConfig, build
from byol_core.system.environment import child_environment
from byol_core.system.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    from byol_core.data.imageset import ImageSet

PATIENCE_SECONDS = 180.0
_STEPS, _STEPS_GRAPH = 2, 5  # a CUDA graph is captured in the fourth
_LOOK = 512  # images in one forward pass of an evaluation
_BESIDES = 128 * 2**20  # bytes that a run takes for its store and its threads, and loses between its blocks


def sizes(config: RunConfig, below: int) -> list[int]:
    """Batch sizes to try, ascending: halves of ``below`` that can be shared by the parts and processes."""
    least = config.accumulate * config.runtime.processes
    halves = {below >> shift for shift in range(1, below.bit_length())}
    shared = {half // least * least for half in halves}
    return sorted(size for size in shared if size >= 2 * least)


def largest_batch(config: RunConfig, below: int, stop: Callable[[], bool] = lambda: False) -> int | None:
    """The largest batch under ``below``, of its halves, with which a step and an evaluation fit; None if none does.

    It takes up to some minutes, and ends early when ``stop`` says so.
    """
    if not sizes(config, below):
        return None
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "byol_core.training.batch_size_finder", str(below)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            text=True,
        )
    except (OSError, MemoryError):  # there may not even be enough for that
        return None
    return _last(_hear(child, json.dumps(config.model_dump(mode="json")), stop))


def _hear(child: subprocess.Popen[str], settings: str, stop: Callable[[], bool]) -> str:
    """All that the child says until it ends, or until it is ended."""
    end, question = time.monotonic() + PATIENCE_SECONDS, settings
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return child.communicate(question, timeout=0.5)[0]
            question = ""  # it was taken at the first time
            if stop() or time.monotonic() > end:
                child.kill()
                return child.communicate()[0]
    finally:
        child.kill()


def _last(text: str) -> int | None:
    found = [int(line) for line in text.split() if line.isdigit()]
    return found[-1] if found else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Read a configuration from standard input and try; ends at the first size that does not fit."""
    parser = argparse.ArgumentParser(
        "byol_core.training.batch_size_finder", description="Find a batch size that fits into the memory."
    )
    parser.add_argument("below", type=int)
    below = parser.parse_args(arguments).below
    _go_first()
    try:
        config, besides = build(json.load(sys.stdin)), bytearray(b"1") * _BESIDES
        images = _images(config)
        for size in sizes(config, below):
            _try(config, images, size)
            print(size, flush=True)
        del besides
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return 0


def _go_first() -> None:
    """When the whole machine runs out of memory, Linux should end this process and no other."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _images(config: RunConfig) -> ImageSet:
    from byol_core.data.catalog import load
    from byol_core.system.device import use_threads

    use_threads(config.runtime.threads)
    data = config.data
    return load(data.source, data.image_size, limit=data.limit, images=config.runtime.images)


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


if __name__ == "__main__":
    sys.exit(main())
