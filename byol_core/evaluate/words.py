"""Questions and answers in words, for reports and the command line. Plain text."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from byol_core.evaluate.protocol import Judged, Method, Protocol, Scores, Subject

METHODS: Mapping[Method, str] = {
    "knn": "weighted kNN",
    "linear": "linear probe",
    "linear-sgd": "linear probe by SGD",
    "finetune": "fine-tuning",
}
SUBJECTS: Mapping[Subject, str] = {
    "trained": "this run",
    "scratch": "from scratch",
    "untrained": "untrained encoder",
    "pixels": "raw pixels",
    "colour": "colour histogram",
}
_RIVALS: Mapping[Subject, str] = {
    "scratch": "the same network trained from scratch on those labels",
    "untrained": "the same network before any training",
    "pixels": "the raw pixels",
    "colour": "a histogram of colours",
}


def amount(labels: str) -> str:
    """``"10"`` -> ``10 labels a class``."""
    if labels == "all":
        return "all labels"
    return f"{labels} of the labels" if labels.endswith("%") else f"{labels} label{'s' * (labels != '1')} a class"


def asked(protocol: Protocol) -> str:
    """A question in one line, such as ``linear probe, 10 labels a class, 3 splits``."""
    parts = [METHODS[protocol.method], amount(protocol.labels)]
    parts.append(f"{protocol.splits} split{'s' * (protocol.splits != 1)}")
    if protocol.method == "knn":
        parts.append(f"k {protocol.k}, T {protocol.temperature:g}")
    if protocol.seed:
        parts.append(f"seed {protocol.seed}")
    if protocol.data:
        parts.append(f"on {protocol.data}")
    return ", ".join(parts)


def score(row: Scores | None) -> str:
    """``0.716 ± 0.014``: mean and standard deviation over the splits; one split has none; empty without any."""
    if row is None or row.mean is None:
        return ""
    return f"{row.mean:.3f}" + ("" if row.spread is None else f" ± {row.spread:.3f}")


def verdict(judged: Judged, strong: str = "") -> str:
    """What the pretraining is worth, in sentences; empty where nothing was measured beside it.

    Told against the same network from scratch, else untrained, else the best of the rest; a baseline that is at least
    as good is told as well. ``strong`` stands around what matters most (``**`` for Markdown).
    """
    ours, rivals = judged.of("trained"), [row for row in judged.scores if row.subject != "trained" and row.accuracies]
    if ours is None or not ours.accuracies or not rivals:
        return ""
    by_name = {row.subject: row for row in rivals}
    best = max(rivals, key=lambda row: row.mean or 0.0)
    twin = by_name.get("scratch") or by_name.get("untrained") or best
    sentences = [f"That is {against(ours, twin, judged.protocol.labels, strong)}."]
    if best is not twin and (best.mean or 0.0) >= (ours.mean or 0.0):
        sentences.append(
            f"But with {_RIVALS[best.subject]} it is {score(best)}: here the training brought nothing that was not "
            "there without it."
        )
    if len(ours.accuracies) == 1:
        sentences.append("One split alone does not tell how much of it is chance.")
    return " ".join(sentences)


def against(ours: Scores, other: Scores, labels: str, strong: str = "") -> str:
    """How much better or worse. It is clear when every split agrees, and each has labels of its own."""
    gains = [mine - theirs for mine, theirs in zip(ours.accuracies, other.accuracies, strict=False)]
    points, ahead, behind = 100 * fmean(gains), sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    name, count = _RIVALS[other.subject], len(gains)
    if not ahead and not behind:
        return f"exactly as good as {name}"
    if count not in (ahead, behind):
        return f"not clearly different from {name}: {points:+.1f} points, ahead in {ahead} of {count} splits"
    told = f"{strong}{abs(points):.1f} points {'above' if ahead else 'below'}{strong} {name}"
    if count == 1:
        return told
    every = f"{told}, {'ahead' if ahead else 'behind'} in every split"
    return f"{every}, though all splits use the same labels" if labels == "all" else f"{every}, which is clear"
