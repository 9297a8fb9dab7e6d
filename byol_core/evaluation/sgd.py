"""A linear classifier by SGD on random crops, the encoder and its statistics frozen (arXiv 2006.07733, C.1).

As there: Nesterov momentum 0.9, 80 epochs, batches of 1024, a cosine to zero, no decay, and the rate that held-out
labels find best. What differs: beside the paper's five rates there are smaller ones, since few labels ask for them; the
features have mean 0 and mean square 1, so that a rate means the same for every subject; an image is seen in ten crops
again and again, not in a new one each epoch, which costs an eighth; and a small set gets more epochs, so that there are
400 steps. All rates, and the splits that use the same labels, are trained
side by side on the same batches; the best rate's classifier of all labels is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.evaluation.crops import Crops
from byol_core.evaluation.linear import Classifier
from byol_core.evaluation.task import Split
from byol_core.evaluation.threads import as_many_as_pay
from byol_core.jobs.context import Told, no_one
from byol_core.messages import Message

RATES = (0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002)
UNCHOSEN = 0.02  # where no label can be held out
EPOCHS, BATCH, STEPS = 80, 1024, 400
CROPS = 10
_MEMORY = 2**30  # bytes that the features of the crops may take
_CHUNK = 128


@dataclass(frozen=True)
class Result:
    """The classifier of one split, and what was chosen for it, in words."""

    classifier: Classifier
    chosen: str


class Views:
    """The features of several crops of the same images: (V, n, D), standardized, and the values that did it."""

    def __init__(
        self, extract: Callable[[Tensor], Tensor], crops: Crops, rows: Tensor, progress: Told = no_one
    ) -> None:
        self.values = self._taken(extract, crops, rows, progress)
        self.mean = self.values.mean((0, 1))
        self.values -= self.mean  # in place: there may be no room for them twice
        root = math.sqrt(self.values.numel())
        self.scale = (torch.linalg.vector_norm(self.values) / root).clamp(min=1e-12)
        self.values /= self.scale

    @staticmethod
    @torch.no_grad()
    def _taken(extract: Callable[[Tensor], Tensor], crops: Crops, rows: Tensor, progress: Told) -> Tensor:
        """(V, n, D) as they are, as many crops as the memory allows."""
        values, count, view = torch.empty(0), 1, 0
        while view < count:
            for at in range(0, len(rows), _CHUNK):
                progress((view + at / len(rows)) / (count if view else CROPS))
                found = extract(crops(rows[at : at + _CHUNK])).float()
                if not values.numel():
                    count = max(1, min(CROPS, _MEMORY // (4 * len(rows) * found.shape[1])))
                    values = found.new_empty(count, len(rows), found.shape[1])
                values[view, at : at + len(found)] = found
            view += 1
        return values


class Heads:
    """Linear classifiers side by side: for each fold of each split, and for all labels, one a rate."""

    def __init__(self, splits: list[Split], labels: Tensor, classes: int, views: Views) -> None:
        self.splits, self.labels, self.views = splits, labels, views
        device = views.values.device
        left_out = torch.cat([*(split.folds for split in splits), torch.zeros(1, len(labels), dtype=torch.bool)])
        self.used = (~left_out).to(device)  # (M, n): the masks, the last of all labels
        shape = (views.values.shape[2] + 1, len(self.used), classes)
        self.weights = [torch.zeros(shape, device=device, requires_grad=True) for _ in RATES]

    def train(self, crops: Crops, progress: Told = no_one) -> None:
        """All of them, on the same batches."""
        rows, size = min(BATCH, len(self.labels)), sum(weight.numel() for weight in self.weights)
        with as_many_as_pay(rows * size):
            self._train(crops, progress)

    def _train(self, crops: Crops, progress: Told) -> None:
        groups = [{"params": [weight], "lr": rate} for weight, rate in zip(self.weights, RATES, strict=True)]
        optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True)
        epochs = max(EPOCHS, math.ceil(STEPS / max(1, math.ceil(len(self.labels) / BATCH))))
        for epoch in range(epochs):
            view = self.views.values[epoch % len(self.views.values)]
            batches = crops.batches(len(self.labels), BATCH)
            for number, batch in enumerate(batches):
                progress((epoch + number / len(batches)) / epochs)
                done = (epoch + number / len(batches)) / epochs
                for group, rate in zip(optimizer.param_groups, RATES, strict=True):
                    group["lr"] = rate * (1 + math.cos(math.pi * done)) / 2
                self._step(optimizer, view, batch.to(view.device))

    def _step(self, optimizer: torch.optim.Optimizer, view: Tensor, batch: Tensor) -> None:
        used, targets = self.used[:, batch], self.labels[batch]
        share = used / used.sum(1, keepdim=True).clamp(min=1)  # the mean over the rows of each classifier
        losses = [(_losses(view[batch], weight, targets) * share).sum() for weight in self.weights]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def result(self, number: int, plain: Tensor) -> Result:
        """The answer of one split. ``plain`` (n, D) are the features of the whole images."""
        first = sum(len(split.folds) for split in self.splits[:number])
        held = self.splits[number].folds.to(plain.device)
        if not len(held):
            rate = RATES.index(UNCHOSEN)
            told = Message("rate {rate:g}, fixed: too few labels to choose", rate=UNCHOSEN)
            return Result(self._classifier(rate), told)
        found = [self._validated(weight, slice(first, first + len(held)), held, plain) for weight in self.weights]
        best = min(range(len(RATES)), key=lambda index: found[index][0])
        told = Message("rate {rate:g}, {accuracy:.1%} on validation", rate=RATES[best], accuracy=found[best][1])
        return Result(self._classifier(best), told)

    def _validated(self, weight: Tensor, heads: slice, held: Tensor, plain: Tensor) -> tuple[float, float]:
        """Cross-entropy and accuracy of held-out labels."""
        rows = (plain - self.views.mean) / self.views.scale
        logs = _logits(rows, weight[:, heads].detach()).log_softmax(2).transpose(0, 1)[held]
        labels = self.labels.expand(len(held), -1)[held]
        return float(F.nll_loss(logs, labels)), float((logs.argmax(1) == labels).float().mean())

    def _classifier(self, rate: int) -> Classifier:
        state = self.weights[rate].detach()[:, -1]
        weights = state[:-1] / self.views.scale
        return Classifier(weights, state[-1] - self.views.mean @ weights)


def _logits(rows: Tensor, weight: Tensor) -> Tensor:
    """(n, M, C) of rows (n, D) and weights (D + 1, M, C)."""
    return (rows @ weight[:-1].flatten(1)).view(-1, *weight.shape[1:]) + weight[-1]


def _losses(rows: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropies (M, n)."""
    logs = _logits(rows, weight).log_softmax(2)
    return -logs.gather(2, targets[:, None, None].expand(-1, logs.shape[1], 1))[:, :, 0].T
