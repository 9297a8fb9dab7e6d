"""What byol-tiny is worth with few labels: probes and fine-tuning beside the same network from scratch, over splits.

    python benchmarks/few_labels.py [--run FOLDER] [--labels 1 10 100] [--splits 3] [--quick] [--json] [--write]

The shipped encoder on the embedded EuroSAT: balanced draws of the training labels, accuracies on the 1,000 test images,
which choose nothing. `--run` judges another run's folder on the images that it learned from. Every number is the one
that `byol evaluate` gives for the same question.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import Requirement, describe, disturbance, guarded, heading, parser, requirements_table, say, show, table
from turns import Others

METHODS = ("linear", "finetune")
SUBJECTS = ("trained", "scratch", "untrained", "pixels", "colour")
TINY = Path(__file__).parent.parent / "assets/byol-tiny"
# With so many labels a class at least so many points more than from scratch, in the mean of the splits.
AT, POINTS = "10", 8.0
Found = dict[str, dict[str, Any]]  # by method and labels: what was judged


def judged(run: Path, labels: Sequence[str], splits: int, threads: int) -> Found:
    """Every method with every number of labels; plain values of each answer."""
    from byol_core.data.catalog import load
    from byol_core.evaluation.protocol import Protocol
    from byol_core.evaluation.protocols import answer
    from byol_core.system.device import pick_device, use_threads
    from byol_core.weights.encoder_files import load_encoder

    use_threads(threads)
    loaded = load_encoder(run)
    data, device = loaded.config.data, pick_device(loaded.config.runtime.device)
    images = load(data.source, data.image_size, limit=data.limit)
    found: Found = {}
    for amount in labels:
        for method in METHODS:
            asked = Protocol.model_validate({"method": method, "labels": amount, "splits": splits})
            started = time.perf_counter()
            said = answer(loaded.config, loaded.encoder, images, asked, device=device).judged
            found[f"{method} {amount}"] = said.model_dump(mode="json")
            say(f"{method}, {amount} labels a class: {time.perf_counter() - started:.0f} s")
    return found


# What came of it


def accuracies(found: Found, method: str, labels: str, subject: str) -> list[float]:
    """Of one subject, a split each, in points; empty where the method does not judge it."""
    rows = found.get(f"{method} {labels}", {}).get("scores", [])
    return [100 * value for row in rows if row["subject"] == subject for value in row["accuracies"]]


def mean_and_spread(values: Sequence[float]) -> str:
    """``71.6 ± 1.4``: mean and standard deviation over the splits; a dash when nothing was measured."""
    import statistics

    if not values:
        return "–"
    mean = f"{statistics.fmean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.1f}"


def rows(found: Found, labels: Sequence[str]) -> list[list[str]]:
    """A row for each number of labels and method."""
    lines = []
    for amount in labels:
        for method in METHODS:
            cells = [mean_and_spread(accuracies(found, method, amount, subject)) for subject in SUBJECTS]
            seconds = found.get(f"{method} {amount}", {}).get("seconds")
            lines.append([amount, method, *cells, "–" if seconds is None else f"{seconds:.0f}"])
    return lines


def choices(found: Found) -> list[list[str]]:
    """What was chosen for each subject in each split."""
    lines = []
    for asked, judged_then in found.items():
        lines += [[asked, row["subject"], "; ".join(row["chosen"])] for row in judged_then["scores"]]
    return lines


def ahead(found: Found, method: str, labels: str) -> float | None:
    """How many points the trained encoder is ahead of from scratch, in the mean; None when it was not measured."""
    mine = accuracies(found, method, labels, "trained")
    scratch = accuracies(found, "finetune", labels, "scratch")
    return sum(mine) / len(mine) - sum(scratch) / len(scratch) if mine and scratch else None


def requirements(found: Found) -> list[Requirement]:
    """Probed or fine-tuned, the trained encoder is ahead."""
    words = {"linear": "linear probe", "finetune": "fine-tuned"}
    return [
        Requirement(f"{AT} labels a class: points of the encoder, {words[method]}, over from scratch", POINTS, points)
        for method in METHODS
        for points in [ahead(found, method, AT)]
    ]


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--run", type=Path, default=TINY, help="the folder of a run (default: byol-tiny)")
    options.add_argument("--labels", nargs="+", default=["1", "10", "100"], help="numbers a class, shares, or all")
    options.add_argument("--splits", type=int, default=3)
    options.add_argument("--threads", type=int, default=0, help="0 is one a core")
    found = options.parse_args()
    if found.quick:
        found.labels, found.splits = [AT], 1
    return found


def main() -> None:
    """Ask every question and print."""
    chosen, clock = arguments(), Others()
    found = judged(chosen.run, chosen.labels, chosen.splits, chosen.threads)
    others, machine, required = clock.share(), describe(), requirements(found)
    header = ["labels a class", "method", *SUBJECTS, "seconds"]
    parts = [
        heading("Few labels", machine),
        disturbance([others]),
        f"Accuracy on the test images in per cent, mean ± standard deviation over {chosen.splits} draws of the labels.",
        table(header, rows(found, chosen.labels)),
        "## Chosen",
        table(["", "", "a split each"], choices(found)),
        "## Required",
        requirements_table(required),
    ]
    data = {"machine": machine, "others": others, "found": found, "required": [each.as_dict() for each in required]}
    show(chosen, "few_labels", data, "\n\n".join(parts))


if __name__ == "__main__":
    guarded(main)
