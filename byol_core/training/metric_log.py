"""The curves of a run on their way out: collected on the device, handed on about twice a second, in one transfer.

The transfer waits for the device, and nothing else does: so the time of the steps is taken from one transfer to the
next, and shared out evenly among the steps between the two.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from byol_core.events import MetricRow

FLUSH_SECONDS = 0.5
_LATELY = 20.0  # seconds of training that the speed of lately stands for


@dataclass
class MetricLog:
    """Losses wait here until it is time to hand them on.

    ``every``: keep each k-th step. ``batch_size`` and ``per_epoch`` turn steps into images and epochs. ``extra`` gives
    the values of a step that need no device, such as the learning rate. ``emit`` takes the rows. ``refuse`` is called
    with the step of a loss that is not a number, and should raise.
    """

    every: int
    batch_size: int
    per_epoch: int
    extra: Callable[[int], Mapping[str, float]]
    emit: Callable[[list[MetricRow]], None]
    refuse: Callable[[int], None]
    clock: Callable[[], float] = time.perf_counter
    last: float | None = None
    seconds_a_step: float = 0.0  # lately
    _waiting: list[tuple[int, Tensor]] = field(default_factory=list)
    _newest: tuple[int, Tensor] | None = None
    _at: tuple[int, float] = (0, 0.0)

    def __post_init__(self) -> None:
        """Count from here on, until the training says that it begins later."""
        self._since = self._flushed = self.clock()

    @property
    def seconds(self) -> float:
        """Of training, in all attempts, up to the last step that was handed on."""
        return self._at[1]

    def restart(self, step: int, seconds: float, loss: float | None) -> None:
        """Go on from a checkpoint."""
        self.last, self._at = loss, (step, seconds)
        self.seconds_a_step = seconds / step if step else 0.0
        self.go_on()

    def go_on(self) -> None:
        """The training begins, or goes on after something else: count the time from here on."""
        self._since = self.clock()

    def add(self, step: int, loss: Tensor, last: bool = False) -> bool:
        """Take the loss of the step just begun; whether it was time to hand on what waits."""
        self._newest = (step, loss)
        if step % self.every == 0 or last:
            self._waiting.append(self._newest)
        if self.clock() - self._flushed < FLUSH_SECONDS:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Hand on what waits; whatever ``refuse`` raises when a loss is not a number."""
        self._flushed = self.clock()
        if self._newest is None:
            return
        losses = torch.stack([loss for _, loss in [*self._waiting, self._newest]]).tolist()  # waits for the device
        before, now = self._at, self.clock()
        self._at = (self._newest[0], before[1] + now - self._since)
        self._since, self._newest = now, None
        self._note_speed(before)
        rows = [self._row(step, loss, before) for (step, _), loss in zip(self._waiting, losses, strict=False)]
        self._waiting = []
        if rows:
            self._hand_on(rows)

    def _hand_on(self, rows: list[MetricRow]) -> None:
        self.emit([row for row in rows if math.isfinite(row.values["loss"])])
        for row in rows:
            if not math.isfinite(row.values["loss"]):
                self.refuse(row.step)
        self.last = rows[-1].values["loss"]

    def _note_speed(self, before: tuple[int, float]) -> None:
        """One that grows stale as training goes on: other programs come and go."""
        steps, seconds = self._at[0] - before[0], self._at[1] - before[1]
        old = self.seconds_a_step or seconds / steps
        self.seconds_a_step = old + (seconds / steps - old) * seconds / (seconds + _LATELY)

    def _row(self, step: int, loss: float, before: tuple[int, float]) -> MetricRow:
        steps, elapsed = self._at[0] - before[0], self._at[1] - before[1]
        seconds = before[1] + elapsed * (step - before[0]) / steps
        speed = steps * self.batch_size / elapsed if elapsed > 0 else 0.0
        values = {"loss": loss, **self.extra(step - 1), "images_per_second": speed}
        return MetricRow(step, step / self.per_epoch, seconds, values)
