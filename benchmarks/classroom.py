"""The classroom preset from a cold start, over seeds: wall-clock, images/s and kNN beside its baselines.

python benchmarks/classroom.py [--seeds 3] [--json]

Each run is a process of its own, `byol train --preset classroom --json`, in an empty home: imports, reading the images,
baselines, training, evaluations and the final numbers are all in `wall`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

COLUMNS = ("knn_accuracy", "knn_untrained", "knn_pixels", "std_ratio", "images_per_second", "seconds", "wall")


def one(seed: int) -> dict[str, Any]:
    """One run in a fresh home; its JSON object with the wall-clock seconds of the whole process."""
    command = [
        sys.executable,
        "-m",
        "byol_core.cli",
        "train",
        "--preset",
        "classroom",
        "--set",
        f"seed={seed}",
        "--json",
    ]
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        done = subprocess.run(
            command, env={**os.environ, "BYOL_LAB_HOME": home}, capture_output=True, text=True, check=True
        )
        return {**json.loads(done.stdout), "wall": round(time.perf_counter() - started, 1), "seed": seed}


def machine() -> str:
    """Hardware and versions, in a line."""
    from byol_core.system.device import describe_machine

    m = describe_machine()
    return f"{m['cpu']}, {m['threads']} threads, {m['memory_gb']} GB; torch {m['torch']}, Python {m['python']}"


def table(runs: list[dict[str, Any]]) -> str:
    """Markdown: a row a seed, then the median and the range."""
    lines = ["| seed | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [f"| {run['seed']} | " + " | ".join(f"{run[key]:.4g}" for key in COLUMNS) + " |" for run in runs]
    middle = [f"{statistics.median(values):.4g} ({min(values):.4g}–{max(values):.4g})" for values in columns(runs)]
    return "\n".join([*lines, "| median (range) | " + " | ".join(middle) + " |"])


def columns(runs: list[dict[str, Any]]) -> list[list[float]]:
    """The values of each column."""
    return [[run[key] for run in runs] for key in COLUMNS]


def main() -> None:
    """Run the seeds and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    runs = [one(seed) for seed in range(arguments.seeds)]
    if arguments.json:
        print(json.dumps({"machine": machine(), "runs": [{k: run[k] for k in ("seed", *COLUMNS)} for run in runs]}))
    else:
        print(f"{machine()}\n\n{table(runs)}")


if __name__ == "__main__":
    main()
