"""Images in a memory-mapped file: rows are read when they are accessed, and the kernel may drop them again.

If a file is truncated while it is mapped, access kills the process (SIGBUS), so the length is checked before rows are
read. A complete cache file is never written again, only unlinked, which a map survives.
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

_maps: dict[int, mmap.mmap] = {}  # by the address at which the map begins
# The kernel reads ahead at most about this many bytes per request.
_AHEAD = 2**17


def open_rows(path: Path, count: int, size: int) -> Tensor:
    """Map a file of images (count, 3, size, size) uint8, read-only: writing to the tensor crashes the process.

    OSError or ValueError if the file is shorter than that.
    """
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), count * 3 * size * size, access=mmap.ACCESS_READ)
    if hasattr(view, "madvise"):
        view.madvise(mmap.MADV_RANDOM)  # rows are read in random order; `_announce` says which
    array = np.frombuffer(view, np.uint8).reshape(count, 3, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has no read-only tensors and warns
        images = torch.from_numpy(array)
    # A tensor does not tell where its memory comes from, so the map is found by its address.
    _maps[images.data_ptr()] = view
    weakref.finalize(array, _maps.pop, images.data_ptr())
    return images


def is_mapped(images: Tensor) -> bool:
    """Whether these images are in a memory-mapped file."""
    return _map_of(images) is not None


def _map_of(images: Tensor) -> mmap.mmap | None:
    return _maps.get(images.untyped_storage().data_ptr()) if images.device.type == "cpu" else None


def gather(images: Tensor, places: Places, out: Tensor) -> None:
    """Copy ``images[places]`` into ``out``, both on the CPU, in one thread and without holding the interpreter lock.

    For mapped images, all rows are requested from the disk first, in the order of the file. LabError if the file has
    been truncated.
    """
    if not len(places):
        return
    view = _map_of(images)
    if view is not None:
        _check_whole(view)
        _announce(view, places, images[0].numel())
    rows, into = images.numpy().reshape(len(images), -1), out.numpy().reshape(len(places), -1)
    np.take(rows, places, axis=0, out=into, mode="clip")  # every other mode makes an extra copy


def take(images: Tensor, places: Tensor) -> Tensor:
    """``images[places]`` for images in memory, on a device or in a mapped file."""
    if images.device.type != "cpu" or not images.is_contiguous():
        return images[places.to(images.device)]
    out = torch.empty((len(places), *images.shape[1:]), dtype=images.dtype)
    gather(images, places.cpu().numpy(), out)
    return out


def _check_whole(view: mmap.mmap) -> None:
    if view.size() < len(view):
        raise LabError("The cache of the images was cut short while it was in use: resume the run to build it again.")


def _announce(view: mmap.mmap, places: Places, row: int) -> None:
    """Ask the kernel to read the rows at once, adjacent ones together, instead of page by page on access."""
    if not hasattr(view, "madvise"):
        return
    ordered = np.unique(places) * row
    begin = ordered // mmap.PAGESIZE * mmap.PAGESIZE
    end = np.minimum(ordered + row, len(view))
    apart = np.flatnonzero(begin[1:] > end[:-1]) + 1
    for first, last in zip(begin[np.append(0, apart)], end[np.append(apart - 1, -1)], strict=True):
        for start in range(int(first), int(last), _AHEAD):
            view.madvise(mmap.MADV_WILLNEED, start, min(_AHEAD, int(last) - start))
