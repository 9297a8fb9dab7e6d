"""Looks at a run while it learns: kNN on held-out images beside its baselines, signs of health, and the embeddings.

The validation images are a share of the training images that training never sees; they give the live curve. The test
images are looked at for the map, and for the numbers at the end, and decide nothing. Of a large set only some training
images are looked at: they go to the device a chunk at a time, so that the set may be larger than any memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from byol_core.config import RunConfig
from byol_core.data.imageset import ImageSet, blocks, content_digest
from byol_core.evaluation.knn import knn_votes
from byol_core.networks import Encoder
from byol_core.networks.features import pixels, represent
from byol_core.training.run_images import RunImages

TRAIN, VALIDATION, TEST = 0, 1, 2  # what an image was for the run, as in `embeddings/probe.json`
# Draws the training images on the map; with the seed of a run all of them would be its validation images.
_BESIDE = 2006_07733


class EvalImages(RunImages):
    """The images of one run with those that an evaluation looks at, and what is measured on them.

    shown: int64 rows of the set, test images. mapped: the shown test images, then some that the run had to train on;
    splits: (len(mapped),) what each of them was for the run. bank, full_bank: the labeled training images, at most
    ``evaluation.bank`` of them, among which kNN looks for the neighbors of validation and of test images. looked_at:
    (M,) ascending, on the CPU, all rows that an evaluation needs; features are (M, D), one row for each of them.
    """

    def __init__(self, config: RunConfig, images: ImageSet, device: torch.device) -> None:
        super().__init__(config, images, device)
        # Drawn, since the images of a folder come class by class; the same for every run on the set.
        self.shown = _some(images.test, config.evaluation.probe)
        self._map(_some(images.train, config.evaluation.probe_training, _BESIDE))
        # The training images are in a drawn order already.
        self.bank = self._labeled(self.training)
        self.full_bank = self._labeled(torch.cat([self.training, self.validation]))
        self._asked = self._labeled(self.validation)
        judged = self.test if len(self.full_bank) else self.test[:0]
        used = [rows.cpu().numpy() for rows in (self.bank, self.full_bank, self._asked, judged, self.mapped)]
        self.looked_at = torch.from_numpy(np.unique(np.concatenate(used)))

    def _map(self, beside: Tensor) -> None:
        held = torch.isin(beside, self.validation.cpu()).int()
        self.mapped = torch.cat([self.shown, beside])
        self.splits = torch.cat([torch.full((len(self.shown),), TEST, dtype=torch.int32), held])

    def map_only_test(self) -> None:
        """Map no other images than the shown test images, as a run of an earlier release began."""
        self._map(self.shown[:0])

    def _labeled(self, rows: Tensor) -> Tensor:
        """The first of these rows that have a label, at most ``evaluation.bank``."""
        return self._known(rows)[: self.config.evaluation.bank]

    def _known(self, rows: Tensor) -> Tensor:
        """Those of these rows that have a label."""
        return rows[:0] if self.labels is None else rows[self.labels[rows] >= 0]

    @cached_property
    def fingerprint(self) -> str:
        """Tells whether a set is still the same: pixels and split."""
        found = self.set
        return found.fingerprint or content_digest(blocks(found.images), found.train, found.test)

    def represent(
        self, encoder: Encoder, dtype: torch.dtype | None = None, pulse: Callable[[], None] = lambda: None
    ) -> Tensor:
        """Representations (M, feature_dim) float32 of the images that are looked at."""
        return represent(encoder, self.images, dtype, pulse, self.looked_at)

    def pixels(self) -> Tensor:
        """Raw pixels (M, d) of the images that are looked at."""
        return pixels(self.images, rows=self.looked_at)

    def rows(self, features: Tensor, places: Tensor) -> Tensor:
        """The features of these images: of (M, D) those looked at, or of (N, D) for the whole set."""
        if len(features) != len(self.set):
            places = torch.searchsorted(self.looked_at, places.cpu())
        return features[places.to(features.device)]

    def right(self, features: Tensor, bank: Tensor, queries: Tensor) -> Tensor | None:
        """Which of the images ``queries`` weighted kNN against images ``bank`` names rightly: (q,) bool on the CPU.

        Only those with a label are asked; None when there is none.
        """
        bank, queries = self._known(bank), self._known(queries)
        if self.labels is None or len(bank) == 0 or len(queries) == 0:
            return None
        settings, labels = self.config.evaluation, self.labels
        votes = knn_votes(
            self.rows(features, bank).to(labels.device), labels[bank], self.rows(features, queries).to(labels.device),
            classes=int(labels[bank].max()) + 1, k=settings.k, temperature=settings.temperature,
        )  # fmt: skip
        return (votes.argmax(1) == labels[queries]).cpu()

    def on_validation(self, features: Tensor) -> float | None:
        """The live number: the share of validation images that the training images name rightly."""
        return share(self.right(features, self.bank, self._asked))

    def on_test(self, features: Tensor) -> Tensor | None:
        """For the final number: which test images the training images, held-out ones included, name rightly."""
        return self.right(features, self.full_bank, self.test)

    @property
    def tested(self) -> Tensor:
        """The test images that kNN can judge on: (q,) int64 rows of those with a label."""
        return self._known(self.test) if len(self.full_bank) else self.test[:0]

    @property
    def counts(self) -> dict[str, int]:
        """How many images a number on ``validation`` and one on ``test`` rests on: those with a label."""
        asked = {"validation": self._asked if len(self.bank) else self._asked[:0]}
        asked["test"] = self.tested
        return {split: len(rows) for split, rows in asked.items()}

    def predict(self, features: Tensor) -> tuple[Tensor, Tensor] | None:
        """What kNN among the training images says of each mapped image: class (n,) int16 and its share of the votes.

        An image that is among them does not vote for itself. None without labels.
        """
        bank, rows = self.bank.cpu(), self.mapped
        if self.labels is None or len(bank) < 2:
            return None
        order = bank.argsort()
        at = torch.searchsorted(bank[order], rows).clamp(max=len(bank) - 1)
        itself = torch.where(bank[order][at] == rows, order[at], -1)
        labels, settings = self.labels, self.config.evaluation
        votes = knn_votes(
            self.rows(features, self.bank).to(labels.device), labels[self.bank],
            self.rows(features, rows).to(labels.device),
            classes=int(labels.max()) + 1, k=settings.k, temperature=settings.temperature,
            itself=itself.to(labels.device),
        )  # fmt: skip
        sure, said = votes.max(1)
        return said.short(), sure.half()


def share(right: Tensor | None) -> float | None:
    """How much of (n,) bool is true, 0 to 1; None of None."""
    return None if right is None else float(right.double().mean())


def _some(rows: Tensor, count: int, seed: int = 0) -> Tensor:
    """At most so many of these rows, drawn, in ascending order; the same for every run on the set."""
    drawn = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    return rows[drawn[:count]].sort().values
