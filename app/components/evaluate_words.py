"""What an evaluation is called and what its numbers mean, in plain words. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from app.components import words
from byol_core.data.catalog import find
from byol_core.evaluate.protocol import Judged, Method, Protocol, Scores, Subject
from byol_core.evaluate.words import amount

TITLES: Mapping[Method, str] = {
    "knn": "kNN",
    "linear": "Linear probe",
    "linear-sgd": "Linear probe, SGD",
    "finetune": "Fine-tuning",
}
# On the buttons, which must fit a phone.
SHORT: Mapping[Method, str] = {**TITLES, "linear": "Linear", "linear-sgd": "Linear, SGD"}
WHAT: Mapping[Method, str] = {
    "knn": "Each test image takes the class of the training images nearest to it. Nothing is trained.",
    "linear": "One linear layer on the encoder, by L-BFGS; its regularisation is chosen on validation images.",
    "linear-sgd": "One linear layer by SGD on crops and flips, as in the paper; its rate is chosen on validation.",
    "finetune": "The whole network learns from the labels, beside the same network that starts from scratch.",
}
SUBJECTS: Mapping[Subject, str] = {
    "trained": "This run",
    "scratch": "From scratch",
    "untrained": "Untrained",
    "pixels": "Raw pixels",
    "colour": "Colour histogram",
}
_RIVALS: Mapping[Subject, str] = {
    "scratch": "the same network trained from scratch on those labels",
    "untrained": "the same network before any training",
    "pixels": "the raw pixels",
    "colour": "a histogram of colours",
}


def set_name(source: str) -> str:
    """A set in few characters: its title in the catalog, or the last part of a path."""
    if entry := find(source):
        return entry.title
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or "–"


def asked(protocol: Protocol) -> str:
    """The question in one line."""
    parts = [TITLES[protocol.method], amount(protocol.labels), splits(protocol.splits)]
    if protocol.method == "knn":
        parts.append(f"k {protocol.k}, T {protocol.temperature:g}")
    if protocol.seed:
        parts.append(f"seed {protocol.seed}")
    if protocol.data:
        parts.append(f"on {set_name(protocol.data)}")
    return ", ".join(parts)


def splits(count: int) -> str:
    """``3 splits``."""
    return f"{count} split{'' if count == 1 else 's'}"


def score(row: Scores | None) -> str:
    """``0.716 ± 0.014``, mean and standard deviation over the splits; a dash when there is none."""
    if row is None or row.mean is None:
        return "–"
    mean = words.number(row.mean)
    return mean if row.spread is None else f"{mean} ± {row.spread:.3f}"


def count(number: int) -> str:
    """``1 000``: thousands apart."""
    return f"{number:,}".replace(",", "\u202f")


def meaning(judged: Judged) -> str:
    """What the answer says: how good it is, and what the pretraining is worth."""
    ours = judged.of("trained")
    if ours is None or not ours.accuracies:
        return ours.missing if ours and ours.missing else "There is no result for this run."
    rivals = [row for row in judged.scores if row.subject != "trained" and row.accuracies]
    sentences = [_result(judged, ours)]
    if rivals:
        twin = next((row for row in rivals if row.subject == "scratch"), rivals[0])
        sentences.append(f"That is {against(ours, twin)}.")
        sentences += [_warning(row) for row in rivals if row is not twin and (row.mean or 0) >= (ours.mean or 0)][:1]
    if len(ours.accuracies) == 1:
        sentences.append("One split alone does not tell how much of it is chance.")
    return " ".join(sentences)


def _result(judged: Judged, ours: Scores) -> str:
    how = TITLES[judged.protocol.method]
    return (
        f"**{how} with {amount(judged.protocol.labels)}** ({count(judged.labelled)} images) reaches "
        f"**{score(ours)}** on {count(judged.tested)} test images."
    )


def against(ours: Scores, other: Scores) -> str:
    """How much better or worse, and whether it is so in every split: the same labels are drawn for both."""
    gains = [mine - theirs for mine, theirs in zip(ours.accuracies, other.accuracies, strict=False)]
    points, ahead, behind = 100 * fmean(gains), sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    name, every = _RIVALS[other.subject], " in every split" if len(gains) > 1 else ""
    if ahead == len(gains):
        return f"**{points:.1f} points above** {name}{', ahead' + every if every else ''}"
    if behind == len(gains):
        return f"**{-points:.1f} points below** {name}{', behind' + every if every else ''}"
    if not ahead and not behind:
        return f"exactly as good as {name}"
    return f"not clearly different from {name}: {points:+.1f} points, ahead in {ahead} of {splits(len(gains))}"


def _warning(row: Scores) -> str:
    name = _RIVALS[row.subject]
    return f"But with {name} it is {score(row)}: here the training brought nothing that was not there without it."
