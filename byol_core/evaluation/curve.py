"""A label-efficiency curve: one question a number of labels, and their answers side by side. Knows no torch.

The answers are those of :mod:`byol_core.evaluation.jobs`: a point that was asked for on its own is a point of the
curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from byol_core.evaluation import jobs
from byol_core.evaluation.intervals import Interval
from byol_core.evaluation.jobs import Job
from byol_core.evaluation.protocol import SUBJECTS, Judged, Method, Protocol, Subject

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
    def labeled(self) -> int | None:
        """Training images whose label was used: where the point lies on the axis."""
        return self.judged.labeled if self.judged else None


@dataclass(frozen=True)
class Series:
    """One subject over all points that are answered: labeled images, mean accuracy and its deviation (or None).

    ``answers`` are what the points come from.
    """

    subject: Subject
    labeled: tuple[int, ...]
    mean: tuple[float, ...]
    spread: tuple[float | None, ...]
    answers: tuple[Judged, ...]

    @property
    def bands(self) -> tuple[Interval, ...]:
        """How sure each point is."""
        return tuple(band(judged, self.subject) for judged in self.answers)


def band(judged: Judged, subject: Subject) -> Interval:
    """One standard deviation to both sides where labels were drawn several times, else the interval of the images."""
    row, figure = judged.of(subject), judged.figure(subject)
    if row is None or figure is None:
        raise ValueError(f"the result has no accuracy of '{subject}'")
    if judged.draws(subject) > 1 and row.spread is not None:
        return Interval(figure.value - row.spread, figure.value + row.spread)
    return figure.interval


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

    ``per_class``: how many labeled training images the smallest class has, so that no point asks for more; None: not
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
    answered = sorted((point.judged for point in found if point.judged), key=lambda judged: judged.labeled)
    lines = [_series(subject, answered) for subject in SUBJECTS]
    return [line for line in lines if line.labeled]


def _series(subject: Subject, answered: Sequence[Judged]) -> Series:
    rows = [(judged, row) for judged in answered if (row := judged.of(subject)) and row.accuracies]
    return Series(
        subject,
        tuple(judged.labeled for judged, _ in rows),
        tuple(row.mean for _, row in rows if row.mean is not None),
        tuple(row.spread for _, row in rows),
        tuple(judged for judged, _ in rows),
    )
