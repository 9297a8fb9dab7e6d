"""What an evaluation is called and what its numbers mean, in plain words. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping

from app.shared.formatting import count
from app.shared.language import N_, _, listing, n_, tell
from byol_core.data.catalog import find
from byol_core.evaluation import summary as plain
from byol_core.evaluation.protocol import Judged, Method, Protocol, Subject

# Marked texts: ``tell`` says them where they are shown.
TITLES: Mapping[Method, str] = {
    "knn": N_("kNN"),
    "linear": N_("Linear probe"),
    "linear-sgd": N_("Linear probe, SGD"),
    "finetune": N_("Fine-tuning"),
}
# On the buttons, which must fit a phone.
SHORT: Mapping[Method, str] = {**TITLES, "linear": N_("Linear"), "linear-sgd": N_("Linear, SGD")}
WHAT: Mapping[Method, str] = {
    "knn": N_("Each test image gets the class of the training images nearest to it. Nothing is trained."),
    "linear": N_("One linear layer on the encoder, by L-BFGS; its regularization is chosen on validation images."),
    "linear-sgd": N_("One linear layer by SGD on crops and flips, as in the paper; its rate is chosen on validation."),
    "finetune": N_("The whole network learns from the labels, beside the same network that starts from scratch."),
}
SUBJECTS: Mapping[Subject, str] = {
    "trained": N_("This run"),
    "scratch": N_("From scratch"),
    "untrained": N_("Untrained"),
    "pixels": N_("Raw pixels"),
    "colour": N_("Color histogram"),
}


def title(method: Method) -> str:
    """What a method is called."""
    return tell(TITLES[method])


def subject(which: Subject) -> str:
    """What is evaluated, as a label."""
    return tell(SUBJECTS[which])


def amount(labels: str) -> str:
    """``"10"`` -> ``10 labels a class``."""
    return tell(plain.amount(labels))


def set_name(source: str) -> str:
    """A set in few characters: its title in the catalog, or the last part of a path."""
    if entry := find(source):
        return tell(entry.title)
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or "–"


def asked(protocol: Protocol) -> str:
    """The question in one line."""
    parts = [title(protocol.method), amount(protocol.labels), splits(protocol.splits)]
    if told := numbers(protocol):
        parts.append(told)
    if protocol.data:
        parts.append(_("on {data}", data=set_name(protocol.data)))
    return listing(parts, "comma")


def numbers(protocol: Protocol) -> str:
    """``k 20, T 0.1, seed 1``: what tells two questions apart beside method, labels and splits; empty when nothing."""
    told = []
    if protocol.method == "knn":
        told.append(_("k {k}, T {temperature:g}", k=protocol.k, temperature=protocol.temperature))
    if protocol.seed:
        told.append(_("seed {seed}", seed=protocol.seed))
    return listing(told, "comma")


def splits(count: int) -> str:
    """The number of splits in words, such as ``3 splits``."""
    return n_("{n} split", "{n} splits", count)


def score(judged: Judged, subject: Subject) -> str:
    """``0.763 [0.736, 0.788]``, of several draws of labels ``0.716 ± 0.014``; a dash when there is none."""
    return tell(plain.score(judged, subject)) or "–"


def meaning(judged: Judged) -> str:
    """What the answer says: how good it is, and what the pretraining is worth."""
    ours = judged.of("trained")
    if ours is None or not ours.accuracies:
        return ours.missing if ours and ours.missing else _("There is no result for this run.")
    return listing(filter(None, (_result(judged), tell(plain.verdict(judged, "**")))), "sentences")


def _result(judged: Judged) -> str:
    return _(
        "**{method} with {labels}** ({labeled} images) reaches **{score}** on {tested} test images.",
        method=title(judged.protocol.method),
        labels=amount(judged.protocol.labels),
        labeled=count(judged.labeled),
        score=score(judged, "trained"),
        tested=count(judged.tested),
    )
