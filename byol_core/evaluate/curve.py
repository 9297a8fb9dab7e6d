"""A label-efficiency curve: one question a number of labels, and their answers side by side. Knows no torch.

The answers are those of :mod:`byol_core.evaluate.jobs`: a point that was asked for on its own is a point of the curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from byol_core.evaluate import jobs
from byol_core.evaluate.jobs import Job
from byol_core.evaluate.protocol import SUBJECTS, Judged, Method, Protocol, Scores, Subject

# Labels a class; the last stands for every label that there is.
POINTS = ("1", "2", "5", "10", "20", "50", "all")


@dataclass(frozen=True)
class Point:
    """One number of labels: where its question stands, and the answer once there is one.

    ``job`` is None for what was answered.
    """

    protocol: Protocol
    judged: Judged | None
    job: Job | None

    @property
    def labelled(self) -> int | None:
        """Training images whose label was used: where the point lies on the axis."""
        return self.judged.labelled if self.judged else None


@dataclass(frozen=True)
class Series:
    """One subject over all points that are answered: labelled images, mean accuracy and its deviation (or None)."""

    subject: Subject
    labelled: tuple[int, ...]
    mean: tuple[float, ...]
    spread: tuple[float | None, ...]


def protocols_of_curve(
    method: Method,
    points: Sequence[str] = POINTS,
    splits: int = 3,
    seed: int = 0,
    *,
    per_class: int | None = None,
    data: str = "",
    k: int = 20,
    temperature: float = 0.1,
) -> list[Protocol]:
    """The questions of a curve, fewest labels first.

    ``per_class``: how many labelled training images the smallest class has, so that no point asks for more; None: not
    known, and a point that asks for more will fail in a sentence. ``k`` and ``temperature`` are those of the kNN.
    """
    kept = [point for point in points if not point.isdigit() or per_class is None or int(point) <= per_class]
    return [
        Protocol(method=method, labels=point, splits=splits, seed=seed, data=data, k=k, temperature=temperature)
        for point in kept
    ]


def points(run_folder: Path, protocols: Sequence[Protocol]) -> list[Point]:
    """Where each question of a curve stands."""
    return [_point(run_folder, protocol) for protocol in protocols]


def _point(run_folder: Path, protocol: Protocol) -> Point:
    found = jobs.job(run_folder, protocol)
    judged = jobs.result(run_folder, protocol) if found.state == "ready" else None
    return Point(protocol, judged, None if judged else found)


def series(found: Sequence[Point]) -> list[Series]:
    """The lines of the curve, one a subject that has any accuracy, by rising number of labels."""
    answered = sorted((point.judged for point in found if point.judged), key=lambda judged: judged.labelled)
    lines = [_series(subject, answered) for subject in SUBJECTS]
    return [line for line in lines if line.labelled]


def _series(subject: Subject, answered: Sequence[Judged]) -> Series:
    rows: list[tuple[int, float, Scores]] = []
    for judged in answered:
        scores = judged.of(subject)
        if scores is not None and scores.mean is not None:
            rows.append((judged.labelled, scores.mean, scores))
    return Series(
        subject, tuple(row[0] for row in rows), tuple(row[1] for row in rows), tuple(row[2].spread for row in rows)
    )
