"""Training steps on the CPU, views included and alone: BYOL Lab beside lightly, solo-learn and byol-pytorch.

    python benchmarks/training_step.py [--cifar cifar10.npz] [--rounds 5] [--quick] [--json] [--write]

Same backbone, same heads, same images, same batch, SGD for all; peers.py says how each is driven. In a round every
contender takes a turn, in a process of its own, after the machine's matrix rate was measured; figures are medians over
rounds, ratios are taken within a round. `whole` is a step with its views, as training runs; `alone` the step on views
made before. Peak memory counts the workers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import (
    Requirement,
    counted,
    describe,
    disturbance,
    guarded,
    heading,
    images,
    in_turn,
    middle,
    named,
    need,
    of,
    parser,
    ratios,
    requirements_table,
    say,
    show,
    spread,
    table,
)
from turns import answer, calibrate, turn

OURS, PLAIN = "byol-lab", "byol-lab, float32"
PEERS = {"lightly": "lightly", "lightly tuned": "lightly", "solo-learn": "solo", "byol-pytorch": "byol_pytorch"}
NAMES = (OURS, PLAIN, *PEERS)
BATCHES = {"conv-tutorial": 256, "resnet18": 64}
# End to end, in the median of the rounds: (network, ours, whom, at least so many times as many images a second).
RATIOS = (
    ("conv-tutorial", OURS, "lightly", 2.8),
    ("conv-tutorial", OURS, "solo-learn", 1.9),
    ("conv-tutorial", OURS, "lightly tuned", 1.15),
    ("conv-tutorial", PLAIN, "lightly", 1.3),
    ("resnet18", OURS, "lightly", 2.2),
    ("resnet18", OURS, "solo-learn", 1.8),
    ("resnet18", OURS, "lightly tuned", 1.15),
    ("resnet18", PLAIN, "lightly", 1.3),
)
WARM, LEAST = 2, 3  # steps thrown away; steps at least in a measurement
Rounds = list[dict[str, dict[str, Any]]]


def settings(task: Mapping[str, Any], precision: str) -> dict[str, Any]:
    """The run that BYOL Lab does, as dotted settings."""
    return {
        "data.image_size": 32,
        "data.validation": 0.0,
        "views.preset": "small-image",
        "network.encoder": task["encoder"],
        "network.stem": "small",
        "network.projector_hidden": 4096,
        "network.predictor_hidden": 4096,
        "network.projection_size": 256,
        "optimizer.name": "sgd",
        "runtime.precision": precision,
        "runtime.device": "cpu",
        "runtime.threads": task["threads"],
        "batch_size": task["batch"],
        "epochs": 100,
    }


# In a turn's own process


def take_turn(task: dict[str, Any]) -> dict[str, Any]:
    """Images/s of one contender, whole and alone."""
    import numpy as np

    stored = np.load(task["images"])
    make = _ours if task["who"] in (OURS, PLAIN) else _peer
    whole, alone, finish = make(task, stored["pixels"], stored["labels"])
    found = {"whole": speed(whole, task)}
    finish()
    return {**found, "alone": speed(alone, task)}


def speed(step: Callable[[], Any], task: dict[str, Any]) -> float:
    """Images a second over the task's seconds, and over a few steps at least."""
    for _ in range(WARM):
        step()
    started, steps = time.perf_counter(), 0
    while steps < LEAST or time.perf_counter() - started < task["seconds"]:
        step().item()
        steps += 1
    return round(steps * int(task["batch"]) / (time.perf_counter() - started), 2)


def _ours(task: dict[str, Any], pixels: Any, labels: Any) -> tuple[Callable[[], Any], ...]:
    import torch
    from ours import Bench, Parts

    from byol_core.config import build
    from byol_core.data.imageset import ImageSet

    n = len(pixels)
    stack = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    names = tuple(str(label) for label in range(int(labels.max()) + 1))
    found = ImageSet("benchmark", stack, torch.from_numpy(labels), names, torch.arange(n - 2), torch.arange(n - 2, n))
    precision = "float32" if task["who"] == PLAIN else "auto"
    bench = Bench(build({}, settings(task, precision)), found)
    parts = Parts(bench)
    views = parts.views(parts.batch(0), 0)
    return bench.take, lambda: parts.step(views, 0), lambda: None


def _peer(task: dict[str, Any], pixels: Any, labels: Any) -> tuple[Callable[[], Any], ...]:
    import torch
    from peers import LOOPS, Work

    from byol_core.config import build
    from byol_core.networks import build_encoder
    from byol_core.system.device import use_threads

    use_threads(task["threads"])
    torch.manual_seed(0)
    # Without the first layer, which normalizes: the peers do that in their transforms.
    encoder = build_encoder(build({}, settings(task, "auto")).network, 32)
    work = Work(pixels, labels.tolist(), encoder.body, encoder.feature_dim, task["batch"], workers=task["workers"])
    loop = LOOPS[task["who"]](work)
    return loop.whole, loop.alone, loop.finish


# The rounds


