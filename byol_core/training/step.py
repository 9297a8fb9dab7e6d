"""One training step: views, gradients, update; eager, compiled, or as one CUDA graph.

The way of one image through a step, which :meth:`Stepper.take` goes:

1. ``Batches.get``: seed and number of the step say which images it sees; this rank's share of them, uint8, on the
   device.
2. :meth:`Stepper.make_views`: the parameters of both views are drawn for the whole batch (``augment.draw``), each image
   with its own, and applied (``augment.apply``): two views of each image, in [0, 1].
3. :meth:`Stepper.backward`: the objective computes its losses of the views (``Method.losses``, the algorithm), and
   their gradients are added up in the weights.
4. :meth:`Stepper.update`: the optimizer moves the online network, and the target follows.

What a step does depends only on the configuration, the weights and the number of the step, so that a run that was
resumed, or is shared among several processes, does what the uninterrupted single process would have done.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from byol_core.augment import apply, draw, resolve
from byol_core.config import RunConfig
from byol_core.distributed.launch import World
from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.methods import Method, Views, build_method
from byol_core.methods.base import freeze
from byol_core.networks import Encoder
from byol_core.optim import optimizers, schedules
from byol_core.system.device import autocast_dtype, keep_memory
from byol_core.training.batches import SEED_STRIDE, Batch, Batches
from byol_core.training.run_images import RunImages
from byol_core.weights.encoder_files import set_statistics

Side = tuple[int, int]
_EAGER_STEPS = 3  # before a graph is captured
_COMPILERS = ("g++", "clang++", "c++", "cl")  # one of them builds what torch.compile writes for the CPU


def build_step(
    config: RunConfig,
    samples: RunImages,
    device: torch.device,
    world: World = World(),  # noqa: B008 - frozen
) -> Stepper:
    """Model, batches, views and optimizer of a run, to take its steps with or without the run around them.

    Nothing is written and nobody is told anything. Close the batches when no more steps are wanted. InputError when the
    settings do not fit the images or the device.
    """
    _check(len(samples.training))
    if device.type == "cpu":
        keep_memory()
    batches = Batches(
        samples.images, samples.labels, samples.training,
        batch_size=config.batch_size, seed=config.seed, device=device, rank=world.rank, ranks=world.size,
        parts=config.accumulate,
    )  # fmt: skip
    method = _initialized(config, samples, device, world)
    return Stepper(config, method, batches, device, total_steps(config, batches.per_epoch), world)


def total_steps(config: RunConfig, per_epoch: int) -> int:
    """The steps of a run with so many in an epoch; one at least."""
    total = max(1, round(config.epochs * per_epoch))
    return min(total, config.steps or total)


def _initialized(config: RunConfig, samples: RunImages, device: torch.device, world: World) -> Method:
    """The objective's networks as the seed draws them, on the device."""
    torch.manual_seed(config.seed)
    method = build_method(config, images=len(samples.training), classes=samples.set.classes)
    for encoder in (module for module in method.modules() if isinstance(module, Encoder)):
        set_statistics(encoder, samples.set)
    freeze(method, config.network.freeze)
    method = method.to(device).to(memory_format=torch.channels_last)
    if world.size > 1 and device.type == "cuda":  # the paper's statistics are over all replicas (§3.3)
        torch.nn.SyncBatchNorm.convert_sync_batchnorm(method)  # type: ignore[no-untyped-call]
    return method


def _check(images: int) -> None:
    """InputError when nothing could be learned from so few."""
    if images < 2:
        raise InputError(
            Message.plural(
                "The set leaves {n} image to train on, and two are the least; add images, or set data.validation=0.",
                "The set leaves {n} images to train on, and two are the least; add images, or set data.validation=0.",
                images,
            ),
            setting="data.validation",
        )


