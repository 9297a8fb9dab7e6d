"""What the signs of health mean: at zero, at their ideal and at their alarm; and when a run is flagged. Knows no torch.

The levels of alarm are our own estimates, for one scale: 0.3 of the std ratio. By the identity sum of variances =
1 - |mean|^2 a mean cosine of 0.91 leaves a std ratio of at most 0.3, and by Jensen's inequality a uniformity of at
least -4 (1 - 0.91) = -0.36.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from byol_core.config import RunConfig
from byol_core.config.method import WITH_PROJECTOR
from byol_core.events import Alarm
from byol_core.health.causes import likely_cause, not_a_number, remedy
from byol_core.messages import Message, sentences

__all__ = [
    "ALARM",
    "COLLAPSE",
    "SIGNS",
    "SPACES",
    "Sign",
    "fallen",
    "keys",
    "likely_cause",
    "not_a_number",
    "remedy",
    "verdict",
]

ALARM, COLLAPSE = 0.3, 0.1
# What is measured, and what its keys begin with.
SPACES: Mapping[str, str] = {"representation": "", "projection": "projection_"}


@dataclass(frozen=True)
class Sign:
    """One number of health. ``level`` is the value at which it alarms, None where only its course tells."""

    key: str
    label: str
    sentence: str
    zero: str
    ideal: str
    alarm: str
    source: str
    level: float | None = None
    digits: int = 2
    caveat: str = ""
    from_zero: bool = False

    def key_of(self, space: str) -> str:
        """The name of its curve for the representation or the projection."""
        return SPACES[space] + self.key


_ALL = (
    Sign(
        "std_ratio",
        "Spread (std ratio)",
        "How evenly the vectors spread over the sphere: sqrt(d) times the mean deviation of the normalized vectors.",
        zero="All images are one point: collapse.",
        ideal="1, spread evenly in every direction.",
        alarm="Under 0.3 and lower than before training; under 0.1 it has collapsed.",
        source="SimSiam, arXiv 2011.10566, §4.1; the levels are our estimate",
        level=ALARM,
        caveat="An untrained encoder may start low, so only a fall below its own start counts.",
        from_zero=True,
    ),
    Sign(
        "mean_cosine",
        "Mean cosine",
        "Cosine of two different images, averaged over all pairs.",
        zero="Two images are as unrelated as two random directions.",
        ideal="Near 0.",
        alarm="Over 0.91, where the std ratio is 0.3 at most; 1 is collapse.",
        source="the squared length of the mean of the normalized vectors, each paired with itself taken out",
        level=0.91,
        caveat="Vectors without negative numbers, as after a ReLU, never come near 0.",
    ),
    Sign(
        "uniformity",
        "Uniformity",
        "How far apart images lie on the sphere: the log of the mean of exp(-2 distance²) over pairs.",
        zero="All images are one point: collapse.",
        ideal="About -4, as far apart as random directions.",
        alarm="Over -0.36, where the mean cosine reaches 0.91.",
        source="arXiv 2005.10242, t = 2; on at most 2,000 images",
        level=-0.36,
        caveat="Low is good only while the alignment is low as well.",
    ),
    Sign(
        "alignment",
        "Alignment",
        "Squared distance between the two views of an image on the sphere.",
        zero="Both views are represented as one and the same.",
        ideal="Low, while uniformity is low as well.",
        alarm="Near 2: views of one image are as unlike as two images. Near 0 with a low std ratio: collapse.",
        source="arXiv 2005.10242, alpha = 2",
        caveat="Collapsed networks are perfectly aligned.",
        from_zero=True,
    ),
    Sign(
        "cross_view_cosine",
        "Agreement of views",
        "Cosine between the two views of an image; 1 - alignment / 2.",
        zero="The views are unrelated to the network.",
        ideal="Near 1, while the std ratio stays well above 0.",
        alarm="Near 1 with a low std ratio: collapse.",
        source="follows from the loss, arXiv 2006.07733, eq. 2",
        caveat="It rises in health and in collapse.",
    ),
    Sign(
        "target_cosine",
        "Agreement with the target",
        "Cosine between what the online and what the target network make of the same image.",
        zero="The target's output is unrelated: it lags far behind.",
        ideal="Near 1 towards the end.",
        alarm="Near 0 late in a run: tau moves the target too little.",
        source="arXiv 2006.07733, §3.3",
        caveat="It rises in health and in collapse.",
    ),
    Sign(
        "rankme",
        "RankMe",
        "How many directions the vectors use: exp of the entropy of their singular values.",
        zero="Never reached: 1, a single direction, is the least (collapse).",
        ideal="Close to the number of dimensions, or of images if that is less.",
        alarm="A fall towards 1.",
        source="arXiv 2210.02885, eq. 1; raw vectors, not centered",
        digits=1,
        caveat="Necessary, not sufficient; compare only runs of one method.",
        from_zero=True,
    ),
    Sign(
        "participation",
        "Participation ratio",
        "How many directions the spread uses: (sum of variances)² / sum of squared variances, over principal axes.",
        zero="Never reached: 1, all spread on one line, is the least.",
        ideal="High; it counts strong directions only, and lies below RankMe.",
        alarm="A fall towards 1: dimensional collapse, which the spectrum below shows in full.",
        source="centered covariance; partial collapse: arXiv 2209.15007",
        digits=1,
        caveat="It says nothing about the size of the spread, so read it with the std ratio.",
        from_zero=True,
    ),
)

SIGNS: Mapping[str, Sign] = {sign.key: sign for sign in _ALL}


def keys(space: str) -> tuple[str, ...]:
    """The names of all curves of the representation or the projection."""
    return tuple(sign.key_of(space) for sign in _ALL)


def fallen(values: Mapping[str, float], first_values: Mapping[str, float], config: RunConfig) -> tuple[str, ...]:
    """Which vectors the alarm is about: "representation", "projection", both, or none when all is well.

    ``values`` are the signs now, ``first_values`` those at step 0. A vector is flagged when its std ratio is under 0.3
    and lower than it was at step 0, where that is known.
    """
    judged = SPACES if config.method.objective in WITH_PROJECTOR else ("representation",)
    return tuple(space for space in judged if _fall(values, first_values, SPACES[space]))


def verdict(values: Mapping[str, float], first_values: Mapping[str, float], config: RunConfig) -> Alarm | None:
    """The alarm with its likely cause; None when all is well.

    Arguments as for :func:`fallen`; a vector whose std ratio is under 0.1 has collapsed.
    """
    flagged = {space: _fall(values, first_values, SPACES[space]) for space in fallen(values, first_values, config)}
    if not flagged:
        return None
    gone = {space: values[SPACES[space] + "std_ratio"] < COLLAPSE for space in flagged}
    text = sentences(_what(flagged, gone), likely_cause(config, values))
    return Alarm(text, "collapsed" if any(gone.values()) else "collapsing", next(iter(gone)))


# By the vectors, and whether they have collapsed.
_ONE: Mapping[tuple[str, bool], str] = {
    ("representation", False): Message(
        "The representation is collapsing (std ratio {ratio}; the alarm is under {alarm})."
    ),
    ("representation", True): Message(
        "The representation has collapsed (std ratio {ratio}; the alarm is under {alarm})."
    ),
    ("projection", False): Message("The projection is collapsing (std ratio {ratio}; the alarm is under {alarm})."),
    ("projection", True): Message("The projection has collapsed (std ratio {ratio}; the alarm is under {alarm})."),
}
# By whether the representation has collapsed, and the projection.
_BOTH: Mapping[tuple[bool, bool], str] = {
    (False, False): Message(
        "The representation and the projection are collapsing (std ratio {ratio} and {other}; the alarm is under "
        "{alarm})."
    ),
    (False, True): Message(
        "The representation is collapsing and the projection has collapsed (std ratio {ratio} and {other}; the alarm "
        "is under {alarm})."
    ),
    (True, False): Message(
        "The representation has collapsed and the projection is collapsing (std ratio {ratio} and {other}; the alarm "
        "is under {alarm})."
    ),
    (True, True): Message(
        "The representation and the projection have collapsed (std ratio {ratio} and {other}; the alarm is under "
        "{alarm})."
    ),
}


def _what(flagged: Mapping[str, str], gone: Mapping[str, bool]) -> str:
    """Which vectors have collapsed or are about to, by the spread of each."""
    if len(flagged) == 1:
        ((space, ratio),) = flagged.items()
        return Message(_ONE[space, gone[space]], ratio=ratio, alarm=ALARM)
    first, other = flagged.values()
    return Message(_BOTH[gone["representation"], gone["projection"]], ratio=first, other=other, alarm=ALARM)


def _fall(values: Mapping[str, float], first_values: Mapping[str, float], prefix: str) -> str:
    """``from 0.62 to 0.24`` when the std ratio is low and fell; else nothing."""
    now = values.get(prefix + "std_ratio", math.nan)
    first = first_values.get(prefix + "std_ratio", math.nan)
    if not now < ALARM or now >= first:  # a first value that is not known excuses nothing
        return ""
    return f"{now:.2f}" if math.isnan(first) else Message("from {first:.2f} to {now:.2f}", first=first, now=now)
