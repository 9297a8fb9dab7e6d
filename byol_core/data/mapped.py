"""Images in a file, mapped into memory: rows are read as they are touched, and the kernel may drop them again.

A file that is cut short while it is mapped would kill the process (SIGBUS), so its length is checked before rows are
taken; a cache file is never written again once it is whole, only unlinked, and a map outlives that.
"""

from __future__ import annotations

import mmap
import warnings
import weakref
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from byol_core.errors import LabError

Places = NDArray[np.int64]

_maps: dict[int, mmap.mmap] = {}  # by the address at which a map begins
# The kernel reads ahead at most about this much for one request.
_AHEAD = 2**17


def open_rows(path: Path, count: int, size: int) -> Tensor:
    """(count, 3, size, size) uint8, read-only: writing to it ends the process.

    OSError or ValueError when the file is shorter than that.
    """
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), count * 3 * size * size, access=mmap.ACCESS_READ)
    if hasattr(view, "madvise"):
        view.madvise(mmap.MADV_RANDOM)  # shuffled rows: no guesses, `_ask_for` says what will be needed
    array = np.frombuffer(view, np.uint8).reshape(count, 3, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch does not know read-only tensors
        images = torch.from_numpy(array)
    _maps[images.data_ptr()] = view
    weakref.finalize(array, _maps.pop, images.data_ptr())
    return images


def is_mapped(images: Tensor) -> bool:
    """Whether these rows lie in a file."""
    return _map_of(images) is not None


def _map_of(images: Tensor) -> mmap.mmap | None:
    return _maps.get(images.untyped_storage().data_ptr()) if images.device.type == "cpu" else None


def gather(images: Tensor, places: Places, out: Tensor) -> None:
    """Copy ``images[places]`` into ``out``, both on the CPU, in one thread and without the interpreter's lock.

    Of mapped images the disk is first asked for all the rows, in the order in which they lie there. LabError when the
    file has been cut short.
    """
    if not len(places):
        return
    view = _map_of(images)
    if view is not None:
        _check_whole(view)
        _ask_for(view, places, images[0].numel())
    rows, into = images.numpy().reshape(len(images), -1), out.numpy().reshape(len(places), -1)
    np.take(rows, places, axis=0, out=into, mode="clip")  # any other mode copies twice


def take(images: Tensor, places: Tensor) -> Tensor:
    """``images[places]`` of a set in memory, on a device or mapped."""
    if images.device.type != "cpu" or not images.is_contiguous():
        return images[places.to(images.device)]
    out = torch.empty((len(places), *images.shape[1:]), dtype=images.dtype)
    gather(images, places.cpu().numpy(), out)
    return out


def _check_whole(view: mmap.mmap) -> None:
    if view.size() < len(view):
        raise LabError("The cache of the images was cut short while it was in use: resume the run to build it again.")


def _ask_for(view: mmap.mmap, places: Places, row: int) -> None:
    """Let the kernel read the rows at once, neighbors together, instead of page by page as they are touched."""
    if not hasattr(view, "madvise"):
        return
    ordered = np.unique(places) * row
    begin = ordered // mmap.PAGESIZE * mmap.PAGESIZE
    end = np.minimum(ordered + row, len(view))
    apart = np.flatnonzero(begin[1:] > end[:-1]) + 1
    for first, last in zip(begin[np.append(0, apart)], end[np.append(apart - 1, -1)], strict=True):
        for start in range(int(first), int(last), _AHEAD):
            view.madvise(mmap.MADV_WILLNEED, start, min(_AHEAD, int(last) - start))
