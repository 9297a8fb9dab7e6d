"""How long a run would take here: a few real steps on made-up pixels, then arithmetic.

``python -m byol_core.training.time_estimate < config.json`` prints one JSON object. It runs in a process of its own, so
that a page can ask for it without loading torch.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch

from byol_core.config import RunConfig, build
from byol_core.data.catalog import find
from byol_core.data.imageset import ImageSet
from byol_core.data.splits import HELD_OUT, MOST_HELD_OUT
from byol_core.errors import InputError, LabError
from byol_core.networks.features import represent
from byol_core.system import threads
from byol_core.system.contention import Meter
from byol_core.system.device import pick_device, use_threads
from byol_core.system.out_of_memory import is_out_of_memory
from byol_core.training.run_images import RunImages
from byol_core.training.step import Stepper, build_step, total_steps

_WARM, _SECONDS, _STEPS = 2, 2.0, 20  # steps thrown away; then until either is reached
_WARM_GRAPH = 5  # a CUDA graph is captured in the fourth
_SMALL = 16  # a large network is timed on a batch of this size, since its time is the arithmetic
_LONG = 1.0  # seconds of a step from which a network counts as large
_TEST = HELD_OUT / (1 - HELD_OUT)  # test images for each training image, where a set does not bring its own
START_SECONDS = 8.0  # imports, reading the set, baselines


def _bench(config: RunConfig) -> tuple[RunImages, Stepper]:
    """Steps without a run, and the images that they see."""
    trial = config.changed(
        **{"data.validation": 0.0, "epochs": 1, "steps": None, "runtime.processes": 1, "views.first_size": None}
    )
    device = pick_device(config.runtime.device)
    samples = RunImages(trial, _random_set(trial), device)
    return samples, build_step(trial, samples, device)


def _random_set(config: RunConfig) -> ImageSet:
    """Noise in the shape of the set: the time of a step does not depend on what the pixels show."""
    n = config.batch_size + 2
    size = config.data.image_size
    pixels = torch.randint(0, 256, (n, 3, size, size), dtype=torch.uint8)
    labels = torch.arange(n) % 10  # for the objective that reads them
    names = tuple("0123456789")
    return ImageSet("noise", pixels, labels, names, torch.arange(config.batch_size), torch.arange(config.batch_size, n))


def estimate(config: RunConfig, images: int) -> dict[str, Any]:
    """Images/s of training, seconds of the whole run and its steps; ``images`` are those that the set has to train on.

    The limit and the validation share of the settings are taken off them here.
    """
    use_threads(config.runtime.threads)
    encoding, step = _time_a_step(config)
    test, images = _test_images(config, images), min(images, config.data.limit or images)
    per_epoch = max(1, (images - int(images * config.data.validation)) // config.batch_size)
    total = total_steps(config, per_epoch)
    looks = 1 + config.evaluation.looks(per_epoch, total)  # the one before any learning
    seconds = START_SECONDS + total * step + looks * encoding * looked_at(config, images, test)
    return {
        "images_per_second": round(config.batch_size / step, 1),
        "seconds": round(seconds, 1),
        "total_steps": total,
    }


def looked_at(config: RunConfig, images: int, test: int) -> int:
    """How many images an evaluation looks at, of so many to train on and to test; as :class:`EvalImages`."""
    held, bank = int(images * config.data.validation), config.evaluation.bank
    return min(images - held, bank) + min(held, bank) + test


def _test_images(config: RunConfig, images: int) -> int:
    """Those of a set by name, or what is held out of images of one's own, ``images`` of which are left to train on."""
    if entry := find(config.data.source):
        return entry.images - entry.train_images
    return min(round(images * _TEST), MOST_HELD_OUT)


def _time_a_step(config: RunConfig) -> tuple[float, float]:
    """Seconds that an evaluation takes for an image, and those of a whole step.

    The step of a large network is scaled up from a small batch.
    """
    small = config.changed(batch_size=min(_SMALL, config.batch_size), accumulate=1)
    samples, stepper = _bench(small)
    seconds = _seconds_a_step(stepper) * config.batch_size / small.batch_size
    if seconds <= _LONG:
        samples, stepper = _bench(config)
        seconds = _seconds_a_step(stepper)
    return _seconds_an_image(stepper, samples), seconds


def _seconds_a_step(stepper: Stepper) -> float:
    for _ in range(_WARM_GRAPH if stepper.execution == "graph" else _WARM):
        _synchronized(stepper)
    started, steps, meter = time.perf_counter(), 0, Meter()
    while steps < _STEPS and time.perf_counter() - started < _SECONDS:
        _synchronized(stepper)
        steps += 1
    seconds, count = (time.perf_counter() - started) / steps, torch.get_num_threads()
    if stepper.threads_may_change and count > 1 and meter.read().crowded:  # a run would try the same
        threads.use(count // 2)
        return min(seconds, _seconds_a_step(stepper))
    return seconds


def _synchronized(stepper: Stepper) -> None:
    stepper.take(0).item()


def _seconds_an_image(stepper: Stepper, samples: RunImages) -> float:
    images = samples.images[:64]
    started = time.perf_counter()
    represent(stepper.method.online.encoder, images, stepper.dtype).sum().item()
    return (time.perf_counter() - started) / len(images)


def main() -> int:
    """Read a configuration from standard input; ``--images N`` is how many the set trains on (4,000 if not given)."""
    images = int(sys.argv[sys.argv.index("--images") + 1]) if "--images" in sys.argv else 4000
    try:
        print(json.dumps(estimate(build(json.load(sys.stdin)), images)))
    except LabError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        print("The memory is not enough for these settings; set a smaller batch_size, or accumulate.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