def measure(arguments: argparse.Namespace, encoder: str, stored: Path) -> dict[str, Any]:
    """All rounds of one network."""
    task = {
        "encoder": encoder,
        "batch": arguments.batch or BATCHES[encoder],
        "images": str(stored),
        "seconds": arguments.seconds,
        "workers": arguments.workers,
        "threads": arguments.threads,
    }
    rounds: Rounds = []
    rates = []
    for number in range(arguments.rounds):
        say(f"{encoder}, batch {task['batch']}: round {number + 1} of {arguments.rounds}")
        rates.append(calibrate())
        rounds.append({who: _told(who, task) for who in in_turn(arguments.only, number)})
    return {"encoder": encoder, "batch": task["batch"], "rates": rates, "rounds": rounds}


def _told(who: str, task: dict[str, Any]) -> dict[str, Any]:
    found = turn(__file__, {**task, "who": who})
    say(f"  {who}: whole {found['whole']}, alone {found['alone']} images/s, {found['peak_pss']:.0f} MiB")
    return found


# Words


def section(result: dict[str, Any], names: list[str]) -> str:
    """The tables of one network."""
    rounds, ours = result["rounds"], names[0]
    speeds = [
        [who, *(spread(of(rounds, who, key)) for key in ("whole", "alone", "peak_pss", "peak_rss"))] for who in names
    ]
    header = ["", "whole, images/s", "alone, images/s", "peak PSS, MiB", "peak RSS, MiB"]
    pairs = [(mine, who) for mine in (OURS, PLAIN) if mine in names for who in names if who != mine]
    against = [
        [f"{mine} / {who}", *(spread(ratios(rounds, mine, who, key)) for key in ("whole", "alone", "peak_pss"))]
        for mine, who in pairs
        if mine == ours or who in PEERS
    ]
    rates = [", ".join(f"{name} {spread(rate[name] for rate in result['rates'])}" for name in result["rates"][0])]
    return "\n\n".join(
        [
            f"## {result['encoder']}, batch {result['batch']}, {counted(len(rounds), 'round')}",
            f"Matrix rate of the machine, GFLOP/s: {rates[0]}. "
            + disturbance(share for who in names for share in of(rounds, who, "others")),
            table(header, speeds),
            table(["ratio, per round", "whole", "alone", "peak PSS"], against),
        ]
    )


def requirements(results: list[dict[str, Any]]) -> list[Requirement]:
    """What has to be reached, beside the median of the rounds."""
    found = []
    for encoder, mine, whom, least in RATIOS:
        for result in (r for r in results if r["encoder"] == encoder):
            ratio = middle(ratios(result["rounds"], mine, whom, "whole"))
            found.append(Requirement(f"{encoder}: {mine} / {whom}, whole", least, ratio))
    return found + [_memory(result) for result in results]


def _memory(result: dict[str, Any]) -> Requirement:
    """Our peak memory over that of the leanest peer."""
    medians = {who: middle(of(result["rounds"], who, "peak_pss")) for who in (OURS, *PEERS)}
    others = [value for who, value in medians.items() if value and who != OURS]
    mine = medians[OURS]
    share = mine / min(others) if mine and others else None
    return Requirement(f"{result['encoder']}: peak PSS of byol-lab / the leanest peer's", 1.0, share, most=True)


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--cifar", metavar="PATH", help="CIFAR-10 as .npz; without it the embedded EuroSAT at 32x32")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default 8)")
    options.add_argument("--images", type=int, default=10_000, help="training images (default 10000)")
    options.add_argument("--workers", type=int, default=2, help="loader processes of the peers that have them")
    options.add_argument("--threads", type=int, default=0, help="for everybody; 0 is one a core")
    options.add_argument("--encoders", nargs="+", choices=BATCHES, default=list(BATCHES))
    options.add_argument("--batch", type=int, help="instead of 256 for the conv net and 64 for ResNet-18")
    options.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME", help=", ".join(NAMES))
    options.add_argument("--turn", help=argparse.SUPPRESS)
    found = options.parse_args()
    if found.quick:
        found.rounds, found.seconds, found.encoders, found.batch = 1, 1.0, ["conv-tutorial"], 64
    return found


def main() -> None:
    """Take the rounds and print, or take one turn."""
    chosen = arguments()
    if chosen.turn:
        answer(take_turn(json.loads(chosen.turn)))
        return
    need(dict.fromkeys(PEERS[who] for who in chosen.only if who in PEERS))
    found = images(chosen.cifar, chosen.images)
    machine = describe()
    with TemporaryDirectory() as folder:
        stored = store(found, Path(folder))
        results = [measure(chosen, encoder, stored) for encoder in chosen.encoders]
    required = requirements(results)
    data = {
        "machine": machine,
        "images": named(found),
        "results": results,
        "required": [each.as_dict() for each in required],
    }
    parts = [heading("Training steps on the CPU", machine), f"{named(found)}; median (range) of the rounds."]
    parts += [section(result, chosen.only) for result in results]
    show(chosen, "training_step", data, "\n\n".join([*parts, "## Required", requirements_table(required)]))


def store(found: Any, folder: Path) -> Path:
    """The training images in a file that every turn reads alike, so that reading them is in nobody's figures."""
    import numpy as np

    pixels = found.images[found.train].permute(0, 2, 3, 1).contiguous().numpy()
    path = folder / "images.npz"
    np.savez(path, pixels=pixels, labels=found.labels[found.train].numpy())
    return path


if __name__ == "__main__":
    guarded(main)
