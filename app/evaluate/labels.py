"""What an evaluation is called and what its numbers mean, in plain words. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping

from app.shared.formatting import count
from byol_core.data.catalog import find
from byol_core.evaluation import summary as plain
from byol_core.evaluation.protocol import Judged, Method, Protocol, Subject
from byol_core.evaluation.summary import amount

TITLES: Mapping[Method, str] = {
    "knn": "kNN",
    "linear": "Linear probe",
    "linear-sgd": "Linear probe, SGD",
    "finetune": "Fine-tuning",
}
# On the buttons, which must fit a phone.
SHORT: Mapping[Method, str] = {**TITLES, "linear": "Linear", "linear-sgd": "Linear, SGD"}
WHAT: Mapping[Method, str] = {
    "knn": "Each test image gets the class of the training images nearest to it. Nothing is trained.",
    "linear": "One linear layer on the encoder, by L-BFGS; its regularization is chosen on validation images.",
    "linear-sgd": "One linear layer by SGD on crops and flips, as in the paper; its rate is chosen on validation.",
    "finetune": "The whole network learns from the labels, beside the same network that starts from scratch.",
}
SUBJECTS: Mapping[Subject, str] = {
    "trained": "This run",
    "scratch": "From scratch",
    "untrained": "Untrained",
    "pixels": "Raw pixels",
    "colour": "Color histogram",
}


def set_name(source: str) -> str:
    """A set in few characters: its title in the catalog, or the last part of a path."""
    if entry := find(source):
        return entry.title
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or "–"


def asked(protocol: Protocol) -> str:
    """The question in one line."""
    parts = [TITLES[protocol.method], amount(protocol.labels), splits(protocol.splits)]
    if told := numbers(protocol):
        parts.append(told)
    if protocol.data:
        parts.append(f"on {set_name(protocol.data)}")
    return ", ".join(parts)


def numbers(protocol: Protocol) -> str:
    """``k 20, T 0.1, seed 1``: what tells two questions apart beside method, labels and splits; empty when nothing."""
    told = [f"k {protocol.k}", f"T {protocol.temperature:g}"] if protocol.method == "knn" else []
    return ", ".join([*told, f"seed {protocol.seed}"] if protocol.seed else told)


def splits(count: int) -> str:
    """The number of splits in words, such as ``3 splits``."""
    return f"{count} split{'' if count == 1 else 's'}"


def score(judged: Judged, subject: Subject) -> str:
    """``0.763 [0.736, 0.788]``, of several draws of labels ``0.716 ± 0.014``; a dash when there is none."""
    return plain.score(judged, subject) or "–"


def meaning(judged: Judged) -> str:
    """What the answer says: how good it is, and what the pretraining is worth."""
    ours = judged.of("trained")
    if ours is None or not ours.accuracies:
        return ours.missing if ours and ours.missing else "There is no result for this run."
    return " ".join(filter(None, [_result(judged), plain.verdict(judged, "**")]))


def _result(judged: Judged) -> str:
    how = TITLES[judged.protocol.method]
    return (
        f"**{how} with {amount(judged.protocol.labels)}** ({count(judged.labeled)} images) reaches "
        f"**{score(judged, 'trained')}** on {count(judged.tested)} test images."
    )
