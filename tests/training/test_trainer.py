"""The loop on real images with a tiny configuration: it learns, stops, resumes bit for bit, refuses what cannot be."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from byol_core.config import RunConfig, build
from byol_core.data import account
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.data.mapped import open_rows
from byol_core.errors import InputError, LabError
from byol_core.events import Alarm, MetricRow, Progress, StopAsked, Summary
from byol_core.system.contention import Load
from byol_core.system.device import pick_device
from byol_core.training.run_images import RunImages
from byol_core.training.step import build_step
from byol_core.training.trainer import Trainer, train
from byol_core.weights import checkpoint

TINY = {
    "network.encoder": "conv-quarter",
    "network.projector_hidden": 64,
    "network.predictor_hidden": 64,
    "network.projection_size": 32,
    "data.limit": 240,
    "data.image_size": 16,
    "evaluation.probe": 50,
    "evaluation.probe_training": 30,
    "runtime.threads": 1,
    "runtime.precision": "float32",
    "batch_size": 32,
    "epochs": 3,
}


def tiny(**dotted: object) -> RunConfig:
    return build({}, {**TINY, **dotted})


class Recorder:
    """A callback that keeps what it hears and asks to stop once ``stop_at`` steps are done."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.rows: list[MetricRow] = []
        self.phases: list[str] = []
        self.slowed_by: list[str] = []
        self.notes: list[str] = []
        self.alarms: list[Alarm | None] = []
        self.config: RunConfig | None = None
        self.step, self.stop_at = 0, stop_at

    def on_metrics(self, rows: Sequence[MetricRow]) -> None:
        self.rows += rows

    def on_progress(self, progress: Progress) -> None:
        self.phases.append(progress.phase)
        self.slowed_by.append(progress.slowed_by)
        self.step = progress.step

    def on_note(self, text: str) -> None:
        self.notes.append(text)

    def on_settled(self, config: RunConfig) -> None:
        self.config = config

    def on_alarm(self, alarm: Alarm | None) -> None:
        self.alarms.append(alarm)

    def should_stop(self) -> bool:
        return self.stop_at is not None and self.step >= self.stop_at

    def values(self, key: str) -> dict[int, float]:
        return {row.step: row.values[key] for row in self.rows if key in row.values}


@pytest.fixture(autouse=True)
def _eager_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand on metrics, and ask whether to stop, after every step: a tiny run is over in half a second."""
    monkeypatch.setattr("byol_core.training.metric_log.FLUSH_SECONDS", 0.0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """The folder and the numbers of a run that nobody interrupted; for tests that only look at it."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train(tiny(), folder, Recorder())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = checkpoint.latest(folder / "checkpoints")
    return state["model"]


def test_a_run_ends_with_its_numbers(whole):
    folder, summary = whole
    assert summary.steps == 18  # 216 of the 240 images in batches of 32, three times
    assert not summary.stopped
    assert 0 < summary.knn_accuracy <= 1
    assert 0 < summary.knn_untrained <= 1
    assert 0 < summary.knn_pixels <= 1
    assert 0 < summary.std_ratio <= 1
    assert json.loads((folder / "summary.json").read_text()) == summary.as_dict()


def test_the_account_of_the_images_is_told_and_kept(tmp_path):
    heard = Recorder()
    train(tiny(), tmp_path, heard)
    found = account.read(tmp_path)
    assert (found.train, found.test, found.thinned, len(found.classes)) == (240, 1000, 3760, 10)
    assert heard.notes[0] == "1,240 images in 10 classes: 240 for training, 1,000 for testing."


def test_the_loss_falls(tmp_path):
    heard = Recorder()
    train(tiny(epochs=8), tmp_path, heard)
    losses = list(heard.values("loss").values())
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_every_evaluation_leaves_its_embeddings(whole):
    folder, _ = whole
    index = json.loads((folder / "embeddings/probe.json").read_text())
    assert [e["step"] for e in index["evaluations"]] == [0, 6, 12, 18]
    assert len(index["labels"]) == len(index["indices"]) == len(index["splits"]) == 80
    for evaluation in index["evaluations"]:
        tensors = load_file(folder / "embeddings" / evaluation["file"])
        assert tensors["representation"].shape == (80, 128)
        assert tensors["projection"].shape == (80, 32)
        assert tensors["predicted"].shape == tensors["confidence"].shape == (80,)


