"""The classroom preset on sets that it was not tuned on, without an option, and what was measured of their symmetries.

    python benchmarks/any_images.py [--sets fashion,digits] [--seeds 3] [--arms auto,supervised] [--fashion FOLDER]
                                    [--kept FILE] [--quick] [--json] [--write]

Each run is a process of its own in an empty home, `byol train --preset classroom --data SET --json`, of which kNN
(k = 20, T = 0.1) on the test images is told beside:

- untrained: the same encoder before its first step, and raw pixels;
- before: the fixed recipe that the preset had for every set until its views were fitted (`satellite`, images of 64
  pixels, views of 24);
- supervised: the same run with the labels (`method.objective=supervised`), of which the representation is judged alike.

The sets: the embedded one, the same in gray, Fashion-MNIST (Debian's dataset-fashion-mnist), scikit-learn's digits, and
two folders that are drawn by code, written characters and textures. Then the symmetry measure alone, on these and on
sets that are symmetric, or not, because they were made so.

All of it takes more than two hours. With `--kept FILE` each run is written there when it ends, and is not repeated when
the benchmark is started again: it may be measured in parts, all of one state of the code.
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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import (
    Requirement,
    describe,
    disturbance,
    guarded,
    heading,
    leave,
    need,
    parser,
    requirements_table,
    say,
    show,
    spread,
    table,
)

AUTO, BEFORE, SUPERVISED = "auto", "before", "supervised"
ARMS: Mapping[str, tuple[str, ...]] = {
    AUTO: (),
    BEFORE: (
        "views.preset=satellite",
        "data.image_size=64",
        "views.size=24",
        "network.encoder=conv-classroom",
    ),
    SUPERVISED: ("method.objective=supervised",),
}
EMBEDDED = "embedded"
SEEDS = 3
WAY, FLOOR, SECONDS = 0.6, 0.76, 150.0  # what is required
IN_PARTS = (
    "Measured in parts (`--kept`), and nobody knows what else ran then: the accuracies hold, the seconds are upper "
    "bounds."
)
QUICK = ("steps=60", "data.limit=1000")
TEST = 0.2  # of a set that brings no test images


def _arrays(path: Path, **arrays: Any) -> str:
    import numpy as np

    np.savez(path.with_suffix(".npz"), **arrays)
    return str(path.with_suffix(".npz"))


def _gray(folder: Path) -> str:
    from made_sets import embedded

    images, labels = embedded(gray=True)
    return _arrays(
        folder / "gray", x_train=images[:4000], y_train=labels[:4000], x_test=images[4000:], y_test=labels[4000:]
    )


def _digits(folder: Path) -> str:
    import numpy as np
    from made_sets import digits

    images, labels = digits()
    order = np.random.default_rng(0).permutation(len(images))
    test, train = np.split(order, [round(TEST * len(order))])
    return _arrays(
        folder / "digits", x_train=images[train], y_train=labels[train], x_test=images[test], y_test=labels[test]
    )


def _characters(folder: Path) -> str:
    from made_sets import LETTERS, characters, write_folder

    kinds = len(LETTERS)
    parts = {"train": characters(100 * kinds, 0), "test": characters(20 * kinds, 1)}
    return str(write_folder(folder / "characters", parts, [f"U+{ord(letter):04X}" for letter in LETTERS]))


def _textures(folder: Path) -> str:
    from made_sets import TEXTURES, textures, write_folder

    parts = {"train": textures(3000, 0), "test": textures(1000, 1)}
    return str(write_folder(folder / "textures", parts, list(TEXTURES)))


def makers(fashion: Path) -> dict[str, Callable[[Path], str]]:
    """What makes each set in a folder, and says its source."""

    def clothes(folder: Path) -> str:
        import made_sets

        return _arrays(folder / "fashion", **made_sets.fashion(fashion))

    return {
        EMBEDDED: lambda folder: "eurosat",
        "gray": _gray,
        "fashion": clothes,
        "digits": _digits,
        "characters": _characters,
        "textures": _textures,
    }


def one(source: str, arm: str, seed: int, quick: bool) -> dict[str, Any]:
    """One run in a fresh home: its figures, the views and the encoder that it had in the end, and the time."""
    assignments = [*ARMS[arm], f"seed={seed}", *(QUICK if quick else ())]
    command = [sys.executable, "-m", "byol_core.cli", "train", "--preset", "classroom", "--data", source, "--json"]
    command += [part for each in assignments for part in ("--set", each)]
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        done = subprocess.run(command, env={**os.environ, "BYOL_LAB_HOME": home}, capture_output=True, text=True)
        wall = round(time.perf_counter() - started, 1)
        if done.returncode:
            leave(f"The run '{arm}' on '{source}' failed: {done.stderr.strip()[-400:]}", 1)
        found = json.loads(done.stdout)
        config = json.loads(next(Path(home).rglob("config.json")).read_text(encoding="utf-8"))
    keys = ("knn_accuracy", "knn_untrained", "knn_pixels", "seconds")
    settings = {"views": config["views"], "network": {"encoder": config["network"]["encoder"]}}
    return {**{key: found[key] for key in keys}, "wall": wall, "seed": seed, "config": settings}


class Kept:
    """Runs that have ended, a line of JSON each in a file; without a file, none."""

    def __init__(self, file: Path | None, quick: bool) -> None:
        self.file, self.quick = file, quick
        lines = file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []
        self.runs = {tuple(key): run for key, run in map(json.loads, lines)}

    def run(self, name: str, source: str, arm: str, seed: int) -> dict[str, Any]:
        """The run as it is kept, or made now."""
        key = (name, arm, seed, self.quick)
        if key not in self.runs:
            self.runs[key] = run = one(source, arm, seed, self.quick)
            say(f"seed {seed}, {name}, {arm}: kNN {run['knn_accuracy']:.3f} in {run['wall']} s")
            if self.file:
                with self.file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps([key, run]) + "\n")
        return self.runs[key]


def run_all(
    sources: Mapping[str, str], arms: Sequence[str], seeds: int, kept: Kept
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """These arms on every set over the seeds."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {name: {arm: [] for arm in ARMS} for name in sources}
    for seed in range(seeds):
        for name, source in sources.items():
            for arm in arms:
                found[name][arm].append(kept.run(name, source, arm, seed))
    return found


