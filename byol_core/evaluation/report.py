"""What a classifier gets right and wrong: scikit-learn's report, confusions, curves, calibration. Knows no torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from byol_core.evaluation.intervals import Accuracy
from byol_core.evaluation.protocol import Judged
from byol_core.evaluation.results import Predictions

# Points of a drawn curve: more cannot be told apart.
MOST_POINTS = 100
# Calibration, as in arXiv 1706.04599: bins of equal width.
BINS = 15
WORST = 60  # mistakes that are listed


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Row(_Plain):
    """A line of the table; ``name`` is a class, or "macro avg" or "weighted avg". ``support``: its test images."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class Seen(_Plain):
    """One test image: its row in the set, its true and its predicted class (indices), and the confidence."""

    row: int
    true: int
    said: int
    confidence: float


class Curve(_Plain):
    """One class against all others. None: it has no test image, or no other has.

    ``recall`` rises; ``precision`` goes with it. ``average_precision`` and ``roc_auc`` are 0 to 1.
    """

    name: str
    precision: tuple[float, ...] = ()
    recall: tuple[float, ...] = ()
    average_precision: float | None = None
    roc_auc: float | None = None


class Bin(_Plain):
    """The test images whose confidence lies between ``low`` and ``high``; None without any."""

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


class Report(_Plain):
    """What the trained encoder's classifier of the first split did on the test images.

    ``confusion[true][said]`` counts images. ``mistakes``: the surest first. ``calibration_error``: the expected
    calibration error, 0 is perfect. ``text``: scikit-learn's own print.
    """

    classes: tuple[str, ...]
    tested: int
    accuracy: float
    balanced_accuracy: float
    table: tuple[Row, ...]
    averages: tuple[Row, ...]
    text: str
    confusion: tuple[tuple[int, ...], ...]
    mistakes: tuple[Seen, ...]
    mistaken: int
    curves: tuple[Curve, ...]
    calibration: tuple[Bin, ...]
    calibration_error: float

    @property
    def figure(self) -> Accuracy:
        """The accuracy with the test images that it rests on."""
        return Accuracy(self.accuracy, self.tested)


def report(judged: Judged, predictions: Predictions, *, worst: int = WORST) -> Report:
    """Look closely at the predictions of an answer; ``worst`` mistakes are listed."""
    said, labels, classes = predictions.said, predictions.labels, judged.classes
    confusion = _confusion(labels, said, len(classes))
    table, averages, text = _table(labels, said, classes)
    wrong = _surest(predictions, np.flatnonzero(said != labels))
    bins = _calibration(predictions.confidence, said == labels)
    present = confusion.sum(axis=1) > 0
    return Report(
        classes=classes,
        tested=len(labels),
        accuracy=float((said == labels).mean()),
        balanced_accuracy=float((confusion.diagonal()[present] / confusion.sum(axis=1)[present]).mean()),
        table=table,
        averages=averages,
        text=text,
        confusion=tuple(map(tuple, confusion.tolist())),
        mistakes=wrong[:worst],
        mistaken=len(wrong),
        curves=_curves(classes, predictions),
        calibration=bins,
        calibration_error=_calibration_error(bins),
    )


def cell(predictions: Predictions, true: int, said: int) -> tuple[Seen, ...]:
    """The test images of one cell of the confusion matrix, the surest first."""
    return _surest(predictions, np.flatnonzero((predictions.labels == true) & (predictions.said == said)))


def to_json(report: Report, judged: Judged, run: str) -> str:
    """The report and the answer as JSON text: ``run``, ``judged``, ``accuracies``, ``report``.

    ``accuracies`` say of each subject how many images of which split its accuracy rests on, its interval, and how the
    trained encoder differs from it.
    """
    whole = {"run": run, "judged": judged.model_dump(mode="json"), "accuracies": judged.accuracies()}
    whole["report"] = report.model_dump(mode="json") | {"accuracy_interval": report.figure.as_dict()}
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _surest(predictions: Predictions, places: NDArray[np.int64]) -> tuple[Seen, ...]:
    """These places as images, the surest first; equally sure ones in the order of the set."""
    confidence, said = predictions.confidence, predictions.said
    ordered = places[np.lexsort((predictions.rows[places], -confidence[places]))]
    return tuple(
        Seen(
            row=int(predictions.rows[at]),
            true=int(predictions.labels[at]),
            said=int(said[at]),
            confidence=_rounded(confidence[at]),
        )
        for at in ordered
    )


