"""Questions, answers and accuracies in words, for reports and the command line. Plain text."""

from __future__ import annotations

from collections.abc import Mapping

from byol_core.evaluation.intervals import FEW as LEAST
from byol_core.evaluation.intervals import Accuracy, Difference
from byol_core.evaluation.protocol import Judged, Method, Protocol, Subject

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
    "colour": "color histogram",
}
_RIVALS: Mapping[Subject, str] = {
    "scratch": "the same network trained from scratch on those labels",
    "untrained": "the same network before any training",
    "pixels": "the raw pixels",
    "colour": "a histogram of colors",
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


# Accuracies: one notation everywhere. Brackets hold 95 % intervals, "±" a standard deviation over draws or runs.

BRACKETS = "In brackets: the 95 % interval, how far chance in the choice of these images may have moved the figure."
FEW = "too few to tell"
NOTATION = (
    "[low, high]: 95 % interval for the choice of the test images. ±: standard deviation over draws of the labels."
)


def accuracy(found: Accuracy | None) -> str:
    """``0.808 [0.782, 0.831]``, or ``0.667, too few to tell`` of few images; empty when there is none."""
    return "" if found is None else f"{found.value:.3f}{', ' if found.few else ' '}{within(found)}"


def within(found: Accuracy) -> str:
    """``[0.782, 0.831]``, or ``too few to tell``."""
    return FEW if found.few else f"[{found.interval.low:.3f}, {found.interval.high:.3f}]"


def images(found: Accuracy | Difference) -> str:
    """``1,000 test images``: what a figure rests on."""
    return f"{found.images:,} {found.split} image{'' if found.images == 1 else 's'}"


def whole(found: Accuracy) -> str:
    """``0.808 [0.782, 0.831] (1,000 test images)``, where nothing beside it says what it rests on."""
    return f"{accuracy(found)} ({images(found)})"


def gap(found: Difference) -> str:
    """``+0.106 [+0.080, +0.131]``, or ``+0.056, too few to tell``."""
    if found.few:
        return f"{found.value:+.3f}, {FEW}"
    return f"{found.value:+.3f} [{found.interval.low:+.3f}, {found.interval.high:+.3f}]"


def points(found: Difference) -> str:
    """The same in points of a hundred: ``+10.6 [+8.0, +13.1]``."""
    if found.few:
        return f"{100 * found.value:+.1f}, {FEW}"
    return f"{100 * found.value:+.1f} [{100 * found.interval.low:+.1f}, {100 * found.interval.high:+.1f}]"


def brought(found: Difference) -> str:
    """What training did to an accuracy, in a sentence or two."""
    if found.few:
        return f"{images(found)} are too few to tell what training brought."
    told = {
        "better": f"Training brought {gap(found)}.",
        "worse": f"Training made it worse: {gap(found)}.",
        "unclear": f"There is no clear difference from the untrained encoder: {gap(found)}.",
    }[found.outcome]
    return told if found.paired else f"{told} {UNPAIRED}"


UNPAIRED = "Which images each got right was not kept, so the interval is wider than necessary."


def score(judged: Judged, subject: Subject) -> str:
    """The accuracy of one subject; empty without any.

    Of several draws of the labels ``0.716 ± 0.014``, mean and standard deviation over the draws, which is the larger
    uncertainty of few labels; else ``0.763 [0.736, 0.788]``, since splits of all labels differ in next to nothing.
    """
    row, figure = judged.of(subject), judged.figure(subject)
    if row is None or figure is None:
        return ""
    if figure.few or judged.draws(subject) < 2 or row.spread is None:
        return accuracy(figure)
    return f"{figure.value:.3f} ± {row.spread:.3f}"


def rests_on(judged: Judged) -> str:
    """What the figures of an answer rest on and what stands beside them, in a sentence."""
    many = f"{judged.tested:,} test images"
    if judged.tested < LEAST:
        return f"On {many}, which are too few to tell."
    if judged.draws("trained") < 2:
        return f"On {many}. {BRACKETS}"
    ours = judged.figure("trained")
    alone = f" the choice of the test images alone gives {within(ours)}" if ours else ""
    return f"On {many}. ±: standard deviation over {judged.draws('trained')} draws of the labels;{alone}."


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
    sentences = [f"That is {against(judged, twin.subject, strong)}."]
    if best is not twin and (best.mean or 0.0) >= (ours.mean or 0.0):
        sentences.append(
            f"But with {_RIVALS[best.subject]} it is {score(judged, best.subject)}: this does not "
            "show that training added anything."
        )
    if len(ours.accuracies) == 1 and judged.protocol.labels != "all":
        sentences.append("One draw of the labels alone does not show what another would give.")
    found = judged.gap(twin.subject)
    if found and not found.few and not found.paired:
        sentences.append(UNPAIRED)
    return " ".join(sentences)


def against(judged: Judged, other: Subject, strong: str = "") -> str:
    """How much better or worse the trained encoder is; clear when the interval leaves out 0 and every draw agrees."""
    found, ours, theirs = judged.gap(other), judged.of("trained"), judged.of(other)
    if found is None or ours is None or theirs is None:
        return ""
    name = _RIVALS[other]
    if found.few:
        return f"{100 * found.value:+.1f} points from {name}, on {images(found)}: {FEW}"
    gains = [mine - its for mine, its in zip(ours.accuracies, theirs.accuracies, strict=False)]
    count = 1 if judged.protocol.labels == "all" else len(gains)
    ahead, behind = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    drawn = f", ahead in {ahead} of {count} draws" if count > 1 else ""
    if found.outcome == "unclear" or (count > 1 and count not in (ahead, behind)):
        return f"not clearly different from {name}: {points(found)} points{drawn}"
    side = "above" if found.outcome == "better" else "below"
    low, high = sorted((abs(100 * found.interval.low), abs(100 * found.interval.high)))
    return f"{strong}{abs(100 * found.value):.1f} points {side}{strong} {name} [{low:.1f}, {high:.1f}]{drawn}"
