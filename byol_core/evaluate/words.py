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
    "scratch": "the same network trained from scratch",
    "untrained": "the same network untrained",
    "pixels": "raw pixels",
    "colour": "a colour histogram",
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
    """``71.6 % ± 1.4``: mean and standard deviation over the splits; empty without any."""
    if row is None or row.mean is None:
        return ""
    return f"{100 * row.mean:.1f} %" + ("" if row.spread is None else f" ± {100 * row.spread:.1f}")


def verdict(judged: Judged) -> str:
    """What the pretraining is worth, in a sentence; empty where nothing was measured beside it."""
    ours, rivals = judged.of("trained"), [row for row in judged.scores if row.subject != "trained" and row.accuracies]
    if ours is None or not ours.accuracies or not rivals:
        return ""
    # From scratch is what one would do instead; without it, the best of the others.
    rival = judged.of("scratch") or max(rivals, key=lambda row: row.mean or 0.0)
    if not rival.accuracies:
        rival = max(rivals, key=lambda row: row.mean or 0.0)
    gains = [100 * (mine - theirs) for mine, theirs in zip(ours.accuracies, rival.accuracies, strict=False)]
    ahead, points = sum(gain > 0 for gain in gains), fmean(gains)
    return (
        f"{abs(points):.1f} points {'above' if points >= 0 else 'below'} {_RIVALS[rival.subject]}, "
        f"ahead in {ahead} of {len(gains)} split{'s' * (len(gains) != 1)}."
    )
