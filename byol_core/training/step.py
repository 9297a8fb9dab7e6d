"""One training step: views, loss, gradients, update, moving average; eager, compiled, or as one CUDA graph.

What a step does depends only on the configuration, the weights and the number of the step, so that a run that was
resumed, or is shared among several processes, does what the uninterrupted single process would have done.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from byol_core.augment import ViewParameters, apply, draw, resolve
from byol_core.config import RunConfig
from byol_core.distributed.launch import World
from byol_core.errors import InputError
from byol_core.methods import Method
from byol_core.optim import optimizers, schedules
from byol_core.system.device import autocast_dtype
from byol_core.training.batches import SEED_STRIDE, Batches, Piece

Side = tuple[int, int]
_EAGER_STEPS = 3  # before a graph is captured
_COMPILERS = ("g++", "clang++", "c++", "cl")  # one of them builds what torch.compile writes for the CPU


class Stepper:
    """Takes the steps of one run on one device; :meth:`take` is all that the loop needs."""

    def __init__(
        self, config: RunConfig, method: Method, batches: Batches, device: torch.device, total: int, world: World
    ) -> None:
        self.config, self.method, self.batches, self.device, self.total = config, method, batches, device, total
        self.dtype = autocast_dtype(config.runtime.precision, device)
        self.policy = resolve(config.views)
        self.generator = torch.Generator(device)
        self.optimizer = optimizers.build_optimizer(config.optimizer, method.trained(config.method.predictor_lr))
        self.peak = optimizers.peak_rate(config.optimizer, config.batch_size)
        self.warmup = round(config.optimizer.warmup * total)
        self.network: nn.Module = _on_ranks(method, device, world)
        self.parts = _parts(config, world)
        self.execution = execution(config, device, world)
        self._forward: Callable[..., Any] = self.network
        if self.execution == "compile":
            self._forward = torch.compile(self.network)
        self._graphed: Any = None
        if self.execution == "graph":
            optimizers.make_capturable(self.optimizer, device)
            self._graphed = GraphedStep(self)

    def take(self, step: int) -> Tensor:
        """Do the step with this number, counted from 0; the loss of this process's share, on the device."""
        piece = self.batches.get(step)
        self.seed_views(step)
        optimizers.set_rate(self.optimizer, self.rate(step))
        if self._graphed is not None:
            loss: Tensor = self._graphed(step, piece)
            return loss
        return self.compute(piece, self.view_side(step), self.tau(step))

    def compute(self, piece: Piece, side: Side, tau: float | Tensor) -> Tensor:
        """Views, forward and backward of every part, update and moving average."""
        self.optimizer.zero_grad(set_to_none=True)
        parameters = self._draw(piece, side)
        losses = [self._part(piece, part, parameters, side) for part in range(self.parts)]
        self.optimizer.step()
        self.method.update_target(tau)
        return losses[0] if self.parts == 1 else torch.stack(losses).mean()

    def _part(self, piece: Piece, part: int, drawn: tuple[ViewParameters, ViewParameters], side: Side) -> Tensor:
        """Gradients of one part of the batch, added to those of the parts before it."""
        size = len(piece.images) // self.parts
        mine = slice(part * size, (part + 1) * size)
        last = part == self.parts - 1
        waits = nullcontext() if last or self.network is self.method else self.network.no_sync()  # type: ignore[operator]
        labels = None if piece.labels is None else piece.labels[mine]
        place = slice(piece.start + mine.start, piece.start + mine.stop)
        first, second = self._views(piece.images[mine], drawn, place, side)
        with waits:
            return self.descend(first, second, piece.indices[mine], labels)

    def descend(self, first: Tensor, second: Tensor, indices: Tensor, labels: Tensor | None) -> Tensor:
        """Add the gradients of a part of the batch to those that are there; the loss of the part.

        In this process alone, a direction is gone through before the next is made: half of the activations at a time.
        """
        directions = self._directions(first, second, indices, labels)
        total = torch.zeros((), device=first.device)
        while True:
            with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
                loss = next(directions, None)
            if loss is None:
                return total
            torch.autograd.backward(loss / self.parts)
            total = total + loss.detach()

    def _directions(self, first: Tensor, second: Tensor, indices: Tensor, labels: Tensor | None) -> Iterator[Tensor]:
        """What goes back one by one; DDP and the compiler want to see the whole loss in one pass."""
        if self.network is self.method and self.execution != "compile":
            yield from self.method.in_turn(first, second, indices, labels)
        else:
            yield self._forward(first, second, indices, labels).loss

    # The views

    def seed_views(self, step: int) -> None:
        """From here on the draws are those of this step."""
        self.generator.manual_seed(self.config.seed * SEED_STRIDE + step)

    def _draw(self, piece: Piece, side: Side) -> tuple[ViewParameters, ViewParameters]:
        """The parameters of the whole batch, the same on every rank."""
        source = (piece.images.shape[2], piece.images.shape[3])
        return draw(self.policy, self.config.batch_size, self.generator, source, side)

    def _views(
        self, images: Tensor, drawn: tuple[ViewParameters, ViewParameters], rows: slice, side: Side
    ) -> Iterator[Tensor]:
        for parameters in drawn:
            view = apply(images, parameters.rows(rows), side)
            yield view.contiguous(memory_format=torch.channels_last)

    def view_side(self, step: int) -> Side:
        """The views' size at a step: it grows in steps of four pixels over the first half when a first size is set."""
        views = self.config.views
        last = views.size or self.config.data.image_size
        side = last
        if views.first_size is not None and views.first_size < last:
            share = min(1.0, 2 * step / max(1, self.total))
            side = min(last, views.first_size + 4 * int(share * (last - views.first_size) / 4 + 1e-9))
            side = last if share >= 1 else side
        return side, side

    # The schedules

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return schedules.learning_rate(step, self.total, self.peak, self.warmup, self.config.optimizer.schedule)

    def tau(self, step: int) -> float:
        """How much of the target a step keeps."""
        method = self.config.method
        return schedules.target_tau(step, self.total, method.tau_base, method.tau_schedule)

    def values(self, step: int) -> dict[str, float]:
        """What the log says of a step besides its loss."""
        values = {"learning_rate": self.rate(step)}
        return {**values, "tau": self.tau(step)} if self.method.has_target else values


