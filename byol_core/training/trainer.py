"""The training loop: a RunConfig in, events out; stop, resume, and the numbers at the end.

Metrics stay on the device and cross to the host about twice a second, so the loop never waits for them. Order and views
of a step depend only on the seed and the step, so a run that was killed and resumed sees what it would have seen, on
however many processes.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from byol_core.config import RunConfig
from byol_core.data import account, account_words
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.distributed import collectives, launch
from byol_core.distributed.launch import World
from byol_core.errors import InputError, LabError
from byol_core.events import Alarm, MetricRow, Progress, SilentCallback, StopAsked, Summary, TrainingCallback
from byol_core.health import is_finite, signs
from byol_core.messages import Message
from byol_core.methods.base import fill
from byol_core.networks.sound import unusable
from byol_core.optim import optimizers
from byol_core.system import free_memory, threads
from byol_core.system.device import pick_device, use_threads
from byol_core.system.files import write_json
from byol_core.training import fit_views, metric_log, small_sets
from byol_core.training.eval_images import EvalImages
from byol_core.training.metric_log import MetricLog
from byol_core.training.online_evaluation import OnlineEvaluation
from byol_core.training.step import build_step
from byol_core.weights import checkpoint, sources
from byol_core.weights.encoder_files import ENCODER, save_encoder

__all__ = ["MetricRow", "Progress", "StopAsked", "Summary", "Trainer", "TrainingCallback", "follow", "train"]

_TRAINING, _EVALUATING = Message("training"), Message("evaluating")
_SAVING = Message("saving a checkpoint")
_OWN_SHARE = Message("On CPUs each process normalizes by its own share of a batch, not by the whole.")
_LOGGED_STEPS = 5000  # at most about this many rows a run: longer runs log every k-th step


def train(config: RunConfig, folder: Path, callback: TrainingCallback, *, resume: bool = False) -> Summary:
    """Run a configuration in a run folder, from its start or from its newest checkpoint.

    Under torchrun, or with ``runtime.processes`` over 1, this is rank 0, which tells the others what to train.
    Raises InputError when the settings do not fit the images or the machine, LabError when the run itself fails, and
    StopAsked when the callback wants to stop before the first step.
    """
    folder.mkdir(parents=True, exist_ok=True)
    launch.forget_words(folder)
    world = launch.join(config.runtime.processes, folder, config.runtime.device)
    try:
        collectives.share((config, folder))
        return _run(world, config, folder, callback, resume)
    except Exception as error:
        explained = launch.explain(error, world, folder)
        if explained is error:
            raise
        raise explained from error
    finally:
        launch.leave(world)


def follow() -> None:
    """Train the share of a rank other than 0, as rank 0 says; LabError when this or another rank fails."""
    world = launch.follow()
    config, folder = collectives.share(None)
    try:
        _run(world, config, folder, SilentCallback(), False)
    except Exception as error:
        explained = launch.explain(error, world, folder)
        if explained is not error:
            raise explained from error
        word = error.message if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
        launch.leave_word(folder, word)
        raise
    finally:
        launch.leave(world)


def _run(world: World, config: RunConfig, folder: Path, callback: TrainingCallback, resume: bool) -> Summary:
    use_threads(config.runtime.threads, world.neighbors)
    free_memory.shared_by(world.neighbors)
    device = pick_device(config.runtime.device, world.local_rank)
    told = callback if world.writes else SilentCallback()
    images = _load(config, callback)
    for sentence in account_words.sentences(images.account):
        callback.on_note(sentence)
    if world.writes:
        account.save(folder, images.account)
    config, before = _fit_views(config, images, world, told), config
    if config.data.image_size != before.data.image_size:
        images = _load(config, callback)
    config = small_sets.settle(config, len(images.train), images.classes, world.size, told)
    trainer = Trainer(config, images, folder, device, callback, world)
    try:
        return trainer.run(resume)
    finally:
        trainer.close()


def _load(config: RunConfig, callback: TrainingCallback) -> ImageSet:
    data, place = config.data, config.runtime.images
    told = _Loading(callback).tell
    return load(data.source, data.image_size, progress=told, limit=data.limit, images=place, values=data.range)


def _fit_views(config: RunConfig, images: ImageSet, world: World, callback: TrainingCallback) -> RunConfig:
    """The views as the images want them; one rank measures, so that all have the same."""
    found = fit_views.settle(config, images, callback) if world.writes else None
    shared: RunConfig = collectives.share(found)
    return shared


class _Loading:
    """Hands on how far the reading of the images is, not more often than anybody can see."""

    def __init__(self, callback: TrainingCallback) -> None:
        self.callback = callback
        self.told = -math.inf
        self.tell(Message("loading images"), 0.0)

    def tell(self, text: str, share: float) -> None:
        now = time.perf_counter()
        if now - self.told >= metric_log.FLUSH_SECONDS:
            self.told = now
            phase = Message("{doing}, {share:.0%}", doing=text, share=share) if share else text
            self.callback.on_progress(Progress(0, 0, 0.0, 0.0, 0.0, phase, activity=text))
            if self.callback.should_stop():
                raise StopAsked


class Trainer:
    """One run on one device, or this rank's share of it."""

    def __init__(
        self,
        config: RunConfig,
        images: ImageSet,
        folder: Path,
        device: torch.device,
        callback: TrainingCallback,
        world: World = World(),  # noqa: B008 - frozen
    ) -> None:
        self.config, self.folder, self.device, self.callback, self.world = config, folder, device, callback, world
        self.eval_images = EvalImages(config, images, device)
        self.stepper = build_step(config, self.eval_images, device, world)
        self.model, self.total = self.stepper.method, self.stepper.total
        self.per_epoch = self.stepper.batches.per_epoch
        self.online_evaluation = OnlineEvaluation(config, self.eval_images, folder, device)
        self.step = 0
        self.log = MetricLog(
            max(1, self.total // _LOGGED_STEPS), config.batch_size, self.per_epoch,
            self.stepper.values, callback.on_metrics, self._refuse,
        )  # fmt: skip
        self.threads = threads.Follower(torch.get_num_threads(), self.stepper.threads_may_change)

    def close(self) -> None:
        """Let go of the threads that read ahead."""
        self.stepper.batches.close()

    # The run

    def run(self, resume: bool) -> Summary:
        """Train to the end, or until the callback says stop."""
        mine = resume and self.world.writes
        state = checkpoint.latest(self.folder / "checkpoints", self.callback.on_note) if mine else None
        state = collectives.share(state)  # one reads; the others need not see its disk
        if state is not None:
            self._restore(state)
            if self.world.writes:  # of the stop before: it would be taken for the encoder of the end
                (self.folder / ENCODER).unlink(missing_ok=True)
            self.callback.on_note(Message("Resumed at step {step} of {total}.", step=self.step, total=self.total))
        else:
            self._take_start()
            if self.world.writes:
                self._begin()
        if self.world.size > 1 and self.device.type == "cpu" and _has_batch_norm(self.model):
            self.callback.on_note(_OWN_SHARE)
        stopped = self._loop()
        if not self.world.writes:
            return self._summary(stopped, {})
        self._save()
        return self._finish(stopped)

    def _loop(self) -> bool:
        keep = max(1, round(self.config.runtime.checkpoint_every * self.per_epoch))
        self.model.train()
        self._go_on()
        while self.step < self.total:
            loss = self.stepper.take(self.step)
            self.step += 1
            loss = collectives.mean(loss)
            collectives.meet()
            self.threads.step()
            self._after(loss)
            if self.step < self.total and collectives.agree(self.world.writes and self.callback.should_stop()):
                return True
            if self.step % keep == 0 and self.step < self.total and self.world.writes:
                self._save()
                self._go_on()
        return False

    def _go_on(self) -> None:
        """From here on there are steps again."""
        self.log.go_on()
        self.threads.go_on()

    def _after(self, loss: Tensor) -> None:
        """What is told and measured after a step, by the rank that writes."""
        if not self.world.writes:
            return
        if self.log.add(self.step, loss, self.step == self.total):
            self.tell(_TRAINING)
        if self.step == self.total or self.config.evaluation.is_due(self.step, self.per_epoch):
            self._evaluate()
            self._go_on()

    @property
    def seconds(self) -> float:
        """Seconds of training so far, in all attempts, without what is done between the steps."""
        return self.log.seconds

    @property
    def epoch(self) -> float:
        """Passes over the training images so far."""
        return self.step / self.per_epoch

    @property
    def images_per_second(self) -> float:
        """Training images a second, each seen in two views, over all steps so far."""
        return self.step * self.config.batch_size / self.seconds if self.seconds else 0.0

    def tell(self, phase: str) -> None:
        """A heartbeat with what is being done."""
        left = (self.total - self.step) * self.log.seconds_a_step
        slow = self.threads.slowed_by
        self.callback.on_progress(
            Progress(self.step, self.total, self.epoch, self.images_per_second, left, phase, slow)
        )

    # Looking at it

    def _take_start(self) -> None:
        """Put the weights that the run starts from in the place of the drawn ones, whose numbers are taken before."""
        if not self.config.network.pretrained:
            return
        state = None
        if self.world.writes:
            self.tell(Message("loading the weights to start from"))
            start = sources.load(self.config.network.pretrained, self.folder.parent)
            sources.check(start, self.config)
            self.online_evaluation.before(self.model, self._stop_early)
            self.callback.on_note(
                Message("Starts from the weights of {name} ({digest}).", name=start.title, digest=start.digest)
            )
            state = start.encoder.state_dict()
        fill(self.model, collectives.share(state))

    def _begin(self) -> None:
        self.tell(Message("measuring the untrained encoder"))
        self._tell_metrics(self.online_evaluation.start(self.model, self._stop_early))

    def _stop_early(self) -> None:
        self.threads.pulse()
        if self.world.size == 1 and self.callback.should_stop():
            raise StopAsked

    def _evaluate(self) -> None:
        self.log.flush()
        self.tell(_EVALUATING)
        self._tell_metrics(self.online_evaluation.look(self.model, self.step, self.epoch))
        if self.step == self.total or self.config.evaluation.is_regular(self.step, self.per_epoch):
            self.callback.on_alarm(
                signs.verdict(self.online_evaluation.latest, self.online_evaluation.first, self.config)
            )
        self.tell(_TRAINING)

    def _tell_metrics(self, values: dict[str, float]) -> None:
        self.callback.on_metrics([MetricRow(self.step, self.epoch, self.seconds, values)])

    def _refuse(self, step: int) -> None:
        """End a run whose loss is not a number; its last good checkpoint is kept."""
        sentence = signs.not_a_number(step, self.config)
        self.callback.on_alarm(Alarm(sentence, "not_a_number"))
        raise LabError(sentence)

    # Saving

    def _save(self) -> None:
        self.log.flush()
        if not all(is_finite(value) for value in self.model.state_dict().values()):  # its update was not fine
            self._refuse(self.step)
        self.tell(_SAVING)
        checkpoint.save(
            self.folder / "checkpoints",
            self.step,
            {
                "model": self.model.state_dict(),
                "optimizer": self.stepper.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "loss": self.log.last,
                "images": self.eval_images.fingerprint,
                **self.online_evaluation.state(),
            },
        )

    def _restore(self, state: dict[str, Any]) -> None:
        if state["images"] != self.eval_images.fingerprint:
            raise InputError(
                "The images of this run have changed since its checkpoint, so it cannot go on; clone it instead."
            )
        if complaint := unusable(state["model"]):
            raise LabError(
                "The weights in the checkpoint of this run {complaint}, so it cannot go on; clone it instead.",
                complaint=complaint,
            )
        self.model.load_state_dict(state["model"])
        # "optimiser" until it was spelled as in torch.
        optimizers.load_state(self.stepper.optimizer, state.get("optimizer") or state["optimiser"])
        self.step = state["step"]
        self.log.restart(self.step, state["seconds"], state["loss"])
        self.online_evaluation.restore(state)

    def _finish(self, stopped: bool) -> Summary:
        """The encoder on its own, the numbers on the test images unless the run was stopped, and the summary file."""
        save_encoder(self.folder / ENCODER, self.model.online.encoder, self.config)
        if not stopped:
            self.tell(Message("evaluating on the test images"))
        summary = self._summary(stopped, {} if stopped else self.online_evaluation.final(self.model))
        write_json(self.folder / "summary.json", summary.as_dict())
        return summary

    def _summary(self, stopped: bool, judged: dict[str, Any]) -> Summary:
        evaluation, counts = self.config.evaluation, self.eval_images.counts
        return Summary(
            stopped=stopped,
            steps=self.step,
            epochs=round(self.epoch, 3),
            seconds=round(self.seconds, 2),
            images_per_second=round(self.images_per_second, 1),
            loss=self.log.last,
            knn_accuracy=judged.get("knn_accuracy"),
            knn_untrained=self.online_evaluation.baselines.get("knn_untrained"),
            knn_pixels=self.online_evaluation.baselines.get("knn_pixels"),
            std_ratio=judged.get("std_ratio"),
            projection_std_ratio=judged.get("projection_std_ratio"),
            knn_k=evaluation.k,
            knn_temperature=evaluation.temperature,
            train_images=len(self.eval_images.training),
            test_images=len(self.eval_images.test),
            knn_images=counts["test"],
            validation_images=counts["validation"],
            **{key: value for key, value in judged.items() if key.endswith(("_gained", "_lost"))},
        )


def _has_batch_norm(model: torch.nn.Module) -> bool:
    return any(isinstance(module, torch.nn.modules.batchnorm._BatchNorm) for module in model.modules())
