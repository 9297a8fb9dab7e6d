"""The singular spectra beside a run's representations: there, not there, and damaged."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from byol_core.embeddings.snapshot import Evaluation, Snapshot
from byol_core.embeddings.spectrum import read_spectrum
from byol_core.errors import LabError

NAME = "step-00000003.safetensors"


@pytest.fixture
def read(tmp_path):
    def read(tensors, space="projection"):
        save_file({key: np.asarray(value, np.float32) for key, value in tensors.items()}, tmp_path / NAME)
        snapshot = Snapshot(folder=tmp_path, image_size=8, indices=(0,), columns=1, cell=8)
        return read_spectrum(snapshot, Evaluation(step=3, epoch=1.0, file=NAME), space)

    return read


def test_a_spectrum_comes_back(read):
    assert read({"spectrum_projection": [1.0, 0.5]}).tolist() == [1.0, 0.5]


def test_a_run_of_an_earlier_release_has_none(read):
    assert read({"projection": [[1.0]]}) is None


@pytest.mark.parametrize("values", [[[1.0]], [1.0, np.nan]])
def test_what_is_no_spectrum_is_refused(read, values):
    with pytest.raises(LabError, match="not finite"):
        read({"spectrum_projection": values})


def test_a_damaged_file_is_said(tmp_path):
    (tmp_path / NAME).write_bytes(b"half a file")
    snapshot = Snapshot(folder=tmp_path, image_size=8, indices=(0,), columns=1, cell=8)
    with pytest.raises(LabError, match="missing or damaged"):
        read_spectrum(snapshot, Evaluation(step=3, epoch=1.0, file=NAME), "projection")
