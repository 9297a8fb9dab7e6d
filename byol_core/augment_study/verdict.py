"""Whether views are too weak, in range or too strong for an encoder, from a few numbers, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from byol_core.messages import Message

Level = Literal["too weak", "in range", "too strong", "unclear"]


@dataclass(frozen=True)
class Numbers:
    """pair: the mean cosine of an image's two views; unlike: of two different images, which is what it means here.

    kept: the share of a view's ``k`` nearest training images that are of the image's class, or, without labels, that
    are among the image's own nearest. plain: the same of the image itself; chance: of training images drawn at random.
    """

    pair: float
    unlike: float
    kept: float
    plain: float
    chance: float
    k: int
    images: int
    labeled: bool

    @property
    def closeness(self) -> float:
        """1: the two views are the same to the encoder; 0: as different as two different images."""
        return (self.pair - self.unlike) / max(1e-6, 1 - self.unlike)

    @property
    def retention(self) -> float:
        """1: a view resembles the image's kind as much as the image does; 0: no more than chance."""
        return (self.kept - self.chance) / max(1e-6, self.plain - self.chance)


_TITLES: Mapping[Level, Message] = {
    "too weak": Message("Too weak"),
    "in range": Message("In range"),
    "too strong": Message("Too strong"),
    "unclear": Message("Unclear"),
}


@dataclass(frozen=True)
class Verdict:
    """``reason`` says the numbers behind the level, in a sentence."""

    level: Level
    reason: str

    @property
    def sentence(self) -> str:
        """Both."""
        return Message("{verdict}: {reason}", verdict=_TITLES[self.level], reason=self.reason)


@dataclass(frozen=True)
class Bounds:
    """Less retention than ``lost`` is too strong; too weak is a closeness from ``same`` on that retains ``kept``."""

    lost: float
    kept: float
    same: float = 0.9


_BY_CLASS, _BY_NEIGHBORS = Bounds(0.25, 0.75), Bounds(0.03, 0.4)


def bounds_of(numbers: Numbers) -> Bounds:
    """Where the verdict on such numbers turns."""
    return _BY_CLASS if numbers.labeled else _BY_NEIGHBORS


def judge(numbers: Numbers) -> Verdict:
    """Too strong: a view keeps less than a quarter of its image's kin; too weak: the two views are nearly the same, and
    still recognizable; unclear: the encoder tells too little of these images.

    The bounds were found on the embedded EuroSAT set, 256 test images among 4,000 training images, with the shipped
    byol-tiny and the same network untrained, at views of 64 and of 24 pixels. There, closeness is 1 without any
    operation, at least 0.91 with a single faint one (a strength up to 0.25, or a mirror), and at most 0.80 with the
    views of the paper, for small images or for satellites at strength 1. Retention by class is at least 0.82 with a
    single faint one, at least 0.31 with those views, and at most 0.05 with everything at 2; without labels that is at
    least 0.47, at least 0.06 and at most 0.01. Each bound lies between.
    """
    bounds = bounds_of(numbers)
    if why := _why_unclear(numbers):
        return Verdict("unclear", why)
    if numbers.retention < bounds.lost:
        return _reasoned("too strong", numbers, _LOST)
    if numbers.closeness < bounds.same:
        return _reasoned("in range", numbers, _IN_RANGE)
    if numbers.retention >= bounds.kept:
        return _reasoned("too weak", numbers, _ALIKE)
    return _reasoned("unclear", numbers, _ALIKE_AND_LOST)


def _reasoned(level: Level, numbers: Numbers, sentences: tuple[Message, Message]) -> Verdict:
    """With the sentence for a set with labels, or the other one."""
    return Verdict(level, Message(sentences[0 if numbers.labeled else 1], **asdict(numbers)))


# Of a set with labels, and of one without.
_LOST = (
    Message(
        "{kept:.0%} of a view's {k} nearest training images are of its image's class, against {plain:.0%} of the "
        "image's own and {chance:.0%} by chance, so the views are no longer recognizable."
    ),
    Message(
        "{kept:.0%} of a view's {k} nearest training images are also among the image's own, against {chance:.1%} by "
        "chance, so the views are no longer recognizable."
    ),
)
_IN_RANGE = (
    Message(
        "The two views of an image have a mean cosine of {pair:.2f}, different images {unlike:.2f}; {kept:.0%} of a "
        "view's {k} nearest training images are of its image's class, against {plain:.0%} of the image's own and "
        "{chance:.0%} by chance."
    ),
    Message(
        "The two views of an image have a mean cosine of {pair:.2f}, different images {unlike:.2f}; {kept:.0%} of a "
        "view's {k} nearest training images are also among the image's own, against {chance:.1%} by chance."
    ),
)
_ALIKE = (
    Message(
        "The two views of an image have a mean cosine of {pair:.2f}, different images {unlike:.2f}, so there is little "
        "to learn from the views; {kept:.0%} of a view's {k} nearest training images are of its image's class, against "
        "{plain:.0%} of the image's own and {chance:.0%} by chance."
    ),
    Message(
        "The two views of an image have a mean cosine of {pair:.2f}, different images {unlike:.2f}, so there is little "
        "to learn from the views; {kept:.0%} of a view's {k} nearest training images are also among the image's own, "
        "against {chance:.1%} by chance."
    ),
)
_ALIKE_AND_LOST = (
    Message(
        "The two views of an image have a mean cosine of {pair:.2f}, different images {unlike:.2f}, so the views are "
        "nearly the same; yet {kept:.0%} of a view's {k} nearest training images are of its image's class, against "
        "{plain:.0%} of the image's own and {chance:.0%} by chance."
    ),
    Message(
        "The two views of an image have a mean cosine of {pair:.2f}, different images {unlike:.2f}, so the views are "
        "nearly the same; yet {kept:.0%} of a view's {k} nearest training images are also among the image's own, "
        "against {chance:.1%} by chance."
    ),
)
_COLLAPSED = 0.999  # a cosine of different images from which on nothing can be told
_LEAST_LIFT = 0.1  # over chance, of the images themselves
_FEWEST = 16


def _why_unclear(numbers: Numbers) -> str:
    if numbers.images < _FEWEST:
        return Message.plural(
            "The set has {n} image to evaluate, and at least {least} are needed.",
            "The set has {n} images to evaluate, and at least {least} are needed.",
            numbers.images,
            least=_FEWEST,
        )
    if numbers.unlike > _COLLAPSED:
        return Message(
            "This encoder gives different images nearly the same representation (cosine {unlike:.4f}).",
            unlike=numbers.unlike,
        )
    if numbers.plain - numbers.chance < _LEAST_LIFT:
        return _why_no_lift(numbers)
    return ""


def _why_no_lift(numbers: Numbers) -> str:
    if numbers.chance > 1 - _LEAST_LIFT and numbers.labeled:
        return Message(
            "{chance:.0%} of the training images are of the same class, so a class says nothing here.",
            chance=numbers.chance,
        )
    if not numbers.labeled:
        return Message(
            "There are too few training images to tell, since the {k} nearest are nearly all of them.", k=numbers.k
        )
    return Message(
        "This encoder does not tell the classes apart, since {plain:.0%} of an image's {k} nearest training images are "
        "of its class, and {chance:.0%} would be by chance.",
        plain=numbers.plain,
        k=numbers.k,
        chance=numbers.chance,
    )
