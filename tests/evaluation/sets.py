"""Small sets of images whose classes can be told apart, and settings to evaluate on them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from byol_core.config import RunConfig, build
from byol_core.data.imageset import ImageSet


def images_of(labels: list[int] | Tensor, side: int = 16) -> Tensor:
    """Noise, brighter in the channel of the class; an unlabeled one is gray."""
    classes = torch.as_tensor(labels)
    noise = torch.randint(0, 150, (len(classes), 3, side, side), generator=torch.Generator().manual_seed(1))
    for row, index in enumerate(classes.tolist()):
        if index >= 0:
            noise[row, index % 3] += 60
    return noise.to(torch.uint8)


def small_set(
    labels: list[int] | None, train: int, names: tuple[str, ...] = ("red", "green", "blue"), **changes: Any
) -> ImageSet:
    """The first ``train`` images train, the others test."""
    count = len(labels) if labels is not None else 12
    pixels = images_of(labels if labels is not None else [0] * count)
    values = {"name": "paints", "images": pixels, "class_names": names, "labels": None}
    if labels is not None:
        values["labels"] = torch.tensor(labels)
    parts = {"train": torch.arange(train), "test": torch.arange(train, count)}
    return ImageSet(**{**values, **parts, **changes})


def three_colors(train: int = 60, test: int = 30) -> ImageSet:
    """Three classes in turn."""
    return small_set([index % 3 for index in range(train + test)], train)


def settings(**changes: Any) -> RunConfig:
    """A tiny network on the CPU."""
    small = {"network.encoder": "conv-quarter", "data.image_size": 16, "runtime.threads": 1, "runtime.device": "cpu"}
    return build({}, {**small, "runtime.precision": "float32", **changes})
