"""BYOL beside the two switches that make it collapse, over seeds: the std ratio while each trains for a minute.

    python benchmarks/collapse.py [--seconds 60] [--seeds 5] [--quick] [--json] [--write]

The preset `collapse-demo`: healthy BYOL, then without stop-gradient, then without predictor and with tau 0 (the target
is the online network). The std ratio is sqrt(d) times the mean deviation of the normalized vectors of test images, the
network in evaluation mode (arXiv 2011.10566, section 4.1): 1 is spread evenly, 0 is one point for all images. It is
looked at every few seconds, for the representation and for the projection; the looks are in the minute. A switch has
collapsed the run where the ratio was seen under 0.1; BYOL is healthy where it stayed above 0.4 from half of the run on,
since an untrained network begins below that.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from common import (
    Requirement,
    counted,
    describe,
    disturbance,
    guarded,
    heading,
    parser,
    requirements_table,
    say,
    show,
    spread,
    table,
)
from turns import Others

COLLAPSED, HEALTHY = 0.1, 0.4
CASES: dict[str, dict[str, Any]] = {
    "BYOL": {},
    "no stop-gradient": {"method.stop_gradient": False},
    "no predictor, tau 0": {"method.predictor": "none", "method.tau_base": 0.0},
}
LOOKS = 10  # during a run


def run(case: str, seed: int, seconds: float, threads: int) -> dict[str, Any]:
    """Train for so many seconds; the ratios at each look, as (seconds, step, representation, projection)."""
    from ours import Bench

    from byol_core.config.presets import get
    from byol_core.data.catalog import load

    config = (
        get("collapse-demo")
        .config()
        .changed(**{**CASES[case], "seed": seed, "runtime.threads": threads, "runtime.device": "cpu"})
    )
    found = load(config.data.source, config.data.image_size, limit=config.data.limit)
    training = Bench(config, found)
    branch, images = training.model.online, _shown(config, found)
    started = time.perf_counter()
    looks = [(0.0, 0, *ratios(branch, images))]
    while (passed := time.perf_counter() - started) < seconds and training.step < training.total:
        training.take()
        if passed >= len(looks) * seconds / LOOKS:
            looks.append((round(passed, 1), training.step, *ratios(branch, images)))
    looks.append((round(time.perf_counter() - started, 1), training.step, *ratios(branch, images)))
    return {"case": case, "seed": seed, "steps": training.step, "looks": looks}


def _shown(config: Any, found: Any) -> Any:
    import torch

    from byol_core.training.eval_images import EvalImages

    images = EvalImages(config, found, torch.device("cpu"))
    return images.images[images.shown]


def ratios(branch: Any, images: Any) -> tuple[float, float]:
    """Std ratio of the representation and of the projection of images (N, 3, H, W) uint8, in evaluation mode."""
    import torch

    from byol_core.health import std_ratio

    mode = branch.training
    branch.eval()
    with torch.no_grad():
        rows = torch.cat([branch.encoder(chunk.float() / 255) for chunk in images.split(500)])
        found = round(std_ratio(rows), 4), round(std_ratio(branch.projector(rows)), 4)
    branch.train(mode)
    return found


# What came of it


def lowest(found: dict[str, Any], column: int, since: float = 0.0) -> float:
    """The least ratio after this share of the steps: column 2 is the representation, 3 the projection."""
    return min(float(look[column]) for look in found["looks"][1:] if look[1] >= since * found["steps"])


def under(found: dict[str, Any], column: int) -> float | None:
    """The first second at which the ratio was seen under the mark of a collapse."""
    return next((float(look[0]) for look in found["looks"][1:] if look[column] < COLLAPSED), None)


def requirements(runs: list[dict[str, Any]]) -> list[Requirement]:
    """In every seed: the switches reach a collapse, BYOL never comes near one."""
    found = []
    for case in CASES:
        mine = [each for each in runs if each["case"] == case]
        for column, what in ((2, "representation"), (3, "projection")):
            least = [lowest(each, column, 0.5 if case == "BYOL" else 0.0) for each in mine]
            worst = (min if case == "BYOL" else max)(least, default=None)
            when = "lowest of the second half" if case == "BYOL" else "lowest of a run"
            text = f"{case}: std ratio of the {what}, {when}, worst of {counted(len(mine), 'seed')}"
            figure, most = (HEALTHY, False) if case == "BYOL" else (COLLAPSED, True)
            found.append(Requirement(text, figure, worst, most=most))
    return found


def summary(runs: list[dict[str, Any]]) -> str:
    """A row a run: where it began, where it ended, how low it came and when it was under the mark."""
    rows = []
    for each in runs:
        first, last = each["looks"][0], each["looks"][-1]
        ends = [f"{first[c]:.2f} → {last[c]:.3f}, lowest {lowest(each, c):.3f}" for c in (2, 3)]
        times = ["never" if (at := under(each, c)) is None else f"{at:.0f} s" for c in (2, 3)]
        rows.append([each["case"], each["seed"], each["steps"], ends[0], times[0], ends[1], times[1]])
    mark = f"under {COLLAPSED} at"
    return table(["", "seed", "steps", "representation", mark, "projection", mark], rows)


def curves(runs: list[dict[str, Any]]) -> str:
    """The ratios over time, median and range over the seeds."""
    rows = []
    for case in CASES:
        mine = [each["looks"] for each in runs if each["case"] == case]
        for looks in zip(*mine, strict=False):  # a slow seed may have a look fewer
            cells = [spread([look[column] for look in looks]) for column in (0, 2, 3)]
            rows.append([case, *cells])
    return table(["", "seconds", "representation", "projection"], rows)


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=60.0, help="of each run, at most (default 60)")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--threads", type=int, default=0, help="0 is one a core")
    found = options.parse_args()
    if found.quick:
        found.seconds, found.seeds = 20.0, 1
    return found


def main() -> None:
    """Run every case with every seed and print."""
    chosen, runs, clock = arguments(), [], Others()
    for seed in range(chosen.seeds):
        for case in CASES:
            runs.append(run(case, seed, chosen.seconds, chosen.threads))
            last = runs[-1]["looks"][-1]
            say(f"seed {seed}, {case}: representation {last[2]:.3f}, projection {last[3]:.3f} at step {last[1]}")
    machine, required = describe(), requirements(runs)
    others = clock.share()
    data = {"machine": machine, "others": others, "runs": runs, "required": [each.as_dict() for each in required]}
    parts = [
        heading("Collapse and health", machine),
        disturbance([others]),
        summary(runs),
        "## Over time",
        curves(runs),
    ]
    show(chosen, "collapse", data, "\n\n".join([*parts, "## Required", requirements_table(required)]))


if __name__ == "__main__":
    guarded(main)
