"""Two minutes each: BYOL Lab's classroom preset beside lightly's BYOL, same encoder, same images, same two cores.

    python benchmarks/equal_time.py [--seconds 120] [--seeds 3] [--quick] [--json] [--write]

The embedded set, the classroom encoder, views of the classroom's size. Here: the classroom preset, its schedule as long
as the budget, for which its speed is found before the clock starts. lightly: its example's loop with the recipe of its
CIFAR-10 benchmark (SGD 0.06 x batch / 128, momentum 0.9, weight decay 5e-4, cosine over the budget's wall-clock, tau
0.99, heads of 1024 and 256, its BYOL views without blur, PIL in two workers). The clock runs from the start of the
training, the loader's workers included, to the end of the budget; nothing is evaluated meanwhile. Then kNN (k = 20,
T = 0.1) of the encoder in evaluation mode, on the test images against the training images. Each run is a process of
its own, turns interleaved over seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from typing import Any

from common import (
    Requirement,
    describe,
    disturbance,
    guarded,
    heading,
    in_turn,
    need,
    parser,
    requirements_table,
    say,
    show,
    spread,
    table,
)
from turns import answer, calibrate, turn

OURS, PEER = "byol-lab", "lightly"
NAMES = (OURS, PEER)
IMAGES = 2.5  # so many times the images of lightly have to be seen
HIDDEN, SIZE, LR = 1024, 256, 0.06  # lightly's heads, and its rate for a batch of 128
WARM, TRIAL = 5, 5.0  # steps thrown away, and seconds of the trial that finds the speed
SPARE = 0.97  # of the budget: a schedule that the clock cuts off never reaches its low rates
K, TEMPERATURE = 20, 0.1


def take_turn(task: dict[str, Any]) -> dict[str, Any]:
    """One run: steps, images, seconds, and the accuracy beside that of the untrained encoder and of the pixels."""
    from byol_core.config.presets import get
    from byol_core.data.catalog import load
    from byol_core.system.device import use_threads

    use_threads(task["threads"])
    config = get("classroom").config()
    config = config.changed(
        **{"seed": task["seed"], "data.validation": 0.0, "runtime.device": "cpu", "runtime.threads": task["threads"]}
    )
    images = load("eurosat", config.data.image_size)
    found: dict[str, Any] = (_ours if task["who"] == OURS else _lightly)(task, config, images)
    return {**found, "images": found["steps"] * config.batch_size}


def _ours(task: dict[str, Any], config: Any, images: Any) -> dict[str, Any]:
    from ours import Bench

    total = _steps(task["seconds"], Bench(config, images).take)
    per_epoch = len(images.train) // config.batch_size
    run = Bench(config.changed(steps=total, epochs=math.ceil(total / per_epoch)), images)
    encoder = run.model.online.encoder
    before = {"untrained": judge(encoder, images), "pixels": _pixels(images)}
    steps, seconds = until(task["seconds"], lambda share: run.take(), total)
    return {**before, "steps": steps, "planned": total, "seconds": seconds, "knn": judge(encoder, images)}


def _steps(budget: float, step: Callable[[], Any]) -> int:
    """How many steps fit into the budget, from a short trial on a network that is thrown away."""
    for _ in range(WARM):
        step()
    steps, seconds = until(min(TRIAL, budget / 2), lambda share: step())
    return max(1, int(SPARE * budget * steps / seconds))


def until(budget: float, step: Callable[[float], Any], most: float = math.inf) -> tuple[int, float]:
    """Steps and seconds until the budget is used up or the steps are done; a step is told the share that has passed."""
    started, steps, passed = time.perf_counter(), 0, 0.0
    while passed < budget and steps < most:
        step(passed / budget)
        steps += 1
        passed = time.perf_counter() - started
    return steps, round(passed, 2)


def _lightly(task: dict[str, Any], config: Any, images: Any) -> dict[str, Any]:
    import torch
    from peers import Lightly, Standard, Work

    from byol_core.networks import build_encoder

    torch.manual_seed(task["seed"])
    encoder = build_encoder(config.network, config.data.image_size)
    pixels = images.images[images.train].permute(0, 2, 3, 1).contiguous().numpy()
    work = Work(
        pixels, images.labels[images.train].tolist(), encoder.body, encoder.feature_dim, config.batch_size,
        hidden=HIDDEN, size=SIZE, side=config.views.size, lr=LR * config.batch_size / 128,
    )  # fmt: skip
    judged = torch.nn.Sequential(Standard(), encoder.body)
    before = {"untrained": judge(judged, images), "pixels": _pixels(images)}
    started = time.perf_counter()
    loop = Lightly(work)
    rate = work.lr

    def step(share: float) -> None:
        for group in loop.optimizer.param_groups:
            group["lr"] = rate * (1 + math.cos(math.pi * share)) / 2
        loop.whole()

    spent = time.perf_counter() - started
    steps, seconds = until(task["seconds"] - spent, step)
    loop.finish()
    found = {"steps": steps, "planned": steps, "seconds": round(seconds + spent, 2)}
    return {**before, **found, "knn": judge(judged, images)}


def judge(encoder: Any, images: Any) -> float | None:
    """kNN accuracy on the test images of an encoder (B, 3, H, W) in [0, 1] -> (B, d), in evaluation mode, float32."""
    import torch

    mode = encoder.training
    encoder.eval()
    with torch.no_grad():
        rows = [encoder(chunk.float() / 255) for chunk in images.images.split(500)]
    encoder.train(mode)
    return _knn(torch.cat(rows), images)


def _pixels(images: Any) -> float | None:
    from byol_core.networks.features import pixels

    return _knn(pixels(images.images), images)


def _knn(rows: Any, images: Any) -> float | None:
    from byol_core.evaluation import knn_accuracy

    train, test, labels = images.train, images.test, images.labels
    return knn_accuracy(rows[train], labels[train], rows[test], labels[test], k=K, temperature=TEMPERATURE)


def requirements(rounds: list[dict[str, dict[str, Any]]]) -> list[Requirement]:
    """In each seed: how many times the images, and by how much the higher kNN."""
    found = []
    for turns in rounds:
        mine, theirs = turns[OURS], turns[PEER]
        seed = f"seed {mine['seed']}"
        found.append(Requirement(f"{seed}: images seen, times lightly's", IMAGES, mine["images"] / theirs["images"]))
        found.append(
            Requirement(f"{seed}: kNN points above lightly", 0.1, round(100 * (mine["knn"] - theirs["knn"]), 3))
        )
    return found


def tables(rounds: list[dict[str, dict[str, Any]]]) -> str:
    """A row a run, then the medians."""
    keys = ("images", "steps", "planned", "seconds", "knn", "untrained", "pixels", "peak_pss")
    header = ["seed", "", "images seen", "steps", "planned", "seconds", "kNN", "untrained", "pixels", "peak PSS, MiB"]
    rows = [
        [turns[who]["seed"], who, *(spread([turns[who][key]], 4) for key in keys)] for turns in rounds for who in NAMES
    ]
    rows += [
        ["median (range)", who, *(spread([turns[who][key] for turns in rounds], 4) for key in keys)] for who in NAMES
    ]
    return table(header, rows)


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=120.0, help="of training for each run (default 120)")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--threads", type=int, default=0, help="for both; 0 is one a core")
    options.add_argument("--turn", help=argparse.SUPPRESS)
    found = options.parse_args()
    if found.quick:
        found.seconds, found.seeds = 15.0, 1
    return found


def main() -> None:
    """Take the turns and print, or take one."""
    chosen = arguments()
    if chosen.turn:
        answer(take_turn(json.loads(chosen.turn)))
        return
    need(["lightly"])
    machine, rounds, rates = describe(), [], []
    for seed in range(chosen.seeds):
        rates.append(calibrate())
        rounds.append({who: _told(who, seed, chosen) for who in in_turn(NAMES, seed)})
    required = requirements(rounds)
    data = {
        "machine": machine,
        "seconds": chosen.seconds,
        "rates": rates,
        "rounds": rounds,
        "required": [each.as_dict() for each in required],
    }
    text = f"Each run trains for {chosen.seconds:g} s on the 4,000 embedded images; kNN is on the 1,000 test images."
    text += " " + disturbance(turns[who]["others"] for turns in rounds for who in NAMES)
    parts = [heading("Equal time", machine), text, tables(rounds), "## Required", requirements_table(required)]
    show(chosen, "equal_time", data, "\n\n".join(parts))


def _told(who: str, seed: int, chosen: argparse.Namespace) -> dict[str, Any]:
    task = {"who": who, "seed": seed, "seconds": chosen.seconds, "threads": chosen.threads}
    found = {**turn(__file__, task), "seed": seed}
    say(f"seed {seed}, {who}: {found['images']:,} images in {found['seconds']} s, kNN {found['knn']:.3f}")
    return found


if __name__ == "__main__":
    guarded(main)
