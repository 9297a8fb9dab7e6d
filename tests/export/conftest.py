"""A finished run with an encoder that nobody trained but whose every value matters, on a small set of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from byol_core.config import RunConfig
from byol_core.networks import build_encoder
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.weights.encoder_files import save_encoder
from tests.rows import put_summary

SIDE = 16


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    store = RunStore()
    yield store
    store.engine.dispose()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Forty pictures of two classes, two of them without a label, and ten for tests."""
    draw = np.random.default_rng(0)
    labels = np.arange(40) % 2
    labels[:2] = -1
    file = tmp_path / "set.npz"
    np.savez(
        file, x_train=draw.integers(0, 256, (40, SIDE, SIDE, 3), dtype=np.uint8), y_train=labels,
        x_test=draw.integers(0, 256, (10, SIDE, SIDE, 3), dtype=np.uint8), y_test=np.arange(10) % 2,
        class_names=np.array(["cat", "dog"]),
    )  # fmt: skip
    return file


@pytest.fixture
def finished(store: RunStore, pictures: Path) -> Callable[..., Run]:
    """``finished(encoder="resnet18", stem="small")`` makes such a run."""

    def make(name: str = "mine", encoder: str = "conv-quarter", stem: str = "auto", norm: str = "batch") -> Run:
        network = {"network.encoder": encoder, "network.stem": stem, "network.encoder_norm": norm}
        config = RunConfig().changed(**{"data.source": str(pictures), "data.image_size": SIDE, **network})
        run = store.create(config, name=name, here=True)
        store.move(run.run_id, "running")
        put_summary(store, run.run_id, {"knn_accuracy": 0.75, "knn_k": 20, "knn_temperature": 0.1, "train_images": 36})
        save_encoder(run.folder / "encoder.safetensors", _drawn(config), config)
        return store.move(run.run_id, "finished")

    return make


def _drawn(config: RunConfig) -> torch.nn.Module:
    torch.manual_seed(0)
    encoder = build_encoder(config.network, SIDE)
    encoder.mean.copy_(torch.tensor([0.3, 0.4, 0.5])[:, None, None])
    for name, value in encoder.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1)
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return encoder
