"""The training loop: a RunConfig in, events out; stop, resume, and the numbers at the end.

The whole set lies on the device as uint8 and the views are made there. Metrics stay on the device and cross to the
host about twice a second, so the loop never waits for them. Order and views of a step depend only on the seed and the
step, so a run that was killed and resumed sees what it would have seen.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from byol_core import checkpoint, optim, schedules
from byol_core.augment import make_views, resolve
from byol_core.config import RunConfig
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.device import autocast_dtype, pick_device, use_threads
from byol_core.errors import InputError, LabError
from byol_core.events import Listener, MetricRow, Progress, StopAsked, Summary
from byol_core.files import write_atomic, write_json
from byol_core.health import is_finite, paired_cosine, std_ratio
from byol_core.method import OnlineTarget
from byol_core.probe import EmbeddingFolder, Probe, pixels, represent

__all__ = ["Listener", "MetricRow", "Progress", "StopAsked", "Summary", "Trainer", "train"]

_FLUSH_SECONDS = 0.5
_LOGGED_STEPS = 5000  # at most about this many rows a run: longer runs log every k-th step
_SEED_STRIDE = 1_000_003  # keeps the generators of neighbouring seeds apart
STD_ALARM = 0.3
_NOT_A_NUMBER = "The loss was not a number at step {step}; lower optimiser.lr. The last good checkpoint is kept."


def train(config: RunConfig, folder: Path, listener: Listener, *, resume: bool = False) -> Summary:
    """Run a configuration in a run folder, from its start or from its newest checkpoint.

    Raises InputError when the settings do not fit the images or the machine, LabError when the run itself fails, and
    StopAsked when the listener wants to stop before the first step.
    """
    use_threads(config.runtime.threads)
    device = pick_device(config.runtime.device)
    images = load(config.data.source, config.data.image_size, progress=_Loading(listener).tell, limit=config.data.limit)
    for text in (images.note, *images.skipped[:20]):
        if text:
            listener.note(text)
    return Trainer(config, images, folder, device, listener).run(resume)


class _Loading:
    """Hands on how far the reading of the images is, not more often than anybody can see."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.told = -math.inf
        self.tell("loading images", 0.0)

    def tell(self, text: str, share: float) -> None:
        now = time.perf_counter()
        if now - self.told >= _FLUSH_SECONDS:
            self.told = now
            phase = f"{text}, {share:.0%}" if share else text
            self.listener.progress(Progress(0, 0, 0.0, 0.0, 0.0, phase))
            if self.listener.should_stop():
                raise StopAsked


