"""Small methods of every objective, and two views to give them."""

from collections.abc import Callable

import pytest
import torch

from byol_core.config import build
from byol_core.methods import Method, build_method

SMALL = {
    "network.encoder": "conv-quarter",
    "network.projector_hidden": 32,
    "network.predictor_hidden": 16,
    "network.projection_size": 16,
    "method.negatives": 24,
    "batch_size": 8,
}
Make = Callable[..., Method]


@pytest.fixture
def make() -> Make:
    """``make("moco", **{"method.negatives": 7})``: a seeded method, of 40 images in 5 classes."""

    def made(objective: str, seed: int = 0, **dotted: object) -> Method:
        torch.manual_seed(seed)
        return build_method(build({}, {**SMALL, "method.objective": objective, **dotted}), images=40, classes=5)

    return made


@pytest.fixture
def views(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(2, 8, 3, 32, 32, generator=generator)


@pytest.fixture
def indices() -> torch.Tensor:
    return torch.tensor([3, 0, 39, 12, 7, 21, 30, 5])


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.tensor([0, 1, -1, 4, 2, 3, -1, 0])
