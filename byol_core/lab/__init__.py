"""What augmentations do to a representation: asked by a page, answered by a warm process. Knows no torch."""

from byol_core.lab.questions import Asked, Curves, Judgement, Pairs, Subject, curves, pairs, verdict, withdraw
from byol_core.lab.verdict import Numbers, Verdict, judge

__all__ = [
    "Asked", "Curves", "Judgement", "Numbers", "Pairs", "Subject", "Verdict",
    "curves", "judge", "pairs", "verdict", "withdraw",
]  # fmt: skip
