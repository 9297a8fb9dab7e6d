from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from byol_core.config import RunConfig
from byol_core.export import write
from byol_core.runs import worker
from byol_core.runs.store import RunStore
from tests.export.conftest import SIDE

ROOT = Path(__file__).parents[2]


def test_the_script_repeats_the_run_to_the_last_bit(store, pictures, tmp_path):
    tiny = {
        "data.source": str(pictures), "data.image_size": SIDE, "network.projector_hidden": 16,
        "network.predictor_hidden": 16, "runtime.device": "cpu", "runtime.threads": 1,
    }  # fmt: skip
    config = RunConfig(steps=2, batch_size=16).changed(**tiny)
    name = 'it\'s """ {mine}'
    run, status = worker.work(store, store.create(config, name=name, here=True))
    assert status == 0
    file = write(store, run, "python", tmp_path / "again.py")
    assert "from a clone of its repository" in (ast.get_docstring(ast.parse(file.read_text())) or "")
    assert "byol-lab==" not in file.read_text()  # which no index has
    environment = {**os.environ, "BYOL_LAB_HOME": str(tmp_path / "other"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(file)], env=environment, check=True, cwd=tmp_path, capture_output=True)
    other = RunStore(tmp_path / "other")
    (again,) = other.runs()
    other.engine.dispose()
    assert (again.name, again.config) == (f"{name} again", run.config)
    first, second = (load_file(one.folder / "encoder.safetensors") for one in (run, again))
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def test_a_long_name_is_cut_and_missing_weights_are_reported(store, pictures, tmp_path):
    config = RunConfig(steps=2).changed(**{"data.source": str(pictures), "network.encoder": "conv-quarter"})
    run = store.create(config, name="n" * 120, here=True)
    run.config["network"]["pretrained"] = str(tmp_path / "gone.safetensors")
    file = write(store, run, "python", tmp_path / "again.py")
    assert "gone.safetensors" in (ast.get_docstring(ast.parse(file.read_text())) or "")
    assert f"NAME = '{'n' * 114} again'" in file.read_text()
    environment = {**os.environ, "BYOL_LAB_HOME": str(tmp_path / "other"), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, str(file)], env=environment, capture_output=True, text=True)
    assert ended.returncode == 1 and "gone.safetensors" in ended.stderr and "Traceback" not in ended.stderr
