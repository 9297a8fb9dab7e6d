"""The curves of a run on their way out: collected on the device, handed on about twice a second, in one transfer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from byol_core.events import MetricRow

FLUSH_SECONDS = 0.5


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
    last: float | None = None
    _waiting: list[tuple[int, float, Tensor]] = field(default_factory=list)
    _flushed: float = field(default_factory=time.perf_counter)
    _at: tuple[int, float] = (0, 0.0)

    def restart(self, step: int, seconds: float, loss: float | None) -> None:
        """Go on from a checkpoint."""
        self.last, self._at = loss, (step, seconds)

    def add(self, step: int, seconds: float, loss: Tensor, last: bool = False) -> bool:
        """Take the loss of the step just done; whether it was time to hand on what waits."""
        if step % self.every == 0 or last:
            self._waiting.append((step, seconds, loss))
        if time.perf_counter() - self._flushed < FLUSH_SECONDS:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Hand on what waits; whatever ``refuse`` raises when a loss is not a number."""
        self._flushed = time.perf_counter()
        if not self._waiting:
            return
        losses = torch.stack([loss for _, _, loss in self._waiting]).tolist()
        rows = [self._row(step, seconds, loss) for (step, seconds, _), loss in zip(self._waiting, losses, strict=True)]
        self._waiting = []
        self.emit([row for row in rows if math.isfinite(row.values["loss"])])
        for row in rows:
            if not math.isfinite(row.values["loss"]):
                self.refuse(row.step)
        self.last = losses[-1]

    def _row(self, step: int, seconds: float, loss: float) -> MetricRow:
        done, since = step - self._at[0], seconds - self._at[1]
        speed = done * self.batch_size / since if since > 0 else 0.0
        self._at = (step, seconds)
        values = {"loss": loss, **self.extra(step - 1), "images_per_second": speed}
        return MetricRow(step, step / self.per_epoch, seconds, values)
