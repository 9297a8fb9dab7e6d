"""BYOL Lab as a contender: the step that its training takes, and the same taken apart where a part is to be timed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from byol_core.config import RunConfig
from byol_core.data.imageset import ImageSet
from byol_core.methods import Method, Views
from byol_core.optim.optimizers import set_rate
from byol_core.system.device import pick_device, use_threads
from byol_core.training.run_images import RunImages
from byol_core.training.step import build_step

if TYPE_CHECKING:
    from byol_core.training.batches import Batch


class Bench:
    """Steps without a run: nothing is written, and nobody is told anything."""

    def __init__(self, config: RunConfig, images: ImageSet) -> None:
        use_threads(config.runtime.threads)
        device = pick_device(config.runtime.device)
        self.stepper = build_step(config, RunImages(config, images, device), device)
        self.step = 0

    @property
    def model(self) -> Method:
        """The networks."""
        return self.stepper.method

    @property
    def total(self) -> int:
        """The steps that the run would have."""
        return self.stepper.total

    def take(self) -> Tensor:
        """One step as the training takes it; the loss, on the device."""
        loss = self.stepper.take(self.step)
        self.step += 1
        return loss

    def close(self) -> None:
        """Let go of the threads that read ahead."""
        self.stepper.batches.close()


class Parts:
    """The parts of an eager step, in its order, from its public pieces."""

    def __init__(self, bench: Bench) -> None:
        self.stepper = bench.stepper

    def batch(self, step: int) -> Batch:
        """The images of a step."""
        return self.stepper.batches.get(step)

    def views(self, batch: Batch, step: int) -> Views:
        """Both views of a batch."""
        self.stepper.seed_views(step)
        return next(self.stepper.make_views(batch, self.stepper.view_side(step)))

    def step(self, views: Views, step: int, phase: Any = None) -> Tensor:
        """Everything but the views; ``phase(name)`` may be a context manager around each part."""
        mark, stepper = phase or _unmarked, self.stepper
        set_rate(stepper.optimizer, stepper.rate(step))
        stepper.optimizer.zero_grad(set_to_none=True)
        losses = stepper.method.losses(views)
        total = torch.zeros((), device=views.first.device)
        while (loss := self._next(losses, mark)) is not None:
            with mark("backward"):
                loss.backward()  # type: ignore[no-untyped-call]
            total = total + loss.detach()
        with mark("optimizer"):
            stepper.optimizer.step()
        with mark("average"):
            stepper.method.update_target(stepper.tau(step))
        return total

    def _next(self, losses: Iterator[Tensor], mark: Any) -> Tensor | None:
        """The loss of the next direction."""
        stepper = self.stepper
        with mark("forward"), torch.autocast(stepper.device.type, stepper.dtype, enabled=stepper.dtype is not None):
            return next(losses, None)


def _unmarked(name: str) -> AbstractContextManager[None]:
    return nullcontext()