def test_a_run_records_image_counts_and_per_image_changes(whole):
    folder, summary = whole
    index = json.loads((folder / "embeddings/probe.json").read_text())
    asked = summary.validation_images
    assert {(e["knn_images"], e["knn_split"]) for e in index["evaluations"]} == {(asked, "validation")}
    assert (summary.knn_images, asked) == (summary.test_images, 240 - summary.train_images)
    for before, value in (("knn_untrained", summary.knn_untrained), ("knn_pixels", summary.knn_pixels)):
        change = getattr(summary, f"{before}_gained") - getattr(summary, f"{before}_lost")
        assert change == round((summary.knn_accuracy - value) * summary.knn_images)
    kept = load_file(folder / "embeddings/test.safetensors")
    assert len(kept["rows"]) == len(kept["labels"]) == summary.knn_images
    assert float(kept["knn_accuracy"].float().mean()) == pytest.approx(summary.knn_accuracy)


def test_early_evaluations_save_embeddings_but_raise_no_alarm(tmp_path):
    heard = Recorder()
    config = tiny(**{"epochs": 3, "evaluation.every": 3, "evaluation.early": True, "optimizer.lr": 1e-9})
    train(config, tmp_path, heard)
    index = json.loads((tmp_path / "embeddings/probe.json").read_text())
    assert [e["step"] for e in index["evaluations"]] == [0, 6, 12, 18]
    assert len(heard.alarms) == 1  # of the regular one


@pytest.mark.parametrize(
    ("every", "per_epoch", "total", "steps"),
    [
        (5, 28, 840, [28, 56, 140, 280, 420, 560, 700, 840]),
        (140, 1, 300, [1, 2, 5, 10, 20, 50, 100, 140, 280, 300]),
        (1, 7, 14, [7, 14]),
        (0.5, 6, 12, [3, 6, 9, 12]),
        (10, 28, 50, [28, 50]),
    ],
)
def test_early_evaluations_come_before_the_first_regular_one(every, per_epoch, total, steps):
    evaluation = tiny(**{"evaluation.every": every, "evaluation.early": True}).evaluation
    looked = [step for step in range(1, total + 1) if step == total or evaluation.is_due(step, per_epoch)]
    assert looked == steps
    assert evaluation.looks(per_epoch, total) == len(steps)


def test_the_saved_encoder_gives_the_saved_representation(whole):
    from byol_core.networks import build_encoder
    from byol_core.networks.features import represent

    folder, _ = whole
    encoder = build_encoder(tiny().network, 16)
    encoder.load_state_dict(load_file(folder / "encoder.safetensors"))
    images = load("eurosat", 16, limit=240)
    saved = load_file(folder / "embeddings/step-00000018.safetensors")["representation"]
    shown = json.loads((folder / "embeddings/probe.json").read_text())["indices"]
    assert torch.allclose(represent(encoder, images.images[shown]), saved.float(), atol=2e-3, rtol=1e-2)


def test_schedules_are_logged_as_they_are_used(tmp_path):
    heard = Recorder()
    train(tiny(**{"optimizer.warmup": 0.5, "method.tau_base": 0.9}), tmp_path, heard)
    rates, taus = heard.values("learning_rate"), heard.values("tau")
    assert rates[1] == 0
    assert max(rates, key=rates.get) == 10  # the tenth step is the first after nine of warm-up
    assert taus[1] == pytest.approx(0.9)


@pytest.mark.parametrize("stop_at", [1, 7, 17])
def test_a_stopped_and_resumed_run_equals_one_that_was_not(tmp_path, whole, stop_at):
    folder, numbers = whole
    first = train(tiny(), tmp_path / "parts", Recorder(stop_at))
    assert first.stopped
    assert first.steps == stop_at
    heard = Recorder()
    second = train(tiny(), tmp_path / "parts", heard, resume=True)
    assert min(heard.values("loss")) == stop_at + 1
    assert second.knn_accuracy == numbers.knn_accuracy
    assert second.knn_untrained_gained == numbers.knn_untrained_gained is not None
    for name, value in weights(folder).items():
        assert torch.equal(value, weights(tmp_path / "parts")[name]), name


def test_a_checkpoint_with_non_finite_weights_is_not_resumed(tmp_path):
    train(tiny(), tmp_path, Recorder(3))
    state = checkpoint.latest(tmp_path / "checkpoints")
    next(iter(state["model"].values())).fill_(float("nan"))
    checkpoint.save(tmp_path / "checkpoints", state["step"], state)
    with pytest.raises(LabError, match="no finite numbers"):
        train(tiny(), tmp_path, Recorder(), resume=True)