def way(runs: Mapping[str, list[dict[str, Any]]]) -> float | None:
    """How far the mean of a set is on the way from untrained to supervised; None without supervised runs."""
    if not runs[SUPERVISED]:
        return None
    mine, above, below = (
        statistics.mean(run[key] for run in runs[arm])
        for arm, key in ((AUTO, "knn_accuracy"), (SUPERVISED, "knn_accuracy"), (AUTO, "knn_untrained"))
    )
    return (mine - below) / max(above - below, 1e-6)


def table_of_runs(found: Mapping[str, dict[str, list[dict[str, Any]]]]) -> str:
    """A row a set: medians with their range."""
    header = ["set", "auto", "before", "untrained", "raw pixels", "supervised", "way", "wall, s"]
    rows = []
    for name, runs in found.items():
        figures = [
            spread(run[key] for run in runs[arm])
            for arm, key in (
                (AUTO, "knn_accuracy"),
                (BEFORE, "knn_accuracy"),
                (AUTO, "knn_untrained"),
                (AUTO, "knn_pixels"),
                (SUPERVISED, "knn_accuracy"),
            )
        ]
        share = way(runs)
        walls = spread((run["wall"] for run in runs[AUTO]), 4)
        rows.append([name, *figures, "–" if share is None else f"{share:.0%}", walls])
    return table(header, rows)


