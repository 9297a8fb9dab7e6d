"""Questions, answers and accuracies in words, for reports, pages and the command line: messages, without markup."""

from __future__ import annotations

from collections.abc import Mapping

from byol_core.evaluation.intervals import FEW as LEAST
from byol_core.evaluation.intervals import Accuracy, Difference
from byol_core.evaluation.protocol import Judged, Method, Protocol, Scores, Subject
from byol_core.messages import Listing, Message, sentences

METHODS: Mapping[Method, str] = {
    "knn": Message("weighted kNN"),
    "linear": Message("linear probe"),
    "linear-sgd": Message("linear probe by SGD"),
    "finetune": Message("fine-tuning"),
}
SUBJECTS: Mapping[Subject, str] = {
    "trained": Message("this run"),
    "scratch": Message("from scratch"),
    "untrained": Message("untrained encoder"),
    "pixels": Message("raw pixels"),
    "colour": Message("color histogram"),
}
_RIVALS: Mapping[Subject, str] = {
    "scratch": Message("the same network trained from scratch on those labels"),
    "untrained": Message("the same network before any training"),
    "pixels": Message("the raw pixels"),
    "colour": Message("a histogram of colors"),
}
_MOST_DIGITS = 6  # of a number of labels; what is longer was typed by mistake


def amount(labels: str) -> str:
    """``"10"`` -> ``10 labels a class``."""
    if labels == "all":
        return Message("all labels")
    if labels.endswith("%"):
        return Message("{share} of the labels", share=labels)
    if labels.isdecimal() and len(labels) <= _MOST_DIGITS:
        return Message.plural("{n} label a class", "{n} labels a class", int(labels))
    return Message("{typed} labels a class", typed=labels)


def asked(protocol: Protocol) -> str:
    """A question in one line, such as ``linear probe, 10 labels a class, 3 splits``."""
    parts = [METHODS[protocol.method], amount(protocol.labels)]
    parts.append(Message.plural("{n} split", "{n} splits", protocol.splits))
    if protocol.method == "knn":
        parts.append(Message("k {k}, T {temperature:g}", k=protocol.k, temperature=protocol.temperature))
    if protocol.seed:
        parts.append(Message("seed {seed}", seed=protocol.seed))
    if protocol.data:
        parts.append(Message("on {data}", data=protocol.data))
    return Listing(parts, "comma")


# Accuracies: one notation everywhere. Brackets hold 95 % intervals, "±" a standard deviation over draws or runs.

BRACKETS = Message(
    "In brackets: the 95 % interval, how far chance in the choice of these images may have moved the figure."
)
FEW = Message("too few to tell")
NOTATION = Message(
    "[low, high]: 95 % interval for the choice of the test images. ±: standard deviation over draws of the labels."
)


def accuracy(found: Accuracy | None) -> str:
    """``0.808 [0.782, 0.831]``, or ``0.667, too few to tell`` of few images; empty when there is none."""
    if found is None:
        return ""
    if found.few:
        return Message("{value:.3f}, too few to tell", value=found.value)
    return f"{found.value:.3f} {within(found)}"


def within(found: Accuracy) -> str:
    """``[0.782, 0.831]``, or ``too few to tell``."""
    return FEW if found.few else f"[{found.interval.low:.3f}, {found.interval.high:.3f}]"


def images(found: Accuracy | Difference) -> str:
    """``1,000 test images``: what a figure rests on."""
    if found.split == "test":
        return _tested(found.images)
    return Message.plural("{n:,} validation image", "{n:,} validation images", found.images)


def _tested(count: int) -> str:
    return Message.plural("{n:,} test image", "{n:,} test images", count)


def whole(found: Accuracy) -> str:
    """``0.808 [0.782, 0.831] (1,000 test images)``, where nothing beside it says what it rests on."""
    return Message("{accuracy} ({images})", accuracy=accuracy(found), images=images(found))


def gap(found: Difference) -> str:
    """``+0.106 [+0.080, +0.131]``, or ``+0.056, too few to tell``."""
    if found.few:
        return Message("{value:+.3f}, too few to tell", value=found.value)
    return f"{found.value:+.3f} [{found.interval.low:+.3f}, {found.interval.high:+.3f}]"


def points(found: Difference) -> str:
    """The same in points of a hundred: ``+10.6 [+8.0, +13.1]``."""
    if found.few:
        return Message("{points:+.1f}, too few to tell", points=100 * found.value)
    return f"{100 * found.value:+.1f} [{100 * found.interval.low:+.1f}, {100 * found.interval.high:+.1f}]"


