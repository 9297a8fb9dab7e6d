"""ImageSet: the form that every set of images takes, whatever it was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from byol_core.data import account_words
from byol_core.data.account import Account, LeftOut
from byol_core.errors import ArgumentError, InputError
from byol_core.messages import Message, sentences
from byol_core.system import checks
from byol_core.system.free_memory import free_memory

# Share of the free memory that the images may take; training needs the rest.
MEMORY_SHARE = 0.8
BLOCK = 2**20  # bytes that are processed at once when a whole set is read


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one size with a split into training and test. Labels are optional for the set (None) and the image
    (-1).

    images: (N, 3, H, W) uint8. labels: (N,) int64. train, test: int64 indices into images, which do not overlap.
    account: what was read of the source, what was left out and what was assumed.
    on_disk: whether images is a read-only memory map of a cache file; read rows with ``mapped.take``, never all at
    once. fingerprint: ``content_digest``, if it is known already.
    """

    name: str
    images: Tensor
    labels: Tensor | None
    class_names: tuple[str, ...]
    train: Tensor
    test: Tensor
    account: Account = field(default_factory=Account)
    on_disk: bool = False
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        checks.pictures("images", self.images, look=False)
        if self.images.is_floating_point():
            raise checks.wrong("images", "a tensor of images (N, 3, H, W), uint8", self.images)
        check_enough(self.name, len(self.images), self.account.left_out)
        self._check_labels()
        self._check_split()

    def _check_labels(self) -> None:
        if self.labels is None:
            return
        checks.labels("labels", self.labels, len(self.images), len(self.class_names))

    def _check_split(self) -> None:
        for name, part in (("train", self.train), ("test", self.test)):
            if not checks.is_tensor(part) or part.dtype != torch.int64 or part.ndim != 1:
                raise checks.wrong(name, "a tensor of places in images (n,), int64", part)
        both = torch.cat([self.train, self.test]).sort().values
        if bool((both.diff() == 0).any()):
            raise ArgumentError("'train' and 'test' should name each image once at most.")
        if len(both) and (int(both[0]) < 0 or int(both[-1]) >= len(self.images)):
            raise ArgumentError("'train' and 'test' should be places from 0 to {most}.", most=len(self.images) - 1)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def note(self) -> str:
        """What was assumed and found, in sentences."""
        return sentences(*map(account_words.remark, self.account.remarks))

    @property
    def skipped(self) -> tuple[str, ...]:
        """What was left out, a sentence for each reason."""
        return tuple(map(account_words.left_out, self.account.left_out))

    @property
    def classes(self) -> int:
        """The number of classes; 0 without labels."""
        return len(self.class_names) if self.labels is not None else 0


def check_enough(name: str, usable: int, left_out: Sequence[LeftOut] = ()) -> None:
    """Raise InputError if fewer than two images are usable."""
    if usable >= 2:
        return
    few = Message.plural(
        "'{name}' holds {n} usable image, and two are the least.",
        "'{name}' holds {n} usable images, and two are the least.",
        usable,
        name=name,
    )
    raise InputError(sentences(few, *map(account_words.left_out, left_out)))


def fits(count: int, size: int) -> bool:
    """Whether ``count`` images of ``size`` pixels fit into memory, with room for training."""
    return count * 3 * size * size <= MEMORY_SHARE * free_memory()


def allocate(count: int, size: int) -> Tensor:
    """Allocate memory for images, (count, 3, size, size) uint8; InputError if they do not fit."""
    if not fits(count, size):
        need, free = count * 3 * size * size, free_memory()
        raise InputError(
            "{count:,} images of {size} pixels need {need:.1f} GB, and {free:.1f} GB of memory are free: set "
            "runtime.images=disk, choose a smaller data.image_size, or set data.limit.",
            count=count,
            size=size,
            need=need / 2**30,
            free=free / 2**30,
        )
    return torch.empty((count, 3, size, size), dtype=torch.uint8)


def blocks(tensor: Tensor) -> Iterator[memoryview]:
    """The bytes of a CPU tensor in blocks; a contiguous tensor is not copied."""
    whole = tensor.contiguous().numpy().reshape(-1).view(np.uint8).data
    for start in range(0, len(whole), BLOCK):
        yield whole[start : start + BLOCK]


def content_digest(images: Iterable[memoryview], train: Tensor, test: Tensor) -> str:
    """16 hexadecimal digits that identify the content of a set: its pixels and its split."""
    digest = hashlib.sha256()
    for part in (images, blocks(train), blocks(test)):
        for block in part:
            digest.update(block)
    return digest.hexdigest()[:16]