def table_of_views(found: Mapping[str, dict[str, list[dict[str, Any]]]]) -> str:
    """What was chosen for each set."""
    names = ("preset", "crop", "flip_horizontal", "flip_vertical", "rotation", "translation", "hue", "size")
    rows = []
    for name, runs in found.items():
        config = runs[AUTO][0]["config"]
        chosen = [config["views"][key] for key in names]
        rows.append([name, *("–" if value is None else value for value in chosen), config["network"]["encoder"]])
    return table(["set", *(name.replace("_", " ") for name in names), "encoder"], rows)


def requirements(found: Mapping[str, dict[str, list[dict[str, Any]]]]) -> list[Requirement]:
    """Above untrained in each seed; the way in the mean over sets; no mirrored characters; the embedded set as ever."""
    lifts = {name: min(r["knn_accuracy"] - r["knn_untrained"] for r in runs[AUTO]) for name, runs in found.items()}
    wanted = [Requirement(f"{name}: kNN above untrained, least seed", 0.0, lift) for name, lift in lifts.items()]
    ways = [share for share in map(way, found.values()) if share is not None]
    wanted.append(Requirement("mean of the way to supervised", WAY, statistics.mean(ways) if ways else None))
    if "characters" in found:
        flips = [run["config"]["views"]["flip_horizontal"] for run in found["characters"][AUTO]]
        wanted.append(Requirement("characters: strength of mirroring", 0.0, max(flips), most=True))
    if EMBEDDED in found:
        runs = found[EMBEDDED][AUTO]
        wanted.append(Requirement("embedded: kNN, least of the seeds", FLOOR, min(r["knn_accuracy"] for r in runs)))
        wanted.append(Requirement("embedded: seconds, most", SECONDS, max(r["wall"] for r in runs), most=True))
    return wanted


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    from made_sets import FASHION

    options = parser(__doc__)
    options.add_argument("--sets", default="", help="some of them, separated by commas (default: all; 'none' for none)")
    options.add_argument("--seeds", type=int, default=SEEDS)
    options.add_argument("--fashion", type=Path, default=FASHION, help="the folder of Fashion-MNIST's idx files")
    options.add_argument("--arms", default=",".join(ARMS), help=f"{AUTO} and any of {', '.join(ARMS)} (default: all)")
    options.add_argument("--kept", type=Path, help="a file of runs that have ended and need not be repeated")
    found = options.parse_args()
    found.arms = [arm for arm in ARMS if arm in (AUTO, *found.arms.split(","))]
    known = makers(found.fashion)
    chosen = [name for name in found.sets.split(",") if name]
    if found.quick:
        found.seeds, chosen = 1, chosen or ["digits"]
    found.chosen = [] if chosen == ["none"] else chosen or list(known)
    if unknown := set(found.chosen) - known.keys():
        leave(f"There is no set {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    if "fashion" in found.chosen and not found.fashion.is_dir():
        leave(f"There is no '{found.fashion}': apt-get install dataset-fashion-mnist, or give --fashion FOLDER.")
    return found


def main() -> None:
    """Make the sets, train, measure, print."""
    chosen = arguments()
    need(["sklearn"])
    import symmetries
    from turns import Others

    machine, clock = describe(), Others()
    with tempfile.TemporaryDirectory() as folder:
        known = makers(chosen.fashion)
        sources = {name: known[name](Path(folder)) for name in chosen.chosen}
        found = run_all(sources, chosen.arms, chosen.seeds, Kept(chosen.kept, chosen.quick))
    measured = symmetries.all_sets(chosen.fashion)
    required = (requirements(found) if found else []) + symmetries.requirements(measured)
    data = {
        "machine": machine,
        "runs": found,
        "symmetries": measured,
        "required": [each.as_dict() for each in required],
    }
    when = IN_PARTS if chosen.kept else disturbance([clock.share()])
    parts = [heading("Any images", machine), when, table_of_runs(found), table_of_views(found)]
    parts += ["## The symmetry measure", symmetries.table_of(measured)]
    parts += ["## Required", requirements_table(required)]
    show(chosen, "any_images", data, "\n\n".join(parts))


if __name__ == "__main__":
    guarded(main)
