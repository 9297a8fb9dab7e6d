"""The whole network trained on a few labels, beside the same network from scratch on the same labels (C.1, D.3).

As in arXiv 2006.07733: crops and mirrors, a cosine to zero, no weight decay, and batch norm's momentum by D.3's rule.
What differs, since a hundred labels are not ten thousand:

- The encoder first takes the batch statistics of the labeled images, as it will see them, and its classifier starts
  as their logistic regression (arXiv 2202.10054): a random one would bend the representation before it has learned
  anything. From scratch the classifier starts at zero, which was better there.
- AdamW instead of SGD with momentum, which was better from scratch (64 % instead of 63 %, see below), and less touchy
  about its rate for the trained encoder.
- With fewer than 500 labels the rates are fixed. They were chosen on training images of the embedded set alone, ten
  labels a class by draws of the seeds 1000 and 1001, evaluated on 1,000 other training images: from scratch 0.003 64 %,
  0.001 63 %, 0.01 62 %; trained 72 % from 0.00001 to 0.0005. With more labels they are chosen on a fifth of the first
  split's.
- Both sides take the same number of steps, and the last one is tested.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from byol_core.data.mapped import take
from byol_core.evaluation import features
from byol_core.evaluation.crops import Crops
from byol_core.evaluation.labels import folds
from byol_core.evaluation.linear import Classifier, LinearProbe
from byol_core.evaluation.task import Question, Split
from byol_core.jobs.context import JobProgress, Told, no_one
from byol_core.messages import Message
from byol_core.networks import Encoder
from byol_core.system.device import autocast_dtype, keep_memory
from byol_core.weights.encoder_files import untrained

Side = Literal["trained", "scratch"]
SIDES: tuple[Side, ...] = ("trained", "scratch")
_DOING: dict[Side, str] = {
    "trained": Message("Fine-tuning the encoder"),
    "scratch": Message("Training from scratch"),
}
FIXED: dict[Side, float] = {"trained": 0.0001, "scratch": 0.003}
RATES: dict[Side, tuple[float, ...]] = {"trained": (0.0001, 0.0005, 0.002), "scratch": (0.001, 0.003, 0.01)}
ENOUGH = 500  # labels of which some may choose a rate
CHOOSING = 1 / 3  # of the steps, while rates are compared
_CHUNK = 128


@dataclass(frozen=True)
class Tuned:
    """Probabilities (Q, C) of the test images, and what was chosen, in words."""

    probabilities: Tensor
    chosen: str


@dataclass(frozen=True, eq=False)
class Network:
    """An encoder and a linear classifier (feature_dim to C) on its representation."""

    encoder: Encoder
    head: nn.Linear

    def probabilities(self, images: Tensor, rows: Tensor, progress: Told = no_one) -> Tensor:
        """(n, C) of images (N, 3, H, W) uint8, whole, in float32."""
        found = features.of_encoder(self.encoder, images, rows, progress)
        with torch.no_grad():
            said: Tensor = self.head(found).softmax(1)
        return said


def images_seen(labels: int) -> int:
    """How many images a fit sees, crops of the same one counted: fifty times each label, within reason."""
    return max(6_400, min(50 * labels, 60_000), 10 * labels)


def batch_of(labels: int) -> int:
    """Images in a step: 32 of a few labels, 256 of many."""
    return next((batch for batch in (32, 64, 128) if labels <= 16 * batch), 256)


def both(question: Question, trained: Encoder, progress: JobProgress) -> dict[Side, list[Tuned]]:
    """Both sides, a network a split. ``trained`` lies on the question's device and is left as it is."""
    if question.device.type == "cpu":
        keep_memory()
    found: dict[Side, list[Tuned]] = {}
    for number, side in enumerate(SIDES):
        part = progress.part(number / 2, (number + 1) / 2, _DOING[side])
        found[side] = _Side(side, question, trained).all(part)
    return found