def test_a_stop_is_heard_when_every_step_is_an_evaluation(tmp_path, monkeypatch):
    monkeypatch.setattr("byol_core.training.metric_log.FLUSH_SECONDS", 60.0)
    heard = Recorder(stop_at=2)
    summary = train(tiny(**{"evaluation.every": 0.01}), tmp_path, heard)
    assert summary.stopped
    assert summary.steps == 2
    assert summary.knn_accuracy is None  # a stopped run is not evaluated, so that it ends at once


def test_a_stop_before_the_first_step_leaves_nothing_to_keep(tmp_path):
    with pytest.raises(StopAsked):
        train(tiny(), tmp_path, Recorder(stop_at=0))


def test_a_run_whose_images_changed_is_not_resumed(tmp_path):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (300, 20, 20, 3), dtype=np.uint8)
    np.save(tmp_path / "data.npy", pictures)
    config = tiny(**{"data.source": str(tmp_path / "data.npy"), "data.limit": None})
    train(config, tmp_path / "run", Recorder(stop_at=2))
    np.save(tmp_path / "data.npy", pictures[:-1])
    with pytest.raises(InputError, match="images of this run have changed"):
        train(config, tmp_path / "run", Recorder(), resume=True)


def test_the_thumbnails_are_those_of_the_points(tmp_path):
    """With a limit the test images have other numbers than in the whole set."""
    train(tiny(steps=1), tmp_path, Recorder())
    sheet = np.asarray(Image.open(tmp_path / "embeddings/thumbnails.webp").convert("RGB")).astype(float)
    images = load("eurosat", 64, limit=240)
    index = json.loads((tmp_path / "embeddings/probe.json").read_text())
    assert index["labels"] == images.labels[index["indices"]].tolist()
    for place in (0, 17, 49):
        shown = sheet[:64, 64 * place : 64 * (place + 1)]
        real = images.images[index["indices"][place]].permute(1, 2, 0).numpy()
        assert abs(shown - real).mean() < 10


def test_two_images_that_leave_one_are_refused(tmp_path):
    np.save(tmp_path / "data.npy", np.zeros((2, 20, 20, 3), np.uint8))
    with pytest.raises(InputError, match="leaves 1 image to train on"):
        train(tiny(**{"data.source": str(tmp_path / "data.npy")}), tmp_path / "run", Recorder())


def test_a_handful_of_images_gives_numbers_that_json_knows(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "data.npy", rng.integers(0, 256, (5, 20, 20, 3), dtype=np.uint8))
    config = tiny(**{"data.source": str(tmp_path / "data.npy"), "batch_size": 4, "data.validation": 0.0, "steps": 1})
    assert train(config, tmp_path / "run", Recorder()).std_ratio is None
    assert "NaN" not in (tmp_path / "run/summary.json").read_text()


def test_a_broken_checkpoint_is_passed_over_for_the_one_before(tmp_path):
    train(tiny(**{"runtime.checkpoint_every": 1.0}), tmp_path, Recorder())
    newest, before = checkpoint.checkpoints(tmp_path / "checkpoints")
    newest.write_bytes(newest.read_bytes()[:1000])
    assert checkpoint.latest(tmp_path / "checkpoints")["step"] == 12
    assert before.name == "step-00000012.pt"


def test_a_run_without_a_checkpoint_cannot_be_resumed(tmp_path):
    with pytest.raises(LabError, match="no checkpoint that can be read"):
        train(tiny(), tmp_path, Recorder(), resume=True)


def test_a_step_limit_ends_the_run_and_its_schedules(tmp_path):
    heard = Recorder()
    assert train(tiny(steps=5), tmp_path, heard).steps == 5
    assert max(heard.values("loss")) == 5


def test_a_batch_larger_than_the_set_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"batch of 512 is larger than the 216 images .*; set batch_size=128"):
        train(tiny(batch_size=512), tmp_path, Recorder())


def test_a_device_that_is_not_here_is_refused(tmp_path):
    if torch.backends.mps.is_available():
        pytest.skip("this machine has MPS")
    with pytest.raises(InputError, match="no MPS device"):
        train(tiny(**{"runtime.device": "mps"}), tmp_path, Recorder())


def test_a_nan_loss_ends_the_run_and_keeps_the_checkpoint(tmp_path):
    wild = tiny(**{"optimizer.lr": 100.0, "optimizer.weight_decay": 1.0, "epochs": 40, "runtime.checkpoint_every": 0.2})
    with pytest.raises(LabError, match=r"The loss was not a number at step \d+; lower optimizer.lr"):
        train(wild, tmp_path, Recorder())
    assert all(torch.isfinite(value).all() for value in weights(tmp_path).values())


