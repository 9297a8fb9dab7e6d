"""BYOL Lab as a contender: the trainer's own step, and the same step taken apart where a part is to be timed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from byol_core.augment import make_views
from byol_core.config import RunConfig
from byol_core.data.imageset import ImageSet
from byol_core.device import pick_device, use_threads
from byol_core.events import Silent
from byol_core.optim import set_rate
from byol_core.train import Trainer

if TYPE_CHECKING:
    from byol_core.batches import Piece
    from byol_core.method import StepOutput

Views = tuple[Tensor, Tensor]


def trainer(config: RunConfig, images: ImageSet) -> Trainer:
    """A trainer that writes nothing: it is never run, :func:`take` takes its steps."""
    use_threads(config.runtime.threads)
    return Trainer(config, images, Path(), pick_device(config.runtime.device), Silent())


def take(trainer: Trainer) -> Tensor:
    """One step as the trainer's loop does it; the loss, on the device."""
    loss = trainer.train_step()
    trainer.step += 1
    return loss


class Parts:
    """The parts of a trainer's eager step, in its order, from its public pieces."""

    def __init__(self, trainer: Trainer) -> None:
        self.stepper = trainer.stepper

    def piece(self, step: int) -> Piece:
        """The images of a step."""
        return self.stepper.batches.get(step)

    def views(self, piece: Piece, step: int) -> Views:
        """Both views of a batch."""
        stepper = self.stepper
        stepper.seed_views(step)
        first, second = make_views(piece.images, stepper.policy, stepper.generator, stepper.view_side(step))
        last = torch.channels_last
        return first.contiguous(memory_format=last), second.contiguous(memory_format=last)

    def forward(self, views: Views, piece: Piece) -> StepOutput:
        """The loss of two views."""
        stepper = self.stepper
        stepper.optimiser.zero_grad(set_to_none=True)
        with torch.autocast(stepper.device.type, stepper.dtype, enabled=stepper.dtype is not None):
            output: StepOutput = stepper.method(*views, piece.indices, piece.labels)
        return output

    def step(self, views: Views, piece: Piece, step: int, phase: Any = None) -> Tensor:
        """Everything but the views; ``phase(name)`` may be a context manager around each part."""
        mark = phase or _unmarked
        set_rate(self.stepper.optimiser, self.stepper.rate(step))
        with mark("forward"):
            loss: Tensor = self.forward(views, piece).loss
        with mark("backward"):
            loss.backward()  # type: ignore[no-untyped-call]
        with mark("optimiser"):
            self.stepper.optimiser.step()
        with mark("average"):
            self.stepper.method.update_target(self.stepper.tau(step))
        return loss.detach()


def _unmarked(name: str) -> AbstractContextManager[None]:
    return nullcontext()
