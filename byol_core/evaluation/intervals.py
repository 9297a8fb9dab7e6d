"""How sure an accuracy is, and a difference of two: 95 % intervals from counts of images. Pure arithmetic.

One accuracy has Wilson's score interval (JASA 22, 1927, 209-212), a difference Newcombe's, which is made of the Wilson
intervals of its two accuracies: of the same images by the counts of those that only one got right (Statistics in
Medicine 17, 1998, 2635-2650, method 10), of different images, or where no such counts were kept, without them (the same
volume, 873-890, method 10). All stay inside their range and hold for few images and for accuracies near 0 and 1.

They tell of the chance in which images are tested. The chance in a run's seed or in a draw of labels is another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Split = Literal["validation", "test"]
# What may be said of a difference: "few" images tell nothing, of "unclear" ones the interval holds 0.
Outcome = Literal["better", "worse", "unclear", "few"]
FEW = 100  # with fewer images nothing is told: the interval of one accuracy may then be 0.2 wide and more
_Z = 1.959963984540054  # of a normal distribution, 95 % lie between -z and z


class Interval(NamedTuple):
    """The interval from ``low`` to ``high``, both included."""

    low: float
    high: float


def wilson(correct: float, images: int) -> Interval:
    """The interval of an accuracy, 0 to 1: so many right (a mean of several draws need not be whole) of so many images.

    ValueError unless 0 <= correct <= images and there is an image.
    """
    if not (images >= 1 and 0 <= correct <= images):
        raise ValueError(f"{correct} of {images} is no accuracy")
    share, square = correct / images, _Z * _Z / images
    middle = (share + square / 2) / (1 + square)
    half = _Z * math.sqrt(share * (1 - share) / images + square / (4 * images)) / (1 + square)
    # Exactly 0 and 1 at the ends, where rounding would leave a trace.
    return Interval(middle - half if correct else 0.0, middle + half if correct < images else 1.0)


def paired(both: float, gained: float, lost: float, neither: float) -> Interval:
    """The interval of (both + gained - both - lost) / n, -1 to 1, for two accuracies on the same n images.

    ``gained``: images that only the first got right, ``lost``: only the second. ValueError for a negative count, or
    without any image.
    """
    n = round(both + gained + lost + neither)
    if min(both, gained, lost, neither) < 0 or n < 1:
        raise ValueError(f"{both}, {gained}, {lost} and {neither} are no counts of images")
    first, second = both + gained, both + lost
    return _squared_and_added(first, n, second, n, _correlation(both, gained, lost, neither))


def unpaired(first: float, first_images: int, second: float, second_images: int) -> Interval:
    """The interval of a difference, -1 to 1, of two accuracies, each of so many right of so many images."""
    return _squared_and_added(first, first_images, second, second_images, 0.0)


def _correlation(both: float, gained: float, lost: float, neither: float) -> float:
    """Newcombe's phi, with his continuity correction where it is positive; 0 where a margin is empty."""
    margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    if margins <= 0:
        return 0.0
    product = both * neither - gained * lost
    if product > 0:
        product = max(0.0, product - (both + gained + lost + neither) / 2)
    return product / math.sqrt(margins)


def _squared_and_added(first: float, n: int, second: float, m: int, phi: float) -> Interval:
    p, q, one, other = first / n, second / m, wilson(first, n), wilson(second, m)

    def reach(mine: float, its: float) -> float:
        return math.sqrt(max(0.0, mine * mine - 2 * phi * mine * its + its * its))

    low = p - q - reach(p - one.low, other.high - q)
    high = p - q + reach(one.high - p, q - other.low)
    return Interval(max(-1.0, low), min(1.0, high))


@dataclass(frozen=True)
class Accuracy:
    """A share of images of one split that were right; it may be the mean of several draws on these images."""

    value: float
    images: int
    split: Split = "test"

    @property
    def correct(self) -> float:
        """How many images that is."""
        return min(float(self.images), max(0.0, self.value * self.images))

    @property
    def interval(self) -> Interval:
        """Wilson's interval of the accuracy."""
        return wilson(self.correct, self.images)

    @property
    def few(self) -> bool:
        """Whether it rests on too few images to tell anything."""
        return self.images < FEW

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"value": self.value, "low": self.interval.low, "high": self.interval.high} | _facts(self)


@dataclass(frozen=True)
class Difference:
    """By how much one accuracy is above another. ``paired``: its interval knows which images each got right."""

    value: float
    interval: Interval
    images: int
    split: Split
    paired: bool

    @property
    def few(self) -> bool:
        """Whether it rests on too few images to tell anything."""
        return self.images < FEW

    @property
    def outcome(self) -> Outcome:
        """What may be said of it."""
        if self.few:
            return "few"
        if self.interval.low <= 0 <= self.interval.high:
            return "unclear"
        return "better" if self.value > 0 else "worse"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        told = {"value": self.value, "low": self.interval.low, "high": self.interval.high}
        return told | _facts(self) | {"paired": self.paired, "outcome": self.outcome}


def _facts(found: Accuracy | Difference) -> dict[str, Any]:
    return {"images": found.images, "split": found.split, "too_few_to_tell": found.few}


def difference(ours: Accuracy, other: Accuracy, gained: float | None = None, lost: float | None = None) -> Difference:
    """``ours`` less ``other``; with the images that only the one and only the other got right, both on the same images.

    Without those counts, or where they do not fit the accuracies, the interval is that of different images, which for
    the same images is too wide.
    """
    interval = None
    if gained is not None and lost is not None and ours.images == other.images:
        interval = _matched(ours, other, gained, lost)
    known = interval is not None
    if interval is None:
        interval = unpaired(ours.correct, ours.images, other.correct, other.images)
    return Difference(ours.value - other.value, interval, min(ours.images, other.images), ours.split, known)


def _matched(ours: Accuracy, other: Accuracy, gained: float, lost: float) -> Interval | None:
    both = ours.correct - gained
    neither = ours.images - ours.correct - lost
    fits = abs(both + lost - other.correct) < 0.5 and min(gained, lost) >= 0 and min(both, neither) > -0.5
    return paired(max(0.0, both), gained, lost, max(0.0, neither)) if fits else None
