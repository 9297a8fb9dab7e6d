"""A thread that reads batches ahead of training, into a few buffers that are reused.

It only copies rows on the CPU. Everything that touches the accelerator is done by the training thread, because work
from another thread would break the capture of a CUDA graph.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

from byol_core.data.mapped import Places, gather
from byol_core.errors import LabError


@dataclass(eq=False)
class Slot:
    """A buffer for one batch, (b, 3, H, W) uint8 on the CPU."""

    host: Tensor


S = TypeVar("S", bound=Slot)


class Reader(Generic[S]):
    """Provides the batches of consecutive steps. Any other order works too, but has to wait for the batch.

    ``places(step)`` returns the rows of a step. ``slots`` are the buffers to use. The thread starts with the first
    request and ends with :meth:`stop`.
    """

    def __init__(self, images: Tensor, places: Callable[[int], Places], slots: Sequence[S]) -> None:
        self._images, self._places = images, places
        self._free = list(slots)
        self._ready: dict[int, S] = {}
        self._next = 0
        self._reading: int | None = None
        self._jumps = 0  # counts the jumps to another step; what was being read before a jump is discarded
        self._error: BaseException | None = None
        self._stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="byol-prefetch", daemon=True)

    def take(self, step: int) -> S:
        """Wait for the batch of a step. Return it with :meth:`give`. LabError if reading has failed."""
        with self._changed:
            self._go_to(step)
            self._changed.wait_for(lambda: step in self._ready or self._error is not None or self._stopped)
            if step in self._ready:
                return self._ready.pop(step)
        if self._error is None:
            raise LabError("The reading of the images was closed.")
        told = self._error.message if isinstance(self._error, LabError) else str(self._error)
        why = told or type(self._error).__name__
        raise LabError("The images could not be read any more while training: {why}", why=why) from self._error

    def take_ready(self, step: int) -> S | None:
        """The batch of a step if it has been read already, else None."""
        with self._changed:
            return self._ready.pop(step, None)

    def give(self, slot: S) -> None:
        """Return a buffer, to be filled again."""
        with self._changed:
            self._free.append(slot)
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop the thread and wake up everybody who waits for it."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until the thread has ended; does nothing in the thread itself, where garbage collection may call it."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _go_to(self, step: int) -> None:
        """Make sure that this step is being read or will be read next."""
        passed = [old for old in self._ready if old < step]
        if step not in self._ready and step not in (self._reading, self._next):
            # A jump to another step, as after a resume: nothing that was read ahead is of use.
            passed = list(self._ready)
            self._next, self._jumps, self._reading = step, self._jumps + 1, None
        self._free += [self._ready.pop(old) for old in passed]
        if self._thread.ident is None and not self._stopped:
            self._thread.start()
        self._changed.notify_all()

    # The thread

    def _run(self) -> None:
        try:
            while (job := self._job()) is not None:
                slot, step, jumps = job
                gather(self._images, self._places(step), slot.host)
                self._finish(slot, step, jumps)
        except BaseException as error:  # whatever it was, the thread that waits must be told
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _job(self) -> tuple[S, int, int] | None:
        """A free buffer, the step to read into it, and the current jump count; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._free or self._stopped)
            if self._stopped:
                return None
            self._reading, self._next = self._next, self._next + 1
            return self._free.pop(), self._reading, self._jumps

    def _finish(self, slot: S, step: int, jumps: int) -> None:
        with self._changed:
            # After a jump, the batch that was being read belongs to the old order.
            if jumps == self._jumps:
                self._ready[step], self._reading = slot, None
            else:
                self._free.append(slot)
            self._changed.notify_all()
