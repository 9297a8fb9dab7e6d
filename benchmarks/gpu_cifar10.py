"""ResNet-18 with the small-image stem on CIFAR-10, batch 512, on a CUDA GPU: speed, where the time goes, a whole run.

    python benchmarks/gpu_cifar10.py [--cifar cifar10.npz] [--rounds 5] [--quick] [--json] [--write]
    python benchmarks/gpu_cifar10.py --full [--validation 0.1] [--set optimizer.lr=0.03 ...]

Images/s of the trainer's own step, per way of executing it, in interleaved rounds, beside the GPU's measured bfloat16
matrix rate; the arithmetic of a step is counted, not assumed. The parts of a step are those of the eager one, since a
graph launches as a whole. --full trains the preset `cifar10` to its end through `byol_core.training.trainer.train` and
judges its last epoch by kNN (k = 200, T = 0.1) on the test images; settings are to be chosen by the validation images.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import (
    Requirement,
    describe,
    guarded,
    heading,
    leave,
    middle,
    parser,
    requirements_table,
    say,
    show,
    spread,
    table,
)

IMAGES, SHARE, ACCURACY, SECONDS = 30_000, 0.34, 0.869, 360  # to reach, on an H200


def configure(chosen: argparse.Namespace, **more: Any) -> Any:
    """The preset, with what the command line lays over it."""
    from byol_core.config.parsing import parse_assignments
    from byol_core.config.presets import get

    dotted = {"runtime.device": chosen.device, **parse_assignments(chosen.set)}
    dotted |= {"data.source": chosen.cifar} if chosen.cifar else {}
    return get("cifar10").config().changed(**{**dotted, **more})


# A whole run


class Watch:
    """A callback that says now and then how far a run is, and keeps its evaluations."""

    def __init__(self) -> None:
        self.told, self.notes, self.curve = 0.0, list[str](), list[dict[str, float]]()

    def on_metrics(self, rows: Sequence[Any]) -> None:
        """Keep what was measured on the validation images."""
        self.curve += [{"epoch": row.epoch, **row.values} for row in rows if "knn_accuracy" in row.values]

    def on_progress(self, progress: Any) -> None:
        """A line every half a minute."""
        if time.perf_counter() - self.told >= 30:
            self.told = time.perf_counter()
            knn = f", kNN {self.curve[-1]['knn_accuracy']:.3f} on validation" if self.curve else ""
            say(f"epoch {progress.epoch:.1f}, {progress.images_per_second:,.0f} images/s, {progress.phase}{knn}")

    def on_note(self, text: str) -> None:
        """Say and keep it."""
        say(text)
        self.notes.append(text)

    def on_settled(self, config: Any) -> None:
        """The settings are those of the preset: its set is not small."""

    def on_alarm(self, alarm: Any) -> None:
        """An alarm is a note here."""
        if alarm:
            self.on_note(alarm.text)

    def should_stop(self) -> bool:
        """Never."""
        return False


def full(config: Any) -> dict[str, Any]:
    """The whole run: its summary, the wall-clock of everything from reading the images on, the validation curve."""
    from gpu_step import peak, reset_peak

    from byol_core.training.trainer import train

    watch = Watch()
    reset_peak()
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        summary = train(config, Path(folder), watch).as_dict()
        wall = time.perf_counter() - started
    return {**summary, "wall": round(wall, 1), "memory": peak(), "curve": watch.curve, "notes": watch.notes}


# Words


def requirements(found: dict[str, Any]) -> list[Requirement]:
    """What has to be reached on an H200 beside what was measured here."""
    rows = []
    if speed := found.get("speed"):
        images = {way: middle(_images(speed, way)) or 0.0 for way in speed["rounds"][0]["turns"]}
        best = max(images, key=lambda way: images[way])
        rows.append(Requirement(f"images/s ({best})", IMAGES, images[best]))
        rows.append(Requirement(f"share of the bfloat16 matrix rate ({best})", SHARE, middle(_share(speed, best))))
    if run := found.get("full"):
        rows.append(Requirement("kNN on the test images, last epoch", ACCURACY, run["knn_accuracy"]))
        rows.append(Requirement("seconds of the whole run", SECONDS, run["wall"], most=True))
    return rows


def _images(speed: dict[str, Any], way: str) -> list[float]:
    return [each["turns"][way]["images"] for each in speed["rounds"]]


def _share(speed: dict[str, Any], way: str) -> list[float]:
    return [each["turns"][way]["images"] * speed["flop"] / each["rate"] for each in speed["rounds"]]


def speed_words(speed: dict[str, Any]) -> str:
    """The table of ways."""
    rows = [
        [way, spread(_images(speed, way)), spread(_share(speed, way)), memory["allocated"], memory["reserved"]]
        for way, memory in speed["memory"].items()
    ]
    rates = spread(each["rate"] / 1e12 for each in speed["rounds"])
    return "\n\n".join(
        [
            f"## Speed, batch {speed['batch']}",
            f"Matrix rate, bfloat16: {rates} TFLOP/s. A step is {speed['flop'] / 1e9:.2f} GFLOP an image.",
            table(["execution", "images/s", "share of the matrix rate", "peak MiB, tensors", "peak MiB, taken"], rows),
        ]
    )


def profile_words(found: dict[str, Any]) -> str:
    """Where the time of a step goes."""
    header = ["part", "device ms", "host ms", "launches", "waits of the host"]
    parts = [[name, *each.values()] for name, each in found["parts"].items()]
    kernels = [[f"`{name[:90]}`", ms, f"{count:g}"] for name, ms, count in found["kernels"]]
    whole, busy_ms = 1000 * found["seconds"], found["busy_ms"]
    busy = f"A step takes {whole:.2f} ms under the profiler; the device is busy for {busy_ms:.2f} of them."
    return "\n\n".join(
        [f"## One step, {found['way']}", busy, table(header, parts), table(["kernel", "ms a step", "times"], kernels)]
    )


def full_words(run: dict[str, Any]) -> str:
    """The whole run in a table, and its curve."""
    keys = (
        "epochs",
        "images_per_second",
        "seconds",
        "wall",
        "knn_accuracy",
        "knn_untrained",
        "knn_pixels",
        "std_ratio",
    )
    cells = [spread([run[key]], 4) for key in keys]
    curve = [[f"{each['epoch']:.0f}", f"{each['knn_accuracy']:.4f}"] for each in run["curve"]]
    n, test = run["train_images"], run["test_images"]
    judged = f"kNN (k = {run['knn_k']}, T = {run['knn_temperature']:g}) on {test:,} test images; trained on {n:,}."
    return "\n\n".join(["## The whole run", judged, table(keys, [cells]), table(["epoch", "kNN, validation"], curve)])


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--cifar", metavar="PATH", help="CIFAR-10 as .npz; without it torchvision downloads it")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--steps", type=int, default=100, help="of each measurement (default 100)")
    options.add_argument("--execution", nargs="+", default=["graph", "eager"], choices=["graph", "eager", "compile"])
    options.add_argument("--full", action="store_true", help="train to the end instead, and judge")
    options.add_argument("--validation", type=float, help="share held out while --full trains (default: the preset's)")
    options.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings laid over the preset")
    found = options.parse_args()
    found.device = "cuda"
    if found.quick:
        found.rounds, found.steps = 2, 30
        found.set = ["epochs=2", *found.set] if found.full else found.set
    return found


def main() -> None:
    """Measure the speed or train the whole run, and print."""
    chosen = arguments()
    import torch

    if not torch.cuda.is_available():
        leave("This benchmark needs a CUDA GPU, and there is none here.")
    machine = describe()
    found: dict[str, Any] = {}
    if chosen.full:
        held = {} if chosen.validation is None else {"data.validation": chosen.validation}
        found["full"] = full(configure(chosen, **held))
    else:
        found |= measured(configure(chosen), chosen)
    required = requirements(found)
    words = [heading("CIFAR-10 on a GPU", machine)]
    words += [speed_words(found["speed"])] if "speed" in found else []
    words += [profile_words(each) for each in found.get("profiles", [])]
    words += [full_words(found["full"])] if "full" in found else []
    words += ["## Required, on an H200", requirements_table(required)]
    data = {"machine": machine, **found, "required": [each.as_dict() for each in required]}
    show(chosen, "gpu_cifar10_full" if chosen.full else "gpu_cifar10", data, "\n\n".join(words))


def measured(config: Any, chosen: argparse.Namespace) -> dict[str, Any]:
    """Speed and profiles of every way of executing."""
    from gpu_step import profile, speeds

    from byol_core.data.catalog import load

    images = load(config.data.source, config.data.image_size)
    return {
        "speed": speeds(config, images, chosen),
        "profiles": [profile(config, images, way) for way in chosen.execution],
    }


if __name__ == "__main__":
    guarded(main)
