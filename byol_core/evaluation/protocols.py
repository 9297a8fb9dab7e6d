"""One question to an encoder, answered: each subject learns the same labels by the same method, and is tested once.

Nothing is chosen on the test images: strengths and rates are chosen on labels held out of those in use, the number of
steps is fixed beforehand, and what is tested is the end of a fit, never its best moment.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from byol_core._version import __version__
from byol_core.config import RunConfig
from byol_core.data.imageset import ImageSet
from byol_core.evaluation import finetune, sgd
from byol_core.evaluation.baselines import STILL, encoder_of, extract, features_of
from byol_core.evaluation.crops import Crops
from byol_core.evaluation.knn import knn_votes
from byol_core.evaluation.linear import LinearProbe
from byol_core.evaluation.protocol import Judged, Protocol, Scores, Subject
from byol_core.evaluation.task import Question, Split
from byol_core.jobs.context import JobProgress
from byol_core.messages import Message
from byol_core.networks import Encoder

_ASKED = 500  # test images at a time whose neighbors are looked for


@dataclass(frozen=True)
class Answer:
    """``judged``, and for the report what the trained subject predicted in the first split.

    probabilities: (Q, C) float32, C the classes of the set. rows: (Q,) int64 rows of the set. labels: (Q,) int64.
    """

    judged: Judged
    probabilities: Tensor
    rows: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Said:
    """Predictions of one split: probabilities (Q, C) of the classes that occur, and what was chosen for it."""

    probabilities: Tensor
    chosen: str


def answer(
    config: RunConfig,
    encoder: Encoder,
    images: ImageSet,
    protocol: Protocol,
    *,
    device: torch.device,
    progress: Callable[[float, str], None] = lambda share, message: None,
    stop: Callable[[], bool] = lambda: False,
) -> Answer:
    """Evaluate an encoder, with its baselines beside it: a row of accuracies each, on the test images.

    ``progress`` is told the share that is done, 0 to 1, and what is done; ``stop`` is asked several times a second, or
    after each step where that takes longer. InputError when the labels of the set cannot be used, events.StopAsked when
    ``stop`` says so. The encoder itself is left as it was.
    """
    started = time.perf_counter()
    question = Question(config, images, protocol, device)
    trained = copy.deepcopy(encoder).requires_grad_(False).eval().to(device).to(memory_format=torch.channels_last)
    said = _all_said(question, trained, JobProgress(progress, stop))
    ours = [question.right(one.probabilities) for one in said["trained"]]
    scores = tuple(_scores(subject, splits, question, ours) for subject, splits in said.items())
    labels = images.labels
    assert labels is not None
    judged = Judged(
        protocol=protocol,
        scores=scores,
        data=images.name,
        classes=images.class_names,
        labeled=len(question.splits[0].rows),
        tested=len(question.test),
        seconds=round(time.perf_counter() - started, 2),
        device=device.type,
        version=__version__,
    )
    first = question.of_all_classes(said["trained"][0].probabilities)
    return Answer(judged, first, question.test, labels[question.test])


def _scores(subject: Subject, splits: list[Said], question: Question, ours: list[Tensor]) -> Scores:
    """``ours``: (Q,) bool a split, what the trained encoder got right, which the others are compared with."""
    right = [question.right(said.probabilities) for said in splits]
    pairs = [] if subject == "trained" else list(zip(ours, right, strict=True))
    return Scores(
        subject=subject,
        accuracies=tuple(float(each.double().mean()) for each in right),
        chosen=tuple(said.chosen for said in splits),
        gained=tuple(int((mine & ~its).sum()) for mine, its in pairs),
        lost=tuple(int((its & ~mine).sum()) for mine, its in pairs),
    )


def _all_said(question: Question, trained: Encoder, progress: JobProgress) -> dict[Subject, list[Said]]:
    method = question.protocol.method
    if method == "finetune":
        tuned = finetune.both(question, trained, progress.part(0.0, 0.9, Message("Fine-tuning")))
        found: dict[Subject, list[Said]] = {
            subject: [Said(one.probabilities, one.chosen) for one in splits] for subject, splits in tuned.items()
        }
        rest: tuple[Subject, ...] = ("untrained", "pixels", "colour")
        progress = progress.part(0.9, 1.0, Message("Linear probes of the baselines"))
    else:
        found, rest = {}, STILL
    judge = {"knn": _by_votes, "linear-sgd": _by_sgd}.get(method, _by_regression)
    for number, subject in enumerate(rest):
        part = progress.part(number / len(rest), (number + 1) / len(rest), _NAMES[subject])
        found[subject] = judge(subject, trained, question, part)
    return found


_NAMES: dict[Subject, str] = {
    "trained": Message("Evaluating the encoder"),
    "untrained": Message("Evaluating the untrained encoder"),
    "pixels": Message("Evaluating raw pixels"),
    "colour": Message("Evaluating the histogram of colors"),
}


def _by_votes(subject: Subject, trained: Encoder, question: Question, progress: JobProgress) -> list[Said]:
    found = features_of(subject, trained, question, progress.part(0.0, 0.9, _NAMES[subject]))
    k, temperature = question.protocol.k, question.protocol.temperature
    said = []
    for split in question.splits:
        bank, labels = found(split.rows), question.classes_of(split.rows).to(question.device)
        votes = []
        for rows in torch.split(question.test, _ASKED):
            progress(0.9)
            classes = len(question.classes)
            votes.append(knn_votes(bank, labels, found(rows), classes=classes, k=k, temperature=temperature))
        said.append(Said(torch.cat(votes), _voters(k, len(labels), temperature)))
    return said


def _voters(k: int, labels: int, temperature: float) -> str:
    """How many vote, which is fewer than asked for where there are fewer, and how."""
    if k <= labels:
        return Message("k {k}, T {temperature:g}", k=k, temperature=temperature)
    return Message("k {k}: all {k} labels, T {temperature:g}", k=labels, temperature=temperature)


def _by_regression(subject: Subject, trained: Encoder, question: Question, progress: JobProgress) -> list[Said]:
    found = features_of(subject, trained, question, progress.part(0.0, 0.5, _NAMES[subject]))
    test, together = found(question.test), _alike(question.splits)
    said = []
    for number, splits in enumerate(together):
        part = progress.part(0.5 + number / len(together) / 2, 0.5 + (number + 1) / len(together) / 2, _NAMES[subject])
        labels = question.classes_of(splits[0].rows).to(question.device)
        probe = LinearProbe(found(splits[0].rows), labels, len(question.classes))
        said += _regressions(probe, splits, test, part)
    return said


def _regressions(probe: LinearProbe, splits: list[Split], test: Tensor, progress: JobProgress) -> list[Said]:
    """Splits with the same labels: each chooses its strength, and what two of them choose is fitted once."""
    fitted: dict[float, Tensor] = {}
    said = []
    for number, split in enumerate(splits):
        part = progress.part(number / len(splits), (number + 1) / len(splits), progress.message)
        choice = probe.choose(split.folds.to(test.device), part.part(0.0, 0.5, progress.message))
        if choice.strength not in fitted:
            last = part.part(0.5, 1.0, progress.message)
            fitted[choice.strength] = probe.fit(choice.strength, last).probabilities(test)
        said.append(Said(fitted[choice.strength], choice.told))
    return said


def _by_sgd(subject: Subject, trained: Encoder, question: Question, progress: JobProgress) -> list[Said]:
    found = features_of(subject, trained, question, progress.part(0.0, 0.2, _NAMES[subject]))
    test, together = found(question.test), _alike(question.splits)
    encoder = encoder_of(subject, trained, question)
    said = []
    for number, splits in enumerate(together):
        part = progress.part(
            0.2 + 0.8 * number / len(together), 0.2 + 0.8 * (number + 1) / len(together), _NAMES[subject]
        )
        rows, labels = splits[0].rows, question.classes_of(splits[0].rows).to(question.device)
        crops = Crops(question.config, question.images, question.device, splits[0].seed)
        views = sgd.Views(extract(subject, encoder), crops, rows, part.part(0.0, 0.7, _NAMES[subject]))
        heads = sgd.Heads(splits, labels, len(question.classes), views)
        heads.train(crops, part.part(0.7, 1.0, _NAMES[subject]))
        for place in range(len(splits)):
            result = heads.result(place, found(rows))
            said.append(Said(result.classifier.probabilities(test), result.chosen))
    return said


def _alike(splits: list[Split]) -> list[list[Split]]:
    """Splits with the same labels together: all of them where all labels are used, else each by itself."""
    if all(torch.equal(split.rows, splits[0].rows) for split in splits):
        return [splits]
    return [[split] for split in splits]
