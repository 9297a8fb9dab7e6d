"""How long a map takes: PCA, UMAP, t-SNE and densMAP of 60,000 representations of 512 numbers, on one core.

python benchmarks/map_fit.py [--images 60000] [--numbers 512] [--methods PCA UMAP] [--quick] [--json] [--write]

The vectors are made up: ten classes of five groups each on a low-dimensional surface, with noise in all directions, as
float16 in a file. Each method makes the map of one evaluation from PCA, then that of the next from the first, as the
frames of a film are made. Loading a library and compiling it is measured by itself, on fewer images.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in the warm process: a training may go on beside it
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common import Requirement, describe, guarded, heading, installed, parser, requirements_table, say, show, table

from byol_core.embeddings import METHODS, MapSettings, near, pca, quality, unit
from byol_core.embeddings.snapshot import Matrix
from byol_core.embeddings.umap_tsne import fit

PACKAGES = ("umap-learn", "pynndescent", "numba", "scikit-learn", "numpy", "scipy", "cuml")
AT_ONCE_SECONDS = 2.0  # a page may wait so long for PCA
GROUPS, SURFACE = 50, 20
WARM = 4_200


def arguments() -> argparse.Namespace:
    """What was asked for."""
    options = parser(__doc__)
    options.add_argument("--images", type=int, default=60_000)
    options.add_argument("--numbers", type=int, default=512)
    options.add_argument("--methods", nargs="+", choices=METHODS, default=["PCA", "UMAP"])
    chosen = options.parse_args()
    if chosen.quick:
        chosen.images = min(chosen.images, 2_000)
    return chosen


def made_up(n: int, d: int, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Two evaluations of n images: groups on a surface that bends, and the same moved a little. (n, d) float32 each."""
    rng = np.random.default_rng(seed)
    surface = rng.normal(size=(SURFACE, d)).astype(np.float32)
    centers = rng.normal(size=(GROUPS, SURFACE)).astype(np.float32)
    places: Matrix = centers[rng.integers(GROUPS, size=n)] + 0.5 * rng.normal(size=(n, SURFACE)).astype(np.float32)
    found: list[Matrix] = []
    for _ in range(2):
        places = places + 0.05 * rng.normal(size=places.shape).astype(np.float32)
        found.append(np.tanh(places @ surface / 4) + 0.1 * rng.normal(size=(n, d)).astype(np.float32))
    return found[0], found[1]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def read(file: Path) -> Matrix:
    """The vectors as a page reads them: float16 from a safetensors file, brought to length one."""
    from safetensors.numpy import load_file

    return unit(load_file(file)["representation"].astype(np.float32))


def measure(images: int, numbers: int, methods: list[str]) -> dict[str, dict[str, float]]:
    """Seconds and quality by method, and of what a map needs besides."""
    from safetensors.numpy import save_file

    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{place}.safetensors" for place in range(2)]
        for file, vectors in zip(files, made_up(images, numbers), strict=True):
            save_file({"representation": vectors.astype(np.float16)}, file)
        seconds, first = timed(lambda: read(files[0]))
        found["reading"] = {"first": seconds}
        second = read(files[1])
    for method in methods:
        say(f"{method} …")
        found[method] = of_method(method, first, second)
    say("neighbors …")
    seconds, _ = timed(lambda: near(first[: min(images, 12_000)], 15))
    found[f"15 nearest of {min(images, 12_000):,}"] = {"first": seconds}
    return found


def of_method(method: str, first: Matrix, second: Matrix) -> dict[str, float]:
    """One method: loading, the first map, the next one, and how far the first can be believed."""
    settings, values = MapSettings(method), {}
    if method == "PCA":
        values["first"], xy = timed(lambda: pca(first).xy)
    else:
        few = first[:WARM] if len(first) > WARM else first[:200]  # many need other code than few
        values["loading"], _ = timed(lambda: fit(few, settings, lambda share, text: None))
        values["first"], made = timed(lambda: fit(first, settings, lambda share, text: None))
        xy = made.xy
        values["next"], _ = timed(lambda: fit(second, settings, lambda share, text: None, xy))
    values["judging"], seen = timed(lambda: quality(first, xy))
    values |= {"trust": seen.trust, "kept": seen.kept}
    return values | {"peak_mb": psutil.Process().memory_info().rss / 1e6}


def report(chosen: argparse.Namespace, found: dict[str, dict[str, float]]) -> str:
    """The tables."""
    columns = ("loading", "first", "next", "judging", "trust", "kept", "peak_mb")
    header = ("", "loading, s", "first map, s", "next map, s", "judging, s", "trust", "kNN kept", "memory, MB")
    rows = [
        [name, *(f"{values[key]:,.3g}" if key in values else "–" for key in columns)] for name, values in found.items()
    ]
    what = f"{chosen.images:,} images, {chosen.numbers} numbers each, one thread."
    return "\n\n".join([what, table(header, rows), requirements_table(requirements(found))])


def requirements(found: dict[str, dict[str, float]]) -> list[Requirement]:
    """Reading and PCA, which a page waits for."""
    seconds = found["reading"]["first"] + found["PCA"]["first"] if "PCA" in found else None
    return [Requirement("reading and PCA, seconds", AT_ONCE_SECONDS, seconds, most=True)]


def main() -> None:
    """Measure and print."""
    chosen, machine = arguments(), describe()
    machine["versions"] |= installed(PACKAGES)
    found = measure(chosen.images, chosen.numbers, chosen.methods)
    required = [each.as_dict() for each in requirements(found)]
    data = {
        "machine": machine,
        "images": chosen.images,
        "numbers": chosen.numbers,
        "found": found,
        "required": required,
    }
    show(chosen, "map_fit", data, f"{heading('The time of a map', machine)}\n\n{report(chosen, found)}")


if __name__ == "__main__":
    guarded(main)
