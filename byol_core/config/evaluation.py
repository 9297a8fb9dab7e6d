"""The section ``evaluation``: how the representation is evaluated during a run and at its end."""

from __future__ import annotations

import math

from byol_core.config.fields import Part, setting

# Epochs after which a run is evaluated early, because most is learned at the start.
EARLY = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class EvaluationConfig(Part):
    """How the representation is evaluated during a run and at its end."""

    every: float = setting(
        1.0,
        "Evaluate every",
        "Epochs between two evaluations on the validation images.",
        unit="epochs",
        expert=True,
        gt=0.0,
        le=1000.0,
    )
    early: bool = setting(
        False,
        "Early evaluations",
        "Also evaluate after 1, 2, 5, 10, 20 … epochs, until the first regular evaluation: most is learned at the "
        "start, and the maps through time show it.",
        expert=True,
    )
    k: int = setting(20, "Neighbors", "The k of the weighted kNN.", unit="images", expert=True, ge=1, le=1000)
    temperature: float = setting(
        0.1,
        "Temperature",
        "A neighbor has the weight exp(cosine / T).",
        source="arXiv 1805.01978: 0.07",
        expert=True,
        gt=0.0,
        le=10.0,
    )
    probe: int = setting(
        1000,
        "Snapshot set",
        "Test images whose representations are saved at each evaluation, for the map.",
        unit="images",
        expert=True,
        ge=2,
        le=100000,
    )
    probe_training: int = setting(
        250,
        "Training images mapped",
        "Training images whose representations are saved as well, for the map.",
        expert=True,
        ge=0,
        le=100000,
    )
    bank: int = setting(
        50000,
        "Bank",
        "The kNN searches for neighbors among at most this many training images.",
        unit="images",
        expert=True,
        ge=2,
    )

    def is_due(self, step: int, per_epoch: int) -> bool:
        """Whether a run is evaluated after this step (counted from 1), given the number of steps in an epoch."""
        # Early evaluations end where the regular ones begin.
        early = step < self._steps(per_epoch) and step in self._early(per_epoch)
        return early or self.is_regular(step, per_epoch)

    def is_regular(self, step: int, per_epoch: int) -> bool:
        """Whether this evaluation is a regular one. Only these raise alarms: at the start, all signs fluctuate."""
        return step % self._steps(per_epoch) == 0

    def looks(self, per_epoch: int, total: int) -> int:
        """How many evaluations a run of ``total`` steps has, including the one at its end."""
        every = self._steps(per_epoch)
        return math.ceil(total / every) + sum(step < min(every, total) for step in self._early(per_epoch))

    def _steps(self, per_epoch: int) -> int:
        return max(1, round(self.every * per_epoch))

    def _early(self, per_epoch: int) -> tuple[int, ...]:
        return tuple(epochs * per_epoch for epochs in EARLY) if self.early else ()
