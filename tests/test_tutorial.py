"""The tutorial's script, on a few images and for a few steps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from byol_core import BYOLForImageClassification, load

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the script said, and the folder that it worked in."""
    folder = tmp_path_factory.mktemp("tutorial")
    np.save(folder / "data.npy", load("eurosat", 16, limit=100).images[:100].permute(0, 2, 3, 1).numpy())
    command = [sys.executable, str(ROOT / "examples" / "tutorial.py"), "--epochs", "1", "--steps", "10"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, folder


def test_it_ends_with_a_report_that_beats_chance_by_far(run):
    said, _ = run
    assert "Fine-tuned with 100 labels, tested on 1000 images" in said
    accuracy = re.search(r"accuracy +(\d\.\d+)", said)
    assert accuracy is not None and float(accuracy[1]) > 0.4
    assert all(name in said for name in load("eurosat", 16, limit=20).class_names)


def test_the_encoder_that_it_pretrained_loads_by_its_folder(run):
    _, folder = run
    model = BYOLForImageClassification.from_pretrained(folder / "tutorial-run", num_labels=10)
    assert model.network.encoder == "conv-tutorial"
    assert model(torch.rand(1, 3, 32, 32)).logits.shape == (1, 10)


def test_the_classifier_that_it_trained_loads_by_its_folder(run):
    _, folder = run
    assert BYOLForImageClassification.from_pretrained(folder / "tutorial-run" / "classifier").num_labels == 10
