"""The batches of a run: which images a step sees depends on the seed and the number of the step alone.

Where the set lies on the device that trains, a batch is a plain selection of rows. A set that lies elsewhere, in a file
or in the host's memory beside a GPU, is read ahead by a thread, in the order that is known beforehand, and copied to
the device while the step before computes.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from byol_core.data.mapped import Places, is_mapped, take
from byol_core.data.prefetch import Reader, Slot
from byol_core.errors import InputError
from byol_core.training.small_sets import largest_batch

SEED_STRIDE = 1_000_003  # keeps the generators of neighboring seeds apart
_cuda: Any = torch.cuda  # its classes carry no types
_ON_HOST = 3  # buffers: one in use, two ahead
_ON_CUDA = 4  # one more, whose copy to the device may not be over yet
_EPOCHS = 2  # orders that are kept: the reader is in the next epoch already while this one ends


@dataclass(frozen=True)
class Batch:
    """This rank's share of a batch, on the device; it lasts until another step's is asked for.

    images: (b, 3, H, W) uint8. indices: (b,) int64, places in the training split. labels: (b,) int64 or None, -1 for
    none. start: the place of its first row in the whole batch.
    """

    images: Tensor
    indices: Tensor
    labels: Tensor | None
    start: int


class Order:
    """The order of the training images in each epoch."""

    def __init__(self, training: Tensor, size: int, seed: int, rows: slice) -> None:
        self.training, self.size, self.seed, self.rows = training.cpu(), size, seed, rows
        self.per_epoch = len(training) // size
        self._known: dict[int, Tensor] = {}

    def epoch(self, epoch: int) -> Tensor:
        """A permutation of 0 … n_train - 1, from the seed and the epoch alone. Safe to ask from two threads."""
        order = self._known.get(epoch)
        if order is None:
            generator = torch.Generator().manual_seed(self.seed * SEED_STRIDE + epoch)
            order = torch.randperm(len(self.training), generator=generator)
            known = self._known  # replaced, never changed: the other thread may be looking at it
            nearest = sorted(known, key=lambda other: abs(other - epoch))
            self._known = {other: known[other] for other in nearest[: _EPOCHS - 1]} | {epoch: order}
        return order

    def place(self, step: int) -> tuple[int, slice]:
        """The epoch of a step, and which part of its order this rank sees."""
        epoch, batch = divmod(step, self.per_epoch)
        return epoch, slice(batch * self.size + self.rows.start, batch * self.size + self.rows.stop)

    def places(self, step: int) -> Places:
        """The rows of the set that a step sees."""
        epoch, part = self.place(step)
        rows: Places = self.training[self.epoch(epoch)[part]].numpy()
        return rows


class _Source(Protocol):
    """Where the images of a step come from."""

    def get(self, step: int, rows: Tensor) -> Tensor: ...

    def close(self) -> None: ...


class Batches:
    """``get(step)`` for step 0, 1, 2 …; any other order is right too, but slower where the set is read ahead."""

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None,
        training: Tensor,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        ranks: int = 1,
        parts: int = 1,
    ) -> None:
        """``images`` (N, 3, H, W) uint8 anywhere, ``labels`` (N,) int64, ``training`` (n,) int64 rows of images.

        A batch of ``batch_size`` is shared by ``ranks``; ``parts`` is how many equal parts the caller cuts the share
        into. InputError when there is no whole batch, or when it cannot be shared evenly.
        """
        if batch_size > len(training):
            raise _too_large(batch_size, len(training), ranks * parts)
        if batch_size % (ranks * parts):
            raise InputError(
                "The batch of {batch} cannot be shared evenly by {processes} processes in {parts} parts each; change "
                "batch_size, accumulate or runtime.processes.",
                setting="batch_size",
                batch=batch_size,
                processes=ranks,
                parts=parts,
            )
        share = batch_size // ranks
        self.start, self.device = rank * share, device
        self._order = Order(training, batch_size, seed, slice(self.start, self.start + share))
        self.per_epoch = self._order.per_epoch
        self._training = training.to(device)
        self._labels = None if labels is None else labels.to(device)
        self._epoch, self._in_epoch = -1, torch.empty(0, dtype=torch.int64)  # of no epoch yet
        self._source = _source(images, self._order, share, device)
        # A run that is given up without a close must not leave its thread behind.
        self._finalizer = weakref.finalize(self, self._source.close)

    def get(self, step: int) -> Batch:
        """This rank's share of a step's batch. LabError when the images cannot be read."""
        epoch, part = self._order.place(step)
        if epoch != self._epoch:
            self._epoch, self._in_epoch = epoch, self._order.epoch(epoch).to(self.device)
        indices = self._in_epoch[part]
        rows = self._training[indices]
        labels = None if self._labels is None else self._labels[rows]
        return Batch(self._source.get(step, rows), indices, labels, self.start)

    def close(self) -> None:
        """End the reading ahead, if there is any; nothing can be got afterwards."""
        self._finalizer()


def _too_large(batch: int, images: int, shared: int) -> InputError:
    """The sentence for a batch that the images do not fill, with one that they do."""
    fits = largest_batch(images, shared)
    if fits is None:
        return InputError(
            "The batch of {batch} is larger than the {images} images there are to learn from; add images, or have "
            "fewer processes and parts share a batch.",
            setting="batch_size",
            batch=batch,
            images=images,
        )
    return InputError(
        "The batch of {batch} is larger than the {images} images there are to learn from; set batch_size={fits}.",
        setting="batch_size",
        batch=batch,
        images=images,
        fits=fits,
    )


def _source(images: Tensor, order: Order, share: int, device: torch.device) -> _Source:
    if images.device.type == device.type and not is_mapped(images):
        return _Resident(images)
    kind = _OnCuda if device.type == "cuda" else _OnHost
    return kind(images.contiguous(), order, share, device)


class _Resident:
    """The set lies on the device."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def get(self, step: int, rows: Tensor) -> Tensor:
        return take(self.images, rows)

    def close(self) -> None:
        """Nothing to stop: these batches have no thread."""