class Stepper:
    """Takes the steps of one run on one device; :meth:`take` is all that the loop needs."""

    def __init__(
        self, config: RunConfig, method: Method, batches: Batches, device: torch.device, total: int, world: World
    ) -> None:
        self.config, self.method, self.batches, self.device, self.total = config, method, batches, device, total
        self.world = world
        self.dtype = autocast_dtype(config.runtime.precision, device)
        self.policy = resolve(config.views)
        self.generator = torch.Generator(device)
        self.optimizer = optimizers.build_optimizer(config.optimizer, method.trained(config.method.predictor_lr))
        self.peak = optimizers.peak_rate(config.optimizer, config.batch_size)
        self.warmup = round(config.optimizer.warmup * total)
        self.network: nn.Module = _on_ranks(method, device, world)
        self.parts = _parts(config, world)
        self.execution = execution(config, device, world)
        self._losses = self._loss_function()
        self._graphed: Any = None
        if self.execution == "graph":
            optimizers.make_capturable(self.optimizer, device)
            self._graphed = GraphedStep(self)

    def _loss_function(self) -> Callable[[Views], Iterator[Tensor]]:
        """The objective's losses one by one; DDP and the compiler want to see the whole loss in one forward pass."""
        if self.execution != "compile" and self.network is self.method:
            return self.method.losses
        whole: Any = torch.compile(self.network) if self.execution == "compile" else self.network
        return lambda views: map(whole, (views,))

    def take(self, step: int) -> Tensor:
        """Do the step with this number, counted from 0; the loss of this process's share, on the device."""
        batch = self.batches.get(step)
        self.seed_views(step)
        optimizers.set_rate(self.optimizer, self.rate(step))
        if self._graphed is not None:
            loss: Tensor = self._graphed(step, batch)
            return loss
        return self.compute(batch, self.view_side(step), self.tau(step))

    def compute(self, batch: Batch, side: Side, tau: float | Tensor) -> Tensor:
        """The step on a batch: views, gradients of every part of it, update. This is what a CUDA graph replays."""
        self.optimizer.zero_grad(set_to_none=True)
        parts = enumerate(self.make_views(batch, side), start=1)
        losses = [self.backward(views, last=part == self.parts) for part, views in parts]
        self.update(tau)
        return losses[0] if self.parts == 1 else torch.stack(losses).mean()

    def make_views(self, batch: Batch, side: Side) -> Iterator[Views]:
        """The views of each part of the batch in turn. They are drawn for the whole batch, the same on every rank."""
        source = (batch.images.shape[2], batch.images.shape[3])
        drawn = draw(self.policy, self.config.batch_size, self.generator, source, side)
        size = len(batch.images) // self.parts
        for part in (slice(k * size, (k + 1) * size) for k in range(self.parts)):
            rows = slice(batch.start + part.start, batch.start + part.stop)
            first, second = (
                apply(batch.images[part], parameters.rows(rows), side).contiguous(memory_format=torch.channels_last)
                for parameters in drawn
            )
            yield Views(first, second, batch.indices[part], None if batch.labels is None else batch.labels[part])

    def backward(self, views: Views, last: bool = True) -> Tensor:
        """Add the gradients of a part of the batch to those that are there; the loss of the part.

        One loss of the objective is gone back through before the next is computed, which for BYOL holds the activations
        of one view at a time. ``last`` is whether the ranks average their gradients now.
        """
        losses, total = self._losses(views), torch.zeros((), device=views.first.device)
        with self._averaged(last):
            while True:
                with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
                    loss = next(losses, None)
                if loss is None:
                    return total
                torch.autograd.backward(loss / self.parts)
                total = total + loss.detach()

    def _averaged(self, now: bool) -> AbstractContextManager[None]:
        if now or self.network is self.method:
            return nullcontext()
        waits: AbstractContextManager[None] = self.network.no_sync()  # type: ignore[operator]
        return waits

    def update(self, tau: float | Tensor) -> None:
        """Move the online network by its gradients, and let the target follow."""
        self.optimizer.step()
        self.method.update_target(tau)

    # The views

    def seed_views(self, step: int) -> None:
        """From here on the draws are those of this step."""
        self.generator.manual_seed(self.config.seed * SEED_STRIDE + step)

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

    @property
    def threads_may_change(self) -> bool:
        """Whether the number of CPU threads may follow the load.

        It may where it was not set, counts on this device, and recompiles nothing. Several processes would follow
        each other.
        """
        free = self.config.runtime.threads == 0 and self.world.size == 1
        return free and self.device.type == "cpu" and self.execution == "eager"

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
    batch: Batch
    loss: Tensor


class GraphedStep:
    """Steps through a graph for each size of the views; the batch always has the same shape."""

    def __init__(self, stepper: Stepper) -> None:
        self.stepper = stepper
        self.tau = torch.zeros((), device=stepper.device)
        self.stream: Any = torch.cuda.Stream(stepper.device)  # type: ignore[no-untyped-call]
        self._warm: dict[Side, int] = {}
        self._captured: dict[Side, _Captured] = {}

    def __call__(self, step: int, batch: Batch) -> Tensor:
        """Do a step on this batch; the loss, a tensor of its own."""
        stepper = self.stepper
        side = stepper.view_side(step)
        self.tau.fill_(stepper.tau(step))
        if self._warm.get(side, 0) < _EAGER_STEPS:
            self._warm[side] = self._warm.get(side, 0) + 1
            return self._eager(batch, side)
        if side not in self._captured:
            self._captured.clear()  # views only grow: a graph of smaller ones would hold its memory for nothing
            self._captured[side] = self._capture(batch, side)
            stepper.seed_views(step)
        captured = self._captured[side]
        _copy(captured.batch, batch)
        captured.graph.replay()
        return captured.loss.clone()

    def _eager(self, batch: Batch, side: Side) -> Tensor:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            loss = self.stepper.compute(batch, side, self.tau)
        torch.cuda.current_stream().wait_stream(self.stream)
        return loss

    def _capture(self, batch: Batch, side: Side) -> _Captured:
        """Record a step without doing it."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.stepper.generator)
        held = Batch(
            batch.images.clone(),
            batch.indices.clone(),
            None if batch.labels is None else batch.labels.clone(),
            batch.start,
        )
        with torch.cuda.graph(graph, stream=self.stream):
            loss = self.stepper.compute(held, side, self.tau)
        return _Captured(graph, held, loss)


def _copy(held: Batch, batch: Batch) -> None:
    held.images.copy_(batch.images, non_blocking=True)
    held.indices.copy_(batch.indices, non_blocking=True)
    if held.labels is not None and batch.labels is not None:
        held.labels.copy_(batch.labels, non_blocking=True)
