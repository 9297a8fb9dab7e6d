"""Learned on one set, evaluated on another: a matrix of runs by sets, each cell one question. Knows no torch.

It is how "data independence" is measured: a representation that carries over keeps its distance from the untrained
encoder on sets that it has never seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from byol_core.data import catalog
from byol_core.evaluation import jobs
from byol_core.evaluation.intervals import Difference
from byol_core.evaluation.jobs import Job
from byol_core.evaluation.protocol import Judged, Method, Protocol
from byol_core.system import paths
from byol_core.weights.encoder_files import read_config


@dataclass(frozen=True)
class Cell:
    """One run evaluated on one set. ``own``: it is the set that the run learned from, which is no transfer."""

    run_folder: Path
    data: str
    protocol: Protocol
    own: bool

    def job(self) -> Job:
        """Where the question stands."""
        return jobs.job(self.run_folder, self.protocol)

    def result(self) -> Judged | None:
        """The answer, once there is one."""
        return jobs.result(self.run_folder, self.protocol)


def cells(
    runs: Sequence[Path],
    sets: Sequence[str],
    method: Method = "linear",
    labels: str = "all",
    *,
    splits: int = 3,
    seed: int = 0,
) -> list[list[Cell]]:
    """A row a run (its folder), a cell a set (a name of the catalog or a path); LabError when a run cannot be read."""
    return cells_of(runs, sets, Protocol(method=method, labels=labels, splits=splits, seed=seed))


def cells_of(runs: Sequence[Path], sets: Sequence[str], usual: Protocol) -> list[list[Cell]]:
    """The same for a whole question (its own set does not count), with its k and temperature."""
    usual = usual.model_copy(update={"data": ""})
    return [[_cell(folder, data, usual) for data in sets] for folder in runs]


def _cell(run_folder: Path, data: str, usual: Protocol) -> Cell:
    own = same_set(data, read_config(run_folder).data.source)
    # On its own set, the question is the one that is asked of the run alone.
    return Cell(run_folder, data, usual if own else usual.model_copy(update={"data": data}), own)


def same_set(one: str, other: str) -> bool:
    """Whether two names or paths mean the same set."""
    first, second = catalog.find(one), catalog.find(other)
    if first or second:
        return first == second
    return whole(one) == whole(other)


def whole(path: str) -> str:
    """The whole path; as it is written where it can be none, such as one of 5,000 letters."""
    try:
        return str(paths.typed(path).resolve())
    except (OSError, ValueError, RuntimeError):
        return path


def gain(judged: Judged) -> Difference | None:
    """By how much the trained encoder is ahead of the same network untrained; None without both."""
    return judged.gap("untrained")
