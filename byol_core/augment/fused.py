"""Makes views on the CPU: passes tensors to the compiled kernel in ``kernels``, and distributes images over threads.

These are Python threads, which run in parallel because the kernel releases the interpreter lock. numba's own threads
would share a pool with the other threads of the process (Streamlit has one per visitor), which numba does not support,
and would compete with PyTorch's threads. Each image is processed on its own by one thread, so a view depends neither on
the number of threads nor on the rest of the batch.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byol_core.augment import blur, geometry, noise
from byol_core.augment.parameters import Size, ViewParameters
from byol_core.errors import ArgumentError

_PIXELS_A_TURN = 32_768  # how many pixels a thread takes at a time; fewer would cost more than they gain
_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def serves(images: Tensor) -> bool:
    """Whether this module can process these images: they are on the CPU, not being compiled, and need no gradient."""
    return images.device.type == "cpu" and not images.requires_grad and not torch.compiler.is_compiling()


def apply(images: Tensor, params: ViewParameters, size: Size) -> Tensor:
    """Make one view: images (B, 3, H, W) uint8, or float in [0, 1] -> (B, 3, h, w) float32, contiguous.

    Raises:
        ArgumentError: The images are not RGB, or a box is not inside them.
    """
    _check(images, params)
    if images.dtype != torch.uint8:
        images = images.float() if images.is_floating_point() else images.float() / 255
    view = torch.empty(len(images), 3, *size)
    if params.degrees is None or params.shift is None:
        _run(images, view, {**_geometry(params), **_colors(params)})
    else:
        _run(images, view, _geometry(params))
        view = geometry.rotate_shift(view, params.degrees, params.shift).contiguous()
        _run(images, view, _colors(params))
    return noise.finish(view, params.noise, params.deviation, params.holes)


def warm_up() -> None:
    """Prepare the kernel: it is compiled the first time on a machine, and later loaded from disk."""
    nothing = torch.zeros(1, dtype=torch.int64)
    boxes = torch.tensor([[0, 0, 8, 8]])
    _run(
        torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
        torch.empty(1, 3, 8, 8),
        {"boxes": boxes, "mirror_h": nothing, "mirror_v": nothing},
    )


def _check(images: Tensor, params: ViewParameters) -> None:
    """Reject boxes outside of the images: the kernel does not check bounds, and would read foreign memory."""
    _, channels, height, width = images.shape
    if channels != 3:
        raise ArgumentError("Views are made of RGB images, but these have {channels} channels.", channels=channels)
    top, left, h, w = params.boxes.numpy().T
    if not ((top >= 0) & (left >= 0) & (h > 0) & (w > 0) & (top + h <= height) & (left + w <= width)).all():
        raise ArgumentError(
            "A crop lies outside of the image of {height} x {width} pixels.", height=height, width=width
        )


def _geometry(p: ViewParameters) -> dict[str, Tensor]:
    return {"boxes": p.boxes, "mirror_h": p.flip_horizontal, "mirror_v": p.flip_vertical}


def _colors(p: ViewParameters) -> dict[str, Tensor]:
    names = ("factors", "order", "gray", "sigma", "threshold")
    return {name: value for name in names if (value := getattr(p, name)) is not None}


_NO_BYTES, _NO_FLOATS = np.empty((0, 0, 0, 0), np.uint8), np.empty((0, 0, 0, 0), np.float32)
# The parameters that the kernel takes, all switched off: their order, types and numbers of axes.
_OFF = {
    "boxes": np.empty((0, 4), np.int64),
    "mirror_h": np.empty(0, np.bool_),
    "mirror_v": np.empty(0, np.bool_),
    "factors": np.empty((0, 4), np.float32),
    "order": np.empty((0, 4), np.int64),
    "gray": np.empty(0, np.bool_),
    "sigma": np.empty(0, np.float32),
    "threshold": np.empty(0, np.float32),
}


def _run(images: Tensor, view: Tensor, params: dict[str, Tensor]) -> None:
    """Crop into ``view`` if there are boxes, and change its colors in place."""
    from byol_core.augment import kernels  # imports numba, which takes a second

    _, _, height, width = view.shape
    given = {name: value.contiguous().numpy().astype(_OFF[name].dtype, copy=False) for name, value in params.items()}
    source = images.contiguous().numpy()
    arguments: tuple[Any, ...] = (
        *((source, _NO_FLOATS) if source.dtype == np.uint8 else (_NO_BYTES, source)),
        view.numpy(),
        *(_OFF | given).values(),
        (blur.kernel_size(height) // 2, blur.kernel_size(width) // 2),
    )
    _in_threads(lambda start, stop: kernels.make(start, stop, *arguments), len(view), height * width)


def _in_threads(work: Callable[[int, int], None], n: int, pixels: int) -> None:
    """Call ``work(start, stop)`` for n images, a few at a time, on this thread and on others that are free.

    Whoever finishes takes the next few, so that a core that is busy with something else does not hold up the batch.
    """
    few = max(1, _PIXELS_A_TURN // pixels)
    turns = iter(range(0, n, few))  # ``next`` is atomic because of the interpreter lock

    def take_turns() -> None:
        for start in turns:
            work(start, min(start + few, n))

    helpers = min(torch.get_num_threads(), -(-n // few)) - 1
    others = [_threads().submit(take_turns) for _ in range(helpers)]
    take_turns()
    for other in others:
        # A helper that has not started yet is not needed any more: this thread has done all of the work.
        if not other.cancel():
            other.result()


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="views")
        return _pool


def _after_fork() -> None:
    """A forked process inherits the pool, but not its threads."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
