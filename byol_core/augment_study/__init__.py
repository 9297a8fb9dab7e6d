"""What augmentations do to a representation: asked by a page, answered by a job process. Knows no torch."""

from byol_core.augment_study.requests import Asked, Curves, Judgment, Pairs, Subject, curves, pairs, verdict, withdraw
from byol_core.augment_study.verdict import Numbers, Verdict, judge

__all__ = [
    "Asked", "Curves", "Judgment", "Numbers", "Pairs", "Subject", "Verdict",
    "curves", "judge", "pairs", "verdict", "withdraw",
]  # fmt: skip
