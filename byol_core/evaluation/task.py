"""A protocol meets a set of images: which labels each split may use, which choose, and which images test."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from byol_core.config import RunConfig
from byol_core.data.imageset import ImageSet
from byol_core.data.placement import placed
from byol_core.evaluation import labels
from byol_core.evaluation.protocol import Protocol


@dataclass(frozen=True, eq=False)
class Split:
    """One draw. rows: (n,) int64 of the set, ascending; folds: (F, n) bool, what each fit that chooses leaves out."""

    seed: int
    rows: Tensor
    folds: Tensor


class Question:
    """What every method needs. InputError when the labels cannot be used, or are too few for the protocol.

    classes: (C,) int64, those that occur, of the set's; all else counts by their places here. test: (Q,) int64 rows.
    images: (N, 3, H, W) uint8, on the device where they have room there.
    """

    def __init__(self, config: RunConfig, images: ImageSet, protocol: Protocol, device: torch.device) -> None:
        labels.check(images)
        assert images.labels is not None
        self.config, self.set, self.protocol, self.device = config, images, protocol, device
        self.test = labels.known(images, images.test)
        self.classes = labels.occurring(images.labels[labels.known(images, images.train)])
        self._place = torch.full((len(images.class_names),), -1)
        self._place[self.classes] = torch.arange(len(self.classes))
        self.images = placed(images, config.runtime.images, device)
        splits = [self._split(protocol.seed + number) for number in range(protocol.splits)]
        # Neighbors choose nothing: with the same labels each time, it is one measurement.
        once = protocol.method == "knn" and all(torch.equal(split.rows, splits[0].rows) for split in splits)
        self.splits = splits[:1] if once else splits

    def _split(self, seed: int) -> Split:
        rows = labels.draw(self.set, self.protocol.labels, seed)
        return Split(seed, rows, labels.folds(self.classes_of(rows), seed))

    def classes_of(self, rows: Tensor) -> Tensor:
        """The classes (n,) of images with a label, as places among those that occur, on the CPU."""
        assert self.set.labels is not None
        return self._place[self.set.labels[rows]]

    @property
    def labeled(self) -> Tensor:
        """(n,) int64, ascending: the training images that any split uses."""
        used = torch.zeros(len(self.set), dtype=torch.bool)
        used[torch.cat([split.rows for split in self.splits])] = True
        return used.nonzero()[:, 0]

    def right(self, probabilities: Tensor) -> Tensor:
        """(Q,) bool: whether the class of each test image, in their order, is the most probable of (Q, C)."""
        return probabilities.cpu().argmax(1) == self.classes_of(self.test)

    def of_all_classes(self, probabilities: Tensor) -> Tensor:
        """(Q, classes of the set) float32 on the CPU: a class without an image has none."""
        whole = torch.zeros(len(probabilities), len(self.set.class_names))
        whole[:, self.classes] = probabilities.float().cpu()
        return whole
