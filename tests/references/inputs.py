"""Inputs by formula, in float64: no generator's numbers, which another version might draw otherwise."""

from __future__ import annotations

import torch
from torch import Tensor


def rows(n: int, d: int, shift: float = 0.0, center: float = 0.0) -> Tensor:
    """(n, d) in about [-1, 1] around ``center``, without order that one could see."""
    i, j = torch.arange(n, dtype=torch.float64)[:, None], torch.arange(d, dtype=torch.float64)
    return torch.sin(12.9898 * (i + 1) + 78.233 * (j + 1) + shift * (i * j + 1) + 0.37 * i * j) + center


def pictures(n: int, height: int, width: int, shift: float = 0.0) -> Tensor:
    """(n, 3, height, width) in [0, 1], in steps of 1/255 as images from files have."""
    return (rows(n * 3 * height, width, shift).reshape(n, 3, height, width) * 127.5 + 127.5).round() / 255


def labels(n: int, classes: int) -> Tensor:
    """(n,) class numbers, every class among them."""
    i = torch.arange(n)
    return (i * i + 3 * i // 2) % classes if n > 4 * classes else i % classes


def clusters(n: int, d: int, classes: int, shift: float = 0.0) -> tuple[Tensor, Tensor]:
    """Rows that lie around the middles of their classes, near enough that some are mistaken; and their labels."""
    truth = torch.arange(n) % classes
    return 0.9 * rows(classes, d, 5.1)[truth] + rows(n, d, shift), truth


def probes(values: Tensor, count: int = 24) -> list[float]:
    """The mean, the mean square and numbers at fixed places, which stand for all."""
    flat = values.detach().double().flatten()
    at = torch.linspace(0, len(flat) - 1, count).round().long()
    return [float(flat.mean()), float(flat.square().mean()), *flat[at].tolist()]


def statistics(boxes: Tensor, height: int, width: int) -> dict[str, float]:
    """What the places and sizes of crops are like, all as shares of the image."""
    top, left, h, w = boxes.double().unbind(1)
    area, ratio = h * w / (height * width), (w / h).log()
    return {
        "area": float(area.mean()),
        "area deviation": float(area.std()),
        "area median": float(area.median()),
        "ratio": float(ratio.mean()),
        "ratio deviation": float(ratio.std()),
        "middle": float(((top + h / 2) / height).mean()),
        "middle deviation": float(((top + h / 2) / height).std()),
        "center": float(((left + w / 2) / width).mean()),
        "center deviation": float(((left + w / 2) / width).std()),
    }


# The rates of a few optimizer steps: constant, a warm-up and a fall, and a warm-up that starts at 0.
RATES = {
    "constant": (0.5,) * 8,
    "warm-up and fall": (0.1, 0.2, 0.3, 0.4, 0.3, 0.2, 0.1, 0.02),
    "from zero": (0.0, 2.0, 4.0, 3.4, 2.0, 1.0, 0.6, 0.1),
}
