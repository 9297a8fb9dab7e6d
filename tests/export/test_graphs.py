"""What onnxruntime and a fresh process without this lab compute is what PyTorch computes, for other batches too."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import torch

from byol_core.errors import LabError
from byol_core.export import graphs, write
from byol_core.weights.encoder_files import load_encoder
from tests.export.conftest import SIDE


def images(count):
    return torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(count))


def features(run, count):
    with torch.no_grad():
        return load_encoder(run.folder).encoder(images(count)).numpy()


def test_onnxruntime_gives_what_pytorch_gives(store, finished, tmp_path):
    run = finished(encoder="resnet18")
    file = write(store, run, "onnx", tmp_path / "out.onnx")
    session = onnxruntime.InferenceSession(file)
    assert session.get_modelmeta().custom_metadata_map["run"] == run.run_id
    for count in (1, 2, 7):
        (given,) = session.run(["representation"], {"images": images(count).numpy()})
        np.testing.assert_allclose(given, features(run, count), atol=1e-4, rtol=1e-4)


def test_an_onnx_file_with_different_outputs_is_not_written(store, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(graphs, "TOLERANCE", -1.0)
    with pytest.raises(LabError, match="apart from PyTorch's; nothing was written"):
        write(store, finished(), "onnx", tmp_path / "out.onnx")
    assert not list(tmp_path.glob("*out*"))


ELSEWHERE = """
import sys, numpy, torch
program = torch.export.load(sys.argv[1]).module()
for count in (1, 5):
    images = torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(count))
    numpy.save(f"{sys.argv[2]}/{count}.npy", program(images).detach().numpy())
assert not [name for name in sys.modules if name.startswith("byol_core")]
"""


def test_an_exported_program_runs_the_same_without_the_lab(store, finished, tmp_path):
    run = finished()
    file = write(store, run, "export", tmp_path / "out.pt2")
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(file), str(tmp_path)], check=True, cwd=tmp_path)
    for count in (1, 5):
        np.testing.assert_allclose(np.load(tmp_path / f"{count}.npy"), features(run, count), atol=1e-5)
