"""BYOL Lab as a contender: the trainer's own step, and the same step taken apart where a part is to be timed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from byol_core.augment import make_views
from byol_core.config import RunConfig
from byol_core.data.imageset import ImageSet
from byol_core.events import SilentCallback
from byol_core.optim.optimizers import set_rate
from byol_core.system.device import pick_device, use_threads
from byol_core.training.trainer import Trainer

if TYPE_CHECKING:
    from byol_core.training.batches import Piece

Views = tuple[Tensor, Tensor]


def trainer(config: RunConfig, images: ImageSet) -> Trainer:
    """A trainer that writes nothing: it is never run, :func:`take` takes its steps."""
    use_threads(config.runtime.threads)
    return Trainer(config, images, Path(), pick_device(config.runtime.device), SilentCallback())


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

    def step(self, views: Views, piece: Piece, step: int, phase: Any = None) -> Tensor:
        """Everything but the views; ``phase(name)`` may be a context manager around each part."""
        mark, stepper = phase or _unmarked, self.stepper
        set_rate(stepper.optimizer, stepper.rate(step))
        stepper.optimizer.zero_grad(set_to_none=True)
        directions = stepper.method.in_turn(*views, piece.indices, piece.labels)
        total = torch.zeros((), device=views[0].device)
        while (loss := self._next(directions, mark)) is not None:
            with mark("backward"):
                loss.backward()  # type: ignore[no-untyped-call]
            total = total + loss.detach()
        with mark("optimizer"):
            stepper.optimizer.step()
        with mark("average"):
            stepper.method.update_target(stepper.tau(step))
        return total

    def _next(self, directions: Iterator[Tensor], mark: Any) -> Tensor | None:
        """The loss of the next direction."""
        stepper = self.stepper
        with mark("forward"), torch.autocast(stepper.device.type, stepper.dtype, enabled=stepper.dtype is not None):
            return next(directions, None)


def _unmarked(name: str) -> AbstractContextManager[None]:
    return nullcontext()
