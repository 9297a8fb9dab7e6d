"""Runs that can be judged, without training, and answers that take no time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from byol_core.config import RunConfig, build
from byol_core.data.imageset import ImageSet
from byol_core.evaluation.protocol import Judged, Protocol, Scores
from byol_core.evaluation.protocols import Answer
from byol_core.networks import Encoder, build_encoder
from byol_core.system.files import write_json
from byol_core.weights.encoder_files import save_encoder

NAMES = ("red", "green", "blue")


def write_set(folder: Path, labels: bool = True, name: str = "set.npz") -> Path:
    """60 small pictures of three colors, 48 of them to train on."""
    colors = np.arange(60) % 3
    images = np.random.default_rng(0).integers(0, 120, (60, 16, 16, 3), dtype=np.uint8)
    images[np.arange(60), :, :, colors] += 120
    parts = {"x_train": images[:48], "x_test": images[48:]}
    labeled = {"y_train": colors[:48], "y_test": colors[48:]} if labels else {}
    np.savez(folder / name, **parts, **labeled)
    return folder / name


def settings(data: Path, **changes: Any) -> RunConfig:
    small = {"network.encoder": "conv-quarter", "data.image_size": 16, "runtime.threads": 1, "data.source": str(data)}
    return build({}, {**small, **changes})


def write_run(home: Path, data: Path, run_id: str = "aaaa1111", seed: int = 0, **changes: Any) -> Path:
    """A run's folder with settings and an encoder of random weights."""
    folder, config = home / run_id, settings(data, **changes)
    folder.mkdir(parents=True)
    write_json(folder / "config.json", config.model_dump(mode="json"))
    write_encoder(folder, config, seed)
    return folder


def write_encoder(folder: Path, config: RunConfig, seed: int) -> None:
    torch.manual_seed(seed)
    save_encoder(folder / "encoder.safetensors", build_encoder(config.network, config.data.image_size), config)


def judged(protocol: Protocol, accuracies: tuple[float, ...] = (0.5, 0.75), **changes: Any) -> Judged:
    rows = (Scores(subject="trained", accuracies=accuracies), Scores(subject="untrained", accuracies=(0.25, 0.5)))
    usual = {"scores": rows, "data": "set", "classes": NAMES, "labeled": 48, "tested": 12, "seconds": 1.0}
    return Judged(protocol=protocol, **{**usual, "device": "CPU", "version": "1", **changes})


class Answering:
    """As ``protocols.answer``, told beforehand what to do with a question; remembers what it was asked."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.acts, self.asked = list(acts), list[Protocol]()

    def __call__(
        self,
        config: RunConfig,
        encoder: Encoder,
        images: ImageSet,
        protocol: Protocol,
        *,
        device: torch.device,
        progress: Callable[[float, str], None],
        stop: Callable[[], bool],
    ) -> Answer:
        self.asked.append(protocol)
        self.stop = stop
        progress(0.5, "Fitting")
        if self.acts:
            self.acts.pop(0)()
        likely = torch.eye(3)[images.labels[images.test]] * 0.5 + 1 / 6
        return Answer(judged(protocol), likely, images.test, images.labels[images.test])

    def until_stopped(self) -> None:
        from byol_core.events import StopAsked

        while not self.stop():
            time.sleep(0.01)
        raise StopAsked