class Trainer:
    """One run on one device."""

    def __init__(
        self, config: RunConfig, images: ImageSet, folder: Path, device: torch.device, listener: Listener
    ) -> None:
        self.config, self.folder, self.device, self.listener = config, folder, device, listener
        self.probe = Probe(config, images, device)
        self.dtype = autocast_dtype(config.runtime, device)
        self.per_epoch = _steps_per_epoch(config, len(self.probe.training))
        self.total = max(1, round(config.epochs * self.per_epoch))
        self.total = min(self.total, config.steps or self.total)
        side = config.views.size or config.data.image_size
        self.size = (side, side)
        torch.manual_seed(config.seed)
        self.model = OnlineTarget(config)
        for branch in (self.model.online, self.model.target):
            branch.encoder.set_statistics(images.images[images.train])
        self.model = self.model.to(device).to(memory_format=torch.channels_last)
        modules = list(self.model.trained(config.method.predictor_lr))
        self.optimiser = optim.build_optimiser(config.optimiser, modules)
        self.peak = optim.peak_rate(config.optimiser, config.batch_size)
        self.warmup = round(config.optimiser.warmup * self.total)
        self.policy = resolve(config.views)
        self.generator = torch.Generator(device)
        self.embeddings = EmbeddingFolder(folder / "embeddings", self.probe)
        self.step, self.seconds = 0, 0.0
        self._order_of, self._current_order = -1, torch.empty(0, dtype=torch.int64)  # of no epoch yet
        self.baselines: dict[str, float | None] = {}
        self.log = MetricLog(self)

    # The run

    def run(self, resume: bool) -> Summary:
        """Train to the end, or until the listener says stop."""
        if resume:
            self._restore(checkpoint.latest(self.folder / "checkpoints", self.device))
            self.listener.note(f"Resumed at step {self.step} of {self.total}.")
        else:
            self._begin()
        stopped = self._loop()
        self._save()
        return self._finish(stopped)

    def _loop(self) -> bool:
        every = max(1, round(self.config.evaluation.every * self.per_epoch))
        keep = max(1, round(self.config.runtime.checkpoint_every * self.per_epoch))
        self.model.train()
        while self.step < self.total:
            started = time.perf_counter()
            output = self.train_step()
            self.step += 1
            self.seconds += time.perf_counter() - started
            self.log.add(output)
            if self.step % every == 0 or self.step == self.total:
                self._evaluate()
            if self.step < self.total and self.listener.should_stop():
                return True
            if self.step % keep == 0 and self.step < self.total:
                self._save()
        return False

    def train_step(self) -> Tensor:
        """Views, loss, gradients, update, moving average; returns the loss, on the device."""
        method = self.config.method
        first, second = self._views(self.step)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            output = self.model(first, second)
        self.optimiser.zero_grad(set_to_none=True)
        output.loss.backward()
        optim.set_rate(self.optimiser, self.rate(self.step))
        self.optimiser.step()
        self.model.update_target(schedules.target_tau(self.step, self.total, method.tau_base, method.tau_schedule))
        loss: Tensor = output.loss.detach()
        return loss

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return schedules.learning_rate(step, self.total, self.peak, self.warmup, self.config.optimiser.schedule)

    def _views(self, step: int) -> tuple[Tensor, Tensor]:
        epoch, place = divmod(step, self.per_epoch)
        order = self._order(epoch)
        size = self.config.batch_size
        batch = self.probe.images[self.probe.training[order[place * size : (place + 1) * size]]]
        self.generator.manual_seed(self.config.seed * _SEED_STRIDE + step)
        first, second = make_views(batch, self.policy, self.generator, self.size)
        return (
            first.contiguous(memory_format=torch.channels_last),
            second.contiguous(memory_format=torch.channels_last),
        )

    def _order(self, epoch: int) -> Tensor:
        """The order of the training images in an epoch, from the seed and the epoch alone."""
        if self._order_of != epoch:
            generator = torch.Generator().manual_seed(self.config.seed * _SEED_STRIDE + epoch)
            order = torch.randperm(len(self.probe.training), generator=generator)
            self._order_of, self._current_order = epoch, order.to(self.device)
        return self._current_order

    @property
    def epoch(self) -> float:
        """Passes over the training images so far."""
        return self.step / self.per_epoch

    @property
    def images_per_second(self) -> float:
        """Training images a second, each seen in two views, over all steps so far."""
        return self.step * self.config.batch_size / self.seconds if self.seconds else 0.0

    def tell(self, phase: str) -> None:
        """A sign of life with what is being done."""
        left = (self.total - self.step) * self.seconds / self.step if self.step else 0.0
        self.listener.progress(Progress(self.step, self.total, self.epoch, self.images_per_second, left, phase))

    # Looking at it

    def _begin(self) -> None:
        """The state before any learning: the two baselines, and the first map."""
        self.tell("measuring the untrained encoder")
        probe, raw = self.probe, pixels(self.probe.images)
        features = represent(self.model.online.encoder, probe.images, pulse=self._stop_early)
        validation = {
            "knn_accuracy": probe.on_validation(features),
            "knn_untrained": probe.on_validation(features),
            "knn_pixels": probe.on_validation(raw),
        }
        self.baselines = {"knn_untrained": probe.on_test(features), "knn_pixels": probe.on_test(raw)}
        self.embeddings.start()
        self.embeddings.add(0, 0.0, features, self.model.online, validation["knn_accuracy"])
        values = {"std_ratio": std_ratio(features[probe.shown]), **validation}
        self._tell_metrics(values)

    def _stop_early(self) -> None:
        if self.listener.should_stop():
            raise StopAsked

    def _evaluate(self) -> None:
        self.log.flush()
        self.tell("evaluating")
        features = represent(self.model.online.encoder, self.probe.images, self.dtype)
        accuracy = self.probe.on_validation(features)
        ratio = std_ratio(features[self.probe.shown])
        self.embeddings.add(self.step, self.epoch, features, self.model.online, accuracy)
        self._tell_metrics(
            {"std_ratio": ratio, "cross_view_cosine": self._cross_view_cosine(), "knn_accuracy": accuracy}
        )
        if ratio < STD_ALARM:
            self.listener.note(f"Warning: the std ratio is {ratio:.2f}; under {STD_ALARM} the run is collapsing.")
        self.tell("training")

    def _tell_metrics(self, values: dict[str, float | None]) -> None:
        """Hand on what could be measured."""
        known = {key: value for key, value in values.items() if value is not None and math.isfinite(value)}
        self.listener.metrics([MetricRow(self.step, self.epoch, self.seconds, known)])

    @torch.no_grad()
    def _cross_view_cosine(self) -> float:
        """Mean cosine of the representations of the two views of the next batch: how alike the network finds them."""
        first, second = (
            represent(self.model.online.encoder, (view * 255).round().byte(), self.dtype)
            for view in self._views(min(self.step, self.total - 1))
        )
        return paired_cosine(first, second)

    # Saving

    def _save(self) -> None:
        self.log.flush()
        if not all(is_finite(value) for value in self.model.state_dict().values()):  # its update was not fine
            raise LabError(_NOT_A_NUMBER.format(step=self.step))
        self.tell("saving a checkpoint")
        checkpoint.save(
            self.folder / "checkpoints",
            self.step,
            {
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "loss": self.log.last,
                "images": self.probe.fingerprint,
                "baselines": self.baselines,
                "evaluations": self.embeddings.evaluations,
                "cell": self.embeddings.cell,
            },
        )

    def _restore(self, state: dict[str, Any]) -> None:
        if state["images"] != self.probe.fingerprint:
            raise InputError(
                "The images of this run have changed since its checkpoint, so it cannot go on; clone it instead."
            )
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.log.restart(state["loss"])
        self.baselines = state["baselines"]
        self.embeddings.resume(state["evaluations"], state["cell"])

    def _finish(self, stopped: bool) -> Summary:
        """The encoder on its own, the numbers on the test images unless the run was stopped, and the summary file."""
        encoder, evaluation = self.model.online.encoder, self.config.evaluation
        _save_encoder(self.folder / "encoder.safetensors", encoder, self.config)
        accuracy, spread = (None, None) if stopped else self._judge()
        summary = Summary(
            stopped=stopped,
            steps=self.step,
            epochs=round(self.epoch, 3),
            seconds=round(self.seconds, 2),
            images_per_second=round(self.images_per_second, 1),
            loss=self.log.last,
            knn_accuracy=accuracy,
            knn_untrained=self.baselines.get("knn_untrained"),
            knn_pixels=self.baselines.get("knn_pixels"),
            std_ratio=spread,
            knn_k=evaluation.k,
            knn_temperature=evaluation.temperature,
            train_images=len(self.probe.training),
            test_images=len(self.probe.test),
        )
        write_json(self.folder / "summary.json", summary.as_dict())
        return summary

    def _judge(self) -> tuple[float | None, float | None]:
        """kNN accuracy and std ratio on the test images, in float32; None where there is nothing to judge by."""
        self.tell("judging on the test images")
        features = represent(self.model.online.encoder, self.probe.images)
        spread = std_ratio(features[self.probe.shown])
        return self.probe.on_test(features), spread if math.isfinite(spread) else None


