"""What a training run tells whoever listens: metrics, progress, notes, the summary at its end. Knows no torch.

Phases, notes and alarms are texts that can be said in another language, see :mod:`byol_core.messages`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from byol_core.config import RunConfig


AlarmKind = Literal["collapsing", "collapsed", "not_a_number", "stalled"]


class StopAsked(Exception):
    """The callback asked to stop before there was anything to keep; not an error."""


@dataclass(frozen=True)
class MetricRow:
    """The values logged at one step. ``seconds`` counts the training of all attempts so far."""

    step: int
    epoch: float
    seconds: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``phase`` says in words what it does now; ``seconds_left`` is an estimate.

    ``slowed_by`` is a code: "processor" while other programs take their share of it, else empty. ``activity`` is the
    phase without how far it is, where the phase says that: ``reading the images`` of ``reading the images, 12%``.
    """

    step: int
    total_steps: int
    epoch: float
    images_per_second: float
    seconds_left: float
    phase: str
    slowed_by: str = ""
    activity: str = ""


@dataclass(frozen=True)
class Alarm:
    """Something is wrong with a run: a sentence with the likely cause for people, and codes to decide by.

    ``space`` is the code of the vectors that it is about, "representation" or "projection" (of both the former), and
    empty where it is about none.
    """

    text: str
    kind: AlarmKind
    space: str = ""


class TrainingCallback(Protocol):
    """Who wants to know: the run store's worker, or the progress bar of the command line."""

    def on_metrics(self, rows: Sequence[MetricRow]) -> None:
        """Take rows of metrics, in order of steps."""

    def on_progress(self, progress: Progress) -> None:
        """Take a heartbeat, a few times a second at most."""

    def on_note(self, text: str) -> None:
        """Take one line for the log."""

    def on_settled(self, config: RunConfig) -> None:
        """Take the settings as they are from now on, when some fitted themselves to the set; before the first step."""

    def on_alarm(self, alarm: Alarm | None) -> None:
        """Take what is wrong with the run; None when all is well again."""

    def should_stop(self) -> bool:
        """Whether the run should write a checkpoint and end."""


class SilentCallback:
    """A callback for steps that nobody watches."""

    def on_metrics(self, rows: Sequence[MetricRow]) -> None:
        """Nobody reads them."""

    def on_progress(self, progress: Progress) -> None:
        """Nobody reads it."""

    def on_note(self, text: str) -> None:
        """Nobody reads it."""

    def on_settled(self, config: RunConfig) -> None:
        """Nobody keeps them."""

    def on_alarm(self, alarm: Alarm | None) -> None:
        """Nobody hears it."""

    def should_stop(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Summary:
    """The numbers at the end. kNN accuracies are on the test images, and None where labels are missing.

    A stopped run is not evaluated, so that it ends at once: its ``knn_accuracy`` and ``std_ratio`` are None.
    ``knn_images`` are the test images with a label, on which the three accuracies rest, ``validation_images`` those on
    which the live ones do. ``_gained`` and ``_lost`` count the test images that only the run and only the baseline
    classified correctly.
    """

    stopped: bool
    steps: int
    epochs: float
    seconds: float
    images_per_second: float
    loss: float | None
    knn_accuracy: float | None
    knn_untrained: float | None
    knn_pixels: float | None
    std_ratio: float | None
    projection_std_ratio: float | None
    knn_k: int
    knn_temperature: float
    train_images: int
    test_images: int
    knn_images: int | None = None
    validation_images: int | None = None
    knn_untrained_gained: int | None = None
    knn_untrained_lost: int | None = None
    knn_pixels_gained: int | None = None
    knn_pixels_lost: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