def test_images_without_labels_train_and_give_no_accuracy(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "data.npy", rng.integers(0, 256, (64, 20, 20, 3), dtype=np.uint8))
    summary = train(tiny(**{"data.source": str(tmp_path / "data.npy"), "epochs": 1}), tmp_path / "run", Recorder())
    assert (summary.knn_accuracy, summary.knn_untrained, summary.knn_pixels) == (None, None, None)
    assert summary.std_ratio > 0


def test_bfloat16_agrees_with_float32_at_the_start(tmp_path):
    exact, rounded = Recorder(), Recorder()
    train(tiny(steps=3), tmp_path / "a", exact)
    train(tiny(steps=3, **{"runtime.precision": "bfloat16"}), tmp_path / "b", rounded)
    assert rounded.values("loss") == pytest.approx(exact.values("loss"), abs=0.05)


def test_reading_the_images_says_how_far_it_is(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "data.npy", rng.integers(0, 256, (3000, 20, 20, 3), dtype=np.uint8))
    heard = Recorder()
    train(tiny(steps=1, **{"data.source": str(tmp_path / "data.npy")}), tmp_path / "run", heard)
    assert heard.phases[0] == "loading images"
    assert any(phase.startswith("reading the images, ") for phase in heard.phases)


# The machine


@pytest.mark.parametrize(
    ("changes", "follows"),
    [({"runtime.threads": 0}, True), ({"runtime.threads": 2}, False), ({"runtime.execution": "compile"}, False)],
)
def test_only_threads_that_nobody_set_follow_the_load(tmp_path, changes, follows):
    try:
        assert made(tiny(**changes), tmp_path).stepper.threads_may_change is follows
    except InputError as error:
        assert "compiler" in str(error)


def test_a_run_beside_others_says_what_slows_it_down(tmp_path, monkeypatch):
    monkeypatch.setattr("byol_core.training.metric_log.FLUSH_SECONDS", 0.0)
    monkeypatch.setattr("byol_core.system.threads._SECONDS", 0.0)
    monkeypatch.setattr("byol_core.system.threads._STEPS", 1)
    monkeypatch.setattr("byol_core.system.threads.Meter.read", lambda meter: Load(1.0, 0.5, 0.0))
    heard = Recorder()
    train(tiny(steps=4, **{"evaluation.every": 1000.0}), tmp_path, heard)
    training = [code for phase, code in zip(heard.phases, heard.slowed_by, strict=True) if phase == "training"]
    assert heard.slowed_by[0] == "" and training[-1] == "processor"  # once is not enough to say so


def test_steps_without_a_run_are_those_of_the_run(tmp_path):
    config, heard, cpu = tiny(steps=4), Recorder(), torch.device("cpu")
    train(config, tmp_path, heard)
    stepper = build_step(config, RunImages(config, load("eurosat", 16, limit=240), cpu), cpu)
    assert [stepper.take(step).item() for step in range(4)] == [*heard.values("loss").values()]


def test_a_truncated_cache_is_reported_when_computing_statistics(tmp_path):
    rows, pixels = tmp_path / "rows.u8", np.zeros((300, 3, 16, 16), np.uint8)
    rows.write_bytes(pixels.tobytes())
    n = torch.arange(300)
    images = ImageSet("cut", open_rows(rows, 300, 16), None, (), n[:240], n[240:])
    os.truncate(rows, 100 * 3 * 16 * 16)
    with pytest.raises(LabError, match="cut short"):
        Trainer(tiny(), images, tmp_path, torch.device("cpu"), Recorder())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="on the CPU a step is over when it returns")
def test_on_a_gpu_the_time_of_the_steps_is_that_of_the_device(tmp_path):
    """Against a run that waits for the device after each step."""
    config = tiny(**{"runtime.device": "cuda", "runtime.execution": "eager", "epochs": 200, "evaluation.every": 1000.0})
    waits = made(config, tmp_path)
    for step in range(3):
        waits.stepper.take(step)
    torch.cuda.synchronize()
    started = time.perf_counter()
    for step in range(3, 103):
        waits.stepper.take(step)
    torch.cuda.synchronize()
    a_step = (time.perf_counter() - started) / 100
    found = train(config, tmp_path / "run", Recorder())
    assert found.seconds / found.steps > 0.7 * a_step


def made(config: RunConfig, folder: Path) -> Trainer:
    images = load("eurosat", 16, limit=240)
    return Trainer(config, images, folder, pick_device(config.runtime.device), Recorder())