class _Side:
    """One of the two, over all splits."""

    def __init__(self, side: Side, question: Question, trained: Encoder) -> None:
        self.side, self.question, self.trained = side, question, trained

    def all(self, progress: JobProgress) -> list[Tuned]:
        splits = self.question.splits
        first = splits[0]
        chooses = len(first.rows) >= ENOUGH and len(first.folds) > 0
        whole = len(splits) + (CHOOSING * len(RATES[self.side]) if chooses else 0.0)
        done = whole - len(splits)
        rate = FIXED[self.side]
        words = Message("rate {rate:g}, fixed: too few labels to choose", rate=rate)
        if chooses:
            rate, accuracy = self._choose(first, lambda share: progress(share * done / whole))
            words = Message(
                "rate {rate:g}, {accuracy:.1%} on validation in the first split", rate=rate, accuracy=accuracy
            )
        found = []
        for number, split in enumerate(splits):
            told = _within(progress, (done + number) / whole, (done + number + 1) / whole)
            network = self._fit(split, split.rows, rate, 1.0, told)
            said = network.probabilities(self.question.images, self.question.test, _still(told, 1.0))
            found.append(Tuned(said, words))
        return found

    def _choose(self, split: Split, progress: Told) -> tuple[float, float]:
        """The rate with the least cross-entropy of held-out labels, and the accuracy on them."""
        rates, held = RATES[self.side], split.folds[0]
        targets = self.question.classes_of(split.rows[held]).to(self.question.device)
        found = []
        for number, rate in enumerate(rates):
            told = _within(progress, number / len(rates), (number + 1) / len(rates))
            network = self._fit(split, split.rows[~held], rate, CHOOSING, told)
            said = network.probabilities(self.question.images, split.rows[held], _still(told, 1.0))
            loss = float(F.nll_loss(said.clamp(min=1e-12).log(), targets))
            loss = loss if math.isfinite(loss) else math.inf  # too high a rate
            found.append((loss, rate, float((said.argmax(1) == targets).float().mean())))
        return min(found)[1:]

    def _fit(self, split: Split, rows: Tensor, rate: float, length: float, progress: Told) -> Network:
        question = self.question
        labels = question.classes_of(rows).to(question.device)
        network = self._start(split, rows, labels, _still(progress, 0.0))
        crops = Crops(question.config, question.images, question.device, split.seed)
        steps = max(1, round(length * images_seen(len(rows)) / batch_of(len(rows))))
        dtype = autocast_dtype(question.config.runtime.precision, question.device)
        _train(network, crops, rows, labels, rate, steps, dtype, progress)
        take_statistics(network.encoder, question.images, rows, _still(progress, 1.0))
        return network

    def _start(self, split: Split, rows: Tensor, labels: Tensor, progress: Told = no_one) -> Network:
        question, classes = self.question, len(self.question.classes)
        head = nn.Linear(self.trained.feature_dim, classes).to(question.device)
        if self.side == "scratch":
            encoder = untrained(question.config, question.set, split.seed).to(question.device)
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
            return Network(encoder.to(memory_format=torch.channels_last), head)
        encoder = copy.deepcopy(self.trained).requires_grad_(True)
        take_statistics(encoder, question.images, rows, progress)
        _copy(self._regression(encoder, split, rows, labels, progress), head)
        return Network(encoder, head)

    def _regression(self, encoder: Encoder, split: Split, rows: Tensor, labels: Tensor, progress: Told) -> Classifier:
        """The linear classifier of the same labels, its strength chosen among them."""
        found = features.checked(features.of_encoder(encoder, self.question.images, rows, progress))
        probe = LinearProbe(found, labels, len(self.question.classes))
        left_out = folds(labels.cpu(), split.seed).to(labels.device)
        return probe.fit(probe.choose(left_out, progress).strength, progress)


def _train(
    network: Network, crops: Crops, rows: Tensor, labels: Tensor, rate: float, steps: int,
    dtype: torch.dtype | None, progress: Told,
) -> None:  # fmt: skip
    """So many steps; progress is called after each."""
    encoder, head = network.encoder, network.head
    parameters = [parameter for module in (encoder, head) for parameter in module.parameters()]
    optimizer = torch.optim.AdamW(parameters, rate, weight_decay=0.0)
    batch = batch_of(len(rows))
    _set_momentum(encoder, len(rows) / batch)
    encoder.train()
    waiting: list[Tensor] = []
    for step in range(steps):
        waiting = waiting or crops.batches(len(rows), batch)
        places = waiting.pop()
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
        with torch.autocast(labels.device.type, dtype, enabled=dtype is not None):
            said = head(encoder(crops(rows[places])))
        loss = F.cross_entropy(said.float(), labels[places.to(labels.device)])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        progress((step + 1) / steps)
    encoder.eval()


def _norms(encoder: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    return [module for module in encoder.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


def _set_momentum(encoder: Encoder, steps_of_an_epoch: float) -> None:
    """arXiv 2006.07733, D.3: the running statistics keep max(1 - 10 / s, 0.9) of themselves in a step."""
    for norm in _norms(encoder):
        norm.momentum = 1 - max(1 - 10 / max(1.0, steps_of_an_epoch), 0.9)


@torch.no_grad()
def take_statistics(encoder: Encoder, images: Tensor, rows: Tensor, progress: Told = no_one) -> None:
    """Let every batch norm normalize by the mean over some images (N, 3, H, W) uint8, whole; evaluation mode after."""
    norms = _norms(encoder)
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over the batches
    encoder.train()
    device = next(encoder.parameters()).device
    for part in torch.tensor_split(rows, math.ceil(len(rows) / _CHUNK)) if norms else ():
        pixels = take(images, part).to(device).float().div_(255)
        encoder(pixels.contiguous(memory_format=torch.channels_last))
        progress(1.0)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
    encoder.eval()


@torch.no_grad()
def _copy(classifier: Classifier, head: nn.Linear) -> None:
    head.weight.copy_(classifier.weights.T)
    head.bias.copy_(classifier.bias)


def _still(progress: Told, share: float) -> Told:
    """Work that is too short to be told of, but hears a wish to stop."""
    return lambda _: progress(share)


def _within(progress: Told, start: float, end: float) -> Told:
    return lambda share: progress(start + (end - start) * share)
