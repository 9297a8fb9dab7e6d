"""``python -m byol_core.embed FOLDER STEP SPACE``: make one UMAP of a run's ``embeddings`` folder and keep it there.

The Embeddings page starts this beside itself; it can as well be run by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from byol_core import processes
from byol_core.background import full
from byol_core.embed.jobs import Reporter, load_map, lock_path, map_key, save_map
from byol_core.embed.maps import UmapSettings, umap_map, unit
from byol_core.embed.probe import SPACES, Matrix, Probe, read_probe, read_space
from byol_core.errors import LabError
from byol_core.files import is_disk_full

NICENESS = 5  # a map may wait; a page and a run may not


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0: the map is there, or another process makes it; 1: it cannot be made, and the log says why."""
    options = _options(argv)
    processes.be_nice(NICENESS)
    settings = UmapSettings(options.n_neighbors, options.min_dist, options.seed)
    try:
        probe = read_probe(options.folder)
        vectors = unit(read_space(probe, probe.evaluation(options.step), options.space))
        return _make(probe, vectors, settings)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    usual = UmapSettings()
    parser = argparse.ArgumentParser("byol_core.embed", description="Make one UMAP of stored representations.")
    parser.add_argument("folder", type=Path, help="the embeddings folder of a run")
    parser.add_argument("step", type=int, help="the evaluation, by its step")
    parser.add_argument("space", choices=SPACES)
    parser.add_argument("--n-neighbors", type=int, default=usual.n_neighbors)
    parser.add_argument("--min-dist", type=float, default=usual.min_dist)
    parser.add_argument("--seed", type=int, default=usual.seed)
    return parser.parse_args(argv)


def _make(probe: Probe, vectors: Matrix, settings: UmapSettings) -> int:
    key = map_key(vectors, settings)
    lock_path(probe, key).parent.mkdir(exist_ok=True)
    try:
        with FileLock(lock_path(probe, key)).acquire(timeout=0):
            if load_map(probe, key) is None:
                _fit(probe, key, vectors, settings)
    except Timeout:
        print("Another process is making this map.")
    return 0


def _fit(probe: Probe, key: str, vectors: Matrix, settings: UmapSettings) -> None:
    reporter = Reporter(probe, key)
    reporter.say(0.0, "Loading UMAP and finding neighbours")
    try:
        xy = umap_map(vectors, settings, lambda share: reporter.say(share, "Laying out the map"))
        save_map(probe, key, xy)
    except Exception as error:
        # Whatever the reason, the page that waits for this map has to be told.
        reporter.say(0.0, _reason(error, probe), failed=True)
        if is_disk_full(error):
            raise LabError(full(probe.folder)) from None
        raise


def _reason(error: Exception, probe: Probe) -> str:
    if is_disk_full(error):
        return full(probe.folder)
    return str(error) if isinstance(error, LabError) else f"UMAP failed ({type(error).__name__}: {error})."


if __name__ == "__main__":
    sys.exit(main())
