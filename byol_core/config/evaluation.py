"""How the representation is judged."""

from __future__ import annotations

import math

from byol_core.config.fields import Part, setting

# Passes after which a run is looked at early: most is learned at first.
EARLY = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class EvaluationConfig(Part):
    """How the representation is judged while the run goes on, and at its end."""

    every: float = setting(
        1.0,
        "Evaluate every",
        "Epochs between two looks at the held-out images.",
        unit="epochs",
        expert=True,
        gt=0.0,
        le=1000.0,
    )
    early: bool = setting(
        False,
        "Early evaluations",
        "Look also after 1, 2, 5, 10, 20 … epochs, until the first regular evaluation: most is learned at first, and "
        "the film of maps shows it.",
        expert=True,
    )
    k: int = setting(20, "Neighbors", "The k of the weighted kNN.", unit="images", expert=True, ge=1, le=1000)
    temperature: float = setting(
        0.1,
        "Temperature",
        "A neighbor weighs exp(cosine / T).",
        source="arXiv 1805.01978: 0.07",
        expert=True,
        gt=0.0,
        le=10.0,
    )
    probe: int = setting(
        1000,
        "Snapshot set",
        "Test images whose representations are kept at each evaluation, for the map.",
        unit="images",
        expert=True,
        ge=2,
        le=100000,
    )
    probe_training: int = setting(
        250,
        "Training images mapped",
        "Images that the run may train on whose representations are kept beside those of the test images, for the map.",
        expert=True,
        ge=0,
        le=100000,
    )
    bank: int = setting(
        50000,
        "Bank",
        "At most this many training images are the neighbors that kNN looks among.",
        unit="images",
        expert=True,
        ge=2,
    )

    def is_due(self, step: int, per_epoch: int) -> bool:
        """Whether a run with so many steps in an epoch is looked at after this step, from 1 on."""
        early = step < self._steps(per_epoch) and step in self._early(per_epoch)
        return early or self.is_regular(step, per_epoch)

    def is_regular(self, step: int, per_epoch: int) -> bool:
        """Whether this look is one of ``every``: an alarm is for these, since at first all signs swing."""
        return step % self._steps(per_epoch) == 0

    def looks(self, per_epoch: int, total: int) -> int:
        """How often a run of ``total`` steps is looked at while it trains, the look at its end included."""
        every = self._steps(per_epoch)
        return math.ceil(total / every) + sum(step < min(every, total) for step in self._early(per_epoch))

    def _steps(self, per_epoch: int) -> int:
        return max(1, round(self.every * per_epoch))

    def _early(self, per_epoch: int) -> tuple[int, ...]:
        return tuple(epochs * per_epoch for epochs in EARLY) if self.early else ()
