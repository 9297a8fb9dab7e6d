"""Every preset is a valid run; the classroom one runs on whatever one gives it, and learns on the embedded set."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from byol_core.config import presets
from byol_core.data.catalog import find, load
from byol_core.errors import InputError
from byol_core.events import Summary
from byol_core.training.trainer import train
from tests.training.test_trainer import Recorder

SHORT = {"steps": 4, "evaluation.probe": 20, "evaluation.every": 100, "runtime.threads": 1}


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_is_a_whole_configuration_with_a_reason(name):
    preset = presets.get(name)
    assert find(preset.config().data.source) is not None
    assert preset.title
    assert preset.reason.endswith(".")
    assert preset.expect.endswith(".")


def test_an_unknown_preset_is_a_sentence_with_the_names():
    with pytest.raises(InputError, match="no preset 'clasroom'; there are classroom, first-look"):
        presets.get("clasroom")


@pytest.mark.parametrize(
    ("epochs", "rate", "decay", "tau"),
    [(40, 0.45, 1e-6, 0.97), (100, 0.45, 1e-6, 0.99), (300, 0.3, 1e-6, 0.99), (1000, 0.2, 1.5e-6, 0.996)],
)
def test_the_paper_presets_match_the_authors_configuration(epochs, rate, decay, tau):
    """google-deepmind/deepmind-research, byol/configs/byol.py: presets by length, batch 4096, ten epochs of warm-up."""
    c = presets.get(f"paper-{epochs}").config()
    assert (c.epochs, c.optimizer.lr, c.optimizer.weight_decay, c.method.tau_base) == (epochs, rate, decay, tau)
    assert c.optimizer.warmup * c.epochs == pytest.approx(10)
    assert (c.batch_size, c.optimizer.name, c.optimizer.momentum) == (4096, "lars", 0.9)
    assert (c.network.projector_hidden, c.network.predictor_hidden, c.network.projection_size) == (4096, 4096, 256)
    assert (c.method.tau_schedule, c.optimizer.schedule, c.views.preset, c.data.image_size) == (
        "cosine",
        "cosine",
        "paper",
        224,
    )


def test_the_cifar10_preset_is_lightlys_recipe_at_our_loss_scale():
    """lightly's CIFAR-10 benchmark: SGD 0.06 * B / 128, decay 5e-4, loss (-cos - cos) / 2, a quarter of the paper's."""
    optimizer = presets.get("cifar10").config().optimizer
    theirs = 0.06 * 256 / 128
    assert optimizer.lr == pytest.approx(theirs / 4)
    assert optimizer.weight_decay * optimizer.lr == pytest.approx(5e-4 * theirs)


def run(source: Path, folder: Path) -> Summary:
    config = presets.get("classroom").config().changed(**{"data.source": str(source), **SHORT})
    return train(config, folder, Recorder())


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return load("eurosat", 64, limit=200).images[:200].permute(0, 2, 3, 1).numpy()


def test_the_classroom_preset_runs_on_a_folder_of_mixed_sizes(tmp_path, pictures):
    for i, picture in enumerate(pictures):
        folder = tmp_path / "photos" / ("field", "town")[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).resize((40 + i, 120 - i // 2)).save(folder / f"{i}.jpg")
    summary = run(tmp_path / "photos", tmp_path / "run")
    assert summary.train_images == 144  # 40 of the 200 are held out as test images, a tenth of the rest to evaluate
    assert summary.knn_accuracy is not None


def test_the_classroom_preset_runs_on_small_gray_pictures(tmp_path, pictures):
    gray = pictures[:, :28, :28].mean(3).astype(np.uint8)
    labels = np.arange(200) % 10
    np.savez(tmp_path / "gray.npz", x_train=gray[:160], y_train=labels[:160], x_test=gray[160:], y_test=labels[160:])
    summary = run(tmp_path / "gray.npz", tmp_path / "run")
    assert summary.test_images == 40
    assert summary.knn_accuracy is not None


def trained(home: Path, **settings: object) -> dict[str, Any]:
    """What the command line says of the classroom preset with these settings."""
    changes = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "byol_core.cli", "train", "--preset", "classroom", "--json", *changes]
    environment = {**os.environ, "BYOL_LAB_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    numbers: dict[str, Any] = json.loads(done.stdout)
    assert numbers["state"] == "finished"
    return numbers


@pytest.mark.nightly
def test_the_classroom_preset_begins_to_learn(tmp_path):
    """In one of its thirty epochs: the loss falls, from 4, and nothing collapses."""
    numbers = trained(tmp_path / "home", epochs=1, **{"evaluation.early": False})
    assert numbers["loss"] < 2
    assert numbers["knn_accuracy"] >= numbers["knn_pixels"] + 0.30
    assert numbers["std_ratio"] > 0.3


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_the_classroom_preset_learns(tmp_path):
    """A third of the preset, in one seed; benchmarks/classroom.py measures the README's promise, and the time."""
    numbers = trained(tmp_path / "home", epochs=10)
    assert numbers["knn_accuracy"] >= 0.70
    assert numbers["knn_accuracy"] >= numbers["knn_untrained"] + 0.02
    assert numbers["knn_accuracy"] >= numbers["knn_pixels"] + 0.30
    assert numbers["std_ratio"] > 0.3