def brought(found: Difference) -> str:
    """What training did to an accuracy, in a sentence or two."""
    if found.few:
        return Message("{images} are too few to tell what training brought.", images=images(found))
    told = {
        "better": Message("Training brought {gap}.", gap=gap(found)),
        "worse": Message("Training made it worse: {gap}.", gap=gap(found)),
        "unclear": Message("There is no clear difference from the untrained encoder: {gap}.", gap=gap(found)),
    }[found.outcome]
    return told if found.paired else sentences(told, UNPAIRED)


UNPAIRED = Message("Which images each got right was not kept, so the interval is wider than necessary.")


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
    """What the figures of an answer rest on and what stands beside them, in a sentence or two."""
    many = _tested(judged.tested)
    if judged.tested < LEAST:
        return Message("On {images}, which are too few to tell.", images=many)
    ours, draws, where = judged.figure("trained"), judged.draws("trained"), Message("On {images}.", images=many)
    if ours is None or draws < 2:
        return sentences(where, BRACKETS)
    spread = Message(
        "±: standard deviation over {draws} draws of the labels; the choice of the test images alone gives {interval}.",
        draws=draws,
        interval=within(ours),
    )
    return sentences(where, spread)


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
    told = [against(judged, twin.subject, strong)]
    if best is not twin and (best.mean or 0.0) >= (ours.mean or 0.0):
        told.append(
            Message(
                "But with {rival} it is {score}: this does not show that training added anything.",
                rival=_RIVALS[best.subject],
                score=score(judged, best.subject),
            )
        )
    if len(ours.accuracies) == 1 and judged.protocol.labels != "all":
        told.append(Message("One draw of the labels alone does not show what another would give."))
    found = judged.gap(twin.subject)
    if found and not found.few and not found.paired:
        told.append(UNPAIRED)
    return sentences(*told)


def against(judged: Judged, other: Subject, strong: str = "") -> str:
    """How much better or worse the trained encoder is, in a sentence; empty where one of the two was not measured.

    It is clearly so when the interval leaves out 0 and every draw agrees.
    """
    found, ours, theirs = judged.gap(other), judged.of("trained"), judged.of(other)
    if found is None or ours is None or theirs is None:
        return ""
    if found.few:
        return Message(
            "That is {points:+.1f} points from {rival}, on {images}: too few to tell.",
            points=100 * found.value,
            rival=_RIVALS[other],
            images=images(found),
        )
    draws, ahead, behind = _draws(judged, ours, theirs)
    if found.outcome == "unclear" or (draws > 1 and draws not in (ahead, behind)):
        values = {"points": points(found), "rival": _RIVALS[other], "ahead": ahead, "draws": draws}
        return Message(_UNCLEAR_DRAWN if draws > 1 else _UNCLEAR, **values)
    low, high = sorted((abs(100 * found.interval.low), abs(100 * found.interval.high)))
    values = {"points": abs(100 * found.value), "low": low, "high": high, "strong": strong, "rival": _RIVALS[other]}
    return Message(_CLEAR[found.outcome == "better", draws > 1], **values, ahead=ahead, draws=draws)


_UNCLEAR = Message("That is not clearly different from {rival}: {points} points.")
_UNCLEAR_DRAWN = Message(
    "That is not clearly different from {rival}: {points} points, ahead in {ahead} of {draws} draws."
)
# By whether it is better, and whether labels were drawn several times.
_CLEAR: Mapping[tuple[bool, bool], str] = {
    (True, False): Message("That is {strong}{points:.1f} points above{strong} {rival} [{low:.1f}, {high:.1f}]."),
    (False, False): Message("That is {strong}{points:.1f} points below{strong} {rival} [{low:.1f}, {high:.1f}]."),
    (True, True): Message(
        "That is {strong}{points:.1f} points above{strong} {rival} [{low:.1f}, {high:.1f}], ahead in {ahead} of "
        "{draws} draws."
    ),
    (False, True): Message(
        "That is {strong}{points:.1f} points below{strong} {rival} [{low:.1f}, {high:.1f}], ahead in {ahead} of "
        "{draws} draws."
    ),
}


def _draws(judged: Judged, ours: Scores, theirs: Scores) -> tuple[int, int, int]:
    """How many draws of labels there are, and in how many of them ours is ahead and behind."""
    gains = [mine - its for mine, its in zip(ours.accuracies, theirs.accuracies, strict=False)]
    count = 1 if judged.protocol.labels == "all" else len(gains)
    return count, sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