def execution(config: RunConfig, device: torch.device, world: World) -> str:
    """How the steps are computed here: ``eager``, ``compile`` or ``graph``; InputError when that cannot be."""
    wanted = config.runtime.execution
    simple = world.size == 1 and config.accumulate == 1
    if wanted == "graph" and not (device.type == "cuda" and simple):
        raise InputError(
            "runtime.execution=graph needs a CUDA device, one process and accumulate=1; set runtime.execution to auto.",
            setting="runtime.execution",
        )
    if wanted == "compile" and device.type == "cpu" and not any(map(shutil.which, _COMPILERS)):
        raise InputError(
            "runtime.execution=compile needs a C++ compiler on the CPU, and none was found; install one, or set "
            "runtime.execution to auto.",
            setting="runtime.execution",
        )
    if wanted == "auto":
        return "graph" if device.type == "cuda" and simple else "eager"
    return wanted


def _parts(config: RunConfig, world: World) -> int:
    """The parts of this rank's share; InputError when one would be too small for batch statistics."""
    if config.batch_size // (config.accumulate * world.size) < 2:
        raise InputError(
            "The batch of {batch} leaves less than two images for each of {parts} parts on {processes} processes; "
            "raise batch_size.",
            setting="batch_size",
            batch=config.batch_size,
            parts=config.accumulate,
            processes=world.size,
        )
    return config.accumulate


def _on_ranks(method: Method, device: torch.device, world: World) -> nn.Module:
    """The method as every rank runs it: gradients averaged, and on CUDA the batch statistics of all ranks (§3.3)."""
    if world.size == 1:
        return method
    from torch.nn.parallel import DistributedDataParallel

    # Renamed in torch 2.14. Running statistics are each rank's own, or the same already.
    name = "forward_sync_buffers"
    if name not in signature(DistributedDataParallel.__init__).parameters:
        name = "broadcast_buffers"
    options: dict[str, Any] = {name: False}
    return DistributedDataParallel(
        method,
        device_ids=[world.local_rank] if device.type == "cuda" else None,
        **options,
    )


# The whole step as one CUDA graph: the host launches one thing instead of a thousand kernels. The first steps run
# eagerly, which makes the optimizer's buffers and warms the allocator up; then the step is captured and replayed. What
# changes from step to step is read from the device: the batch, the learning rate, tau, and the state of the generator
# that draws the views, which the graph takes over at each replay.


@dataclass
class _Captured:
    graph: torch.cuda.CUDAGraph
    piece: Piece
    loss: Tensor


class GraphedStep:
    """Steps through a graph for each size of the views; the batch always has the same shape."""

    def __init__(self, stepper: Stepper) -> None:
        self.stepper = stepper
        self.tau = torch.zeros((), device=stepper.device)
        self.stream: Any = torch.cuda.Stream(stepper.device)  # type: ignore[no-untyped-call]
        self._warm: dict[Side, int] = {}
        self._captured: dict[Side, _Captured] = {}

    def __call__(self, step: int, piece: Piece) -> Tensor:
        """Do a step on this batch; the loss, a tensor of its own."""
        stepper = self.stepper
        side = stepper.view_side(step)
        self.tau.fill_(stepper.tau(step))
        if self._warm.get(side, 0) < _EAGER_STEPS:
            self._warm[side] = self._warm.get(side, 0) + 1
            return self._eager(piece, side)
        if side not in self._captured:
            self._captured.clear()  # views only grow: a graph of smaller ones would hold its memory for nothing
            self._captured[side] = self._capture(piece, side)
            stepper.seed_views(step)
        captured = self._captured[side]
        _copy(captured.piece, piece)
        captured.graph.replay()
        return captured.loss.clone()

    def _eager(self, piece: Piece, side: Side) -> Tensor:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            loss = self.stepper.compute(piece, side, self.tau)
        torch.cuda.current_stream().wait_stream(self.stream)
        return loss

    def _capture(self, piece: Piece, side: Side) -> _Captured:
        """Record a step without doing it."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.stepper.generator)
        held = Piece(
            piece.images.clone(),
            piece.indices.clone(),
            None if piece.labels is None else piece.labels.clone(),
            piece.start,
        )
        with torch.cuda.graph(graph, stream=self.stream):
            loss = self.stepper.compute(held, side, self.tau)
        return _Captured(graph, held, loss)


def _copy(held: Piece, piece: Piece) -> None:
    held.images.copy_(piece.images, non_blocking=True)
    held.indices.copy_(piece.indices, non_blocking=True)
    if held.labels is not None and piece.labels is not None:
        held.labels.copy_(piece.labels, non_blocking=True)
