"""Every objective learns: in thirty steps on colored blobs its loss falls, stays finite, and moves the weights."""

from typing import get_args

import pytest
import torch
from torch.nn import functional as F

from byol_core.config import build
from byol_core.config.method import Objective
from byol_core.methods import Views, build_method
from byol_core.optim import optimizers

STEPS, BATCH, IMAGES = 30, 16, 128
PASS = IMAGES // BATCH
# Random negatives are easy: the loss counts from where queue and memory hold the images' own vectors.
FILLED = {"moco": 2, "nce": PASS}
SMALL = {
    "network.encoder": "conv-classroom",
    "network.projector_hidden": 64,
    "network.predictor_hidden": 32,
    "network.projection_size": 32,
    "method.negatives": 64,
    "batch_size": BATCH,
    "optimizer.name": "adamw",
    "optimizer.lr": 1e-3,
}


def blobs(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """128 pictures of smooth color in four kinds, (128, 3, 16, 16) in [0, 1], and their kinds."""
    kinds = torch.arange(IMAGES) % 4
    color = torch.rand(4, 3, 4, 4, generator=generator)[kinds]
    coarse = 0.6 * color + 0.4 * torch.rand(IMAGES, 3, 4, 4, generator=generator)
    return F.interpolate(coarse, 16, mode="bilinear"), kinds


def noisy(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return (images + 0.1 * torch.randn(images.shape, generator=generator)).clamp(0, 1)


@pytest.mark.parametrize("objective", get_args(Objective))
def test_thirty_steps_lower_the_loss_and_move_the_weights(generator, objective):
    torch.manual_seed(0)
    config = build({}, {**SMALL, "method.objective": objective})
    model = build_method(config, images=IMAGES, classes=4)
    optimizer = optimizers.build_optimizer(config.optimizer, list(model.trained(1.0)))
    images, kinds = blobs(generator)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    losses = []
    for step in range(STEPS):
        rows = torch.arange(BATCH) + BATCH * (step % PASS)
        loss = model(Views(noisy(images[rows], generator), noisy(images[rows], generator), rows, kinds[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.update_target(0.9)
        losses.append(loss.detach())
    values = torch.stack(losses)
    assert torch.isfinite(values).all()
    start = FILLED.get(objective, 0)
    assert values[-5:].mean() < values[start : start + 5].mean()
    assert all(not torch.equal(p, before[name]) for name, p in model.named_parameters())