class _OnHost:
    """The set lies in a file and the CPU trains, or a device that has no streams of its own."""

    def __init__(self, images: Tensor, order: Order, share: int, device: torch.device) -> None:
        self.device = device
        slots = [Slot(torch.empty((share, *images.shape[1:]), dtype=torch.uint8)) for _ in range(_ON_HOST)]
        self.reader = Reader(images, order.places, slots)
        self.step = -1
        self.slot: Slot | None = None

    def get(self, step: int, rows: Tensor) -> Tensor:
        slot = self.slot if step == self.step else None
        if slot is None:
            if self.slot is not None:
                self.reader.give(self.slot)
            self.slot = None  # taking may fail
            self.step, self.slot = step, (slot := self.reader.take(step))
        return slot.host.to(self.device)

    def close(self) -> None:
        self.reader.stop()
        self.reader.join()


@dataclass(eq=False)
class _CudaSlot(Slot):
    """A pinned buffer with its place on the device; events say when it was copied there, and when it was used last."""

    device: Tensor
    copied: Any
    used: Any


class _OnCuda:
    """The set lies in a file or in the host's memory, and batches go to the GPU on a stream beside the computation.

    A buffer goes round: filled by the reader, copied once the step that used its place on the device is over, used by
    its own step, and given back as soon as its copy is done. The host can thus be a few steps ahead, but not more.
    """

    def __init__(self, images: Tensor, order: Order, share: int, device: torch.device) -> None:
        shape = (share, *images.shape[1:])
        self.device, self.stream = device, _cuda.Stream(device)
        slots = [
            _CudaSlot(
                torch.empty(shape, dtype=torch.uint8, pin_memory=True),
                torch.empty(shape, dtype=torch.uint8, device=device),
                _cuda.Event(),
                _cuda.Event(),
            )
            for _ in range(_ON_CUDA)
        ]
        self.stream.wait_stream(torch.cuda.current_stream(device))  # the places must be there before they are filled
        self.reader = Reader(images, order.places, slots)
        self.step = -1
        self.slot: _CudaSlot | None = None
        self.ahead: dict[int, _CudaSlot] = {}  # on their way to the device before they are asked for
        self.done: list[_CudaSlot] = []  # used, but their copy may not be over

    def get(self, step: int, rows: Tensor) -> Tensor:
        slot = self.slot if step == self.step else None
        if slot is None:
            self._let_go()
            self.step, self.slot = step, (slot := self.ahead.pop(step, None) or self._fetched(step))
            torch.cuda.current_stream(self.device).wait_event(slot.copied)
        self._send_ahead(step + 1)
        return slot.device

    def _let_go(self) -> None:
        """The step before has been enqueued: its place is free once the device gets there."""
        if self.slot is not None:
            self.slot.used.record(torch.cuda.current_stream(self.device))
            self.done.append(self.slot)
            self.slot = None
        for slot in [slot for slot in self.done if slot.copied.query()]:
            self._give_back(slot)

    def _give_back(self, slot: _CudaSlot) -> None:
        self.done.remove(slot)
        self.reader.give(slot)

    def _fetched(self, step: int) -> _CudaSlot:
        """Waited for: the step is out of order, or the disk is slower than the device."""
        self.done += self.ahead.values()
        self.ahead.clear()
        for slot in [*self.done]:
            slot.copied.synchronize()
            self._give_back(slot)
        slot = self.reader.take(step)
        self._send(slot)
        return slot

    def _send_ahead(self, step: int) -> None:
        if step not in self.ahead and (slot := self.reader.take_ready(step)) is not None:
            self.ahead[step] = slot
            self._send(slot)

    def _send(self, slot: _CudaSlot) -> None:
        with torch.cuda.stream(self.stream):
            self.stream.wait_event(slot.used)
            slot.device.copy_(slot.host, non_blocking=True)
            slot.copied.record(self.stream)

    def close(self) -> None:
        self.reader.stop()
        self.reader.join()