def _save_encoder(path: Path, encoder: torch.nn.Module, config: RunConfig) -> None:
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous() for name, value in encoder.state_dict().items()}
    network, size = json.dumps(config.network.model_dump()), str(config.data.image_size)
    header = {"format": "pt", "network": network, "image_size": size}
    write_atomic(path, save(tensors, header))


def _steps_per_epoch(config: RunConfig, images: int) -> int:
    """Whole batches in a pass: a smaller last one would spoil the batch statistics."""
    if images < 2:
        raise InputError(
            f"The set leaves {images} image{'' if images == 1 else 's'} to train on, and two are the least; "
            "add images, or set data.validation=0."
        )
    if config.batch_size > images:
        raise InputError(
            f"The batch of {config.batch_size} is larger than the {images} training images; "
            f"set batch_size to at most {images}."
        )
    return images // config.batch_size


class MetricLog:
    """Collects losses on the device and hands them on about twice a second, in one transfer."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.every = max(1, trainer.total // _LOGGED_STEPS)
        self.last: float | None = None
        self._waiting: list[tuple[int, float, Tensor]] = []
        self._flushed = time.perf_counter()
        self._at = (0, 0.0)

    def restart(self, loss: float | None) -> None:
        """Go on from where the trainer is now."""
        self.last = loss
        self._at = (self.trainer.step, self.trainer.seconds)

    def add(self, loss: Tensor) -> None:
        """Take the loss of the step just done, and hand on those that wait when it is time."""
        trainer = self.trainer
        if trainer.step % self.every == 0 or trainer.step == trainer.total:
            self._waiting.append((trainer.step, trainer.seconds, loss))
        if time.perf_counter() - self._flushed >= _FLUSH_SECONDS:
            self.flush()
            trainer.tell("training")

    def flush(self) -> None:
        """Hand on what waits; LabError when a loss is not a number."""
        self._flushed = time.perf_counter()
        if not self._waiting:
            return
        losses = torch.stack([loss for _, _, loss in self._waiting]).tolist()
        rows = [self._row(step, seconds, loss) for (step, seconds, _), loss in zip(self._waiting, losses, strict=True)]
        self._waiting = []
        self.trainer.listener.metrics([row for row in rows if math.isfinite(row.values["loss"])])
        self._refuse_non_finite(rows)
        self.last = losses[-1]

    def _row(self, step: int, seconds: float, loss: float) -> MetricRow:
        trainer, method = self.trainer, self.trainer.config.method
        done, since = step - self._at[0], seconds - self._at[1]
        speed = done * trainer.config.batch_size / since if since > 0 else 0.0
        self._at = (step, seconds)
        values = {
            "loss": loss,
            "learning_rate": trainer.rate(step - 1),
            "tau": schedules.target_tau(step - 1, trainer.total, method.tau_base, method.tau_schedule),
            "images_per_second": speed,
        }
        return MetricRow(step, step / trainer.per_epoch, seconds, values)

    def _refuse_non_finite(self, rows: list[MetricRow]) -> None:
        for row in rows:
            if not math.isfinite(row.values["loss"]):
                raise LabError(_NOT_A_NUMBER.format(step=row.step))