def _confusion(labels: NDArray[np.int64], said: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(C, C) counts, true by predicted."""
    counts: NDArray[np.int64] = np.bincount(labels * classes + said, minlength=classes * classes)
    return counts.reshape(classes, classes)


def _table(
    labels: NDArray[np.int64], said: NDArray[np.int64], names: tuple[str, ...]
) -> tuple[tuple[Row, ...], tuple[Row, ...], str]:
    """A row a class, the two averages, and scikit-learn's print of the same."""
    from sklearn.metrics import classification_report, precision_recall_fscore_support

    options: dict[str, Any] = {"labels": range(len(names)), "zero_division": 0}
    text: str = classification_report(labels, said, target_names=[_line(name) for name in names], digits=3, **options)
    columns = precision_recall_fscore_support(labels, said, **options)
    table = tuple(_row(name, *values) for name, *values in zip(names, *columns, strict=True))
    averages = []
    for kind in ("macro", "weighted"):
        precision, recall, f1, _ = precision_recall_fscore_support(labels, said, average=kind, **options)
        averages.append(_row(f"{kind} avg", precision, recall, f1, len(labels)))
    return table, tuple(averages), text


def _line(name: str) -> str:
    """A class name that does not break the lines of a table of text."""
    return " ".join(name.split())


def _row(name: str, precision: float, recall: float, f1: float, support: int) -> Row:
    return Row(name=name, precision=_rounded(precision), recall=_rounded(recall), f1=_rounded(f1), support=int(support))


def _curves(classes: tuple[str, ...], predictions: Predictions) -> tuple[Curve, ...]:
    scores = predictions.probabilities.T
    return tuple(
        _curve(name, predictions.labels == index, score)
        for index, (name, score) in enumerate(zip(classes, scores, strict=True))
    )


def _curve(name: str, positive: NDArray[np.bool_], score: NDArray[np.float32]) -> Curve:
    """One class against all others, by the probability of that class."""
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    if not positive.any() or positive.all():
        return Curve(name=name)
    precision, recall, _ = precision_recall_curve(positive, score)
    kept = _thinned(recall[::-1])
    return Curve(
        name=name,
        precision=tuple(_rounded(value) for value in precision[::-1][kept]),
        recall=tuple(_rounded(value) for value in recall[::-1][kept]),
        average_precision=_rounded(average_precision_score(positive, score)),
        roc_auc=_rounded(roc_auc_score(positive, score)),
    )


def _thinned(recall: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which of many points of a rising recall are drawn: evenly over its range, both ends among them."""
    if len(recall) <= MOST_POINTS:
        return np.arange(len(recall))
    wanted = np.searchsorted(recall, np.linspace(0, 1, MOST_POINTS - 1))
    return np.unique(np.append(wanted.clip(max=len(recall) - 1), len(recall) - 1))


def _calibration(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Bins (low, high] of equal width: how sure it was and how often it was right."""
    place = (np.ceil(confidence * BINS).astype(int) - 1).clip(0, BINS - 1)
    return tuple(_bin(index, confidence[place == index], right[place == index]) for index in range(BINS))


def _bin(index: int, confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> Bin:
    count = len(right)
    return Bin(
        low=_rounded(index / BINS),
        high=_rounded((index + 1) / BINS),
        count=count,
        confidence=_rounded(confidence.mean(dtype=np.float64)) if count else None,
        accuracy=_rounded(right.mean()) if count else None,
    )


def _calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error (arXiv 1706.04599, eq. 3): the gap of each bin, weighted by its images."""
    gaps = [
        bin_.count * abs(bin_.accuracy - bin_.confidence)
        for bin_ in bins
        if bin_.accuracy is not None and bin_.confidence is not None
    ]
    return _rounded(sum(gaps) / sum(bin_.count for bin_ in bins))


def _rounded(value: float) -> float:
    """Six digits are more than a few thousand images tell."""
    return round(float(value), 6)
