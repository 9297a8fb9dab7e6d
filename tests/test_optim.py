"""LARS against a re-typed reference, the parameter groups, and the learning rate by batch size."""

import pytest
import torch
from torch import nn

from byol_core.config import OptimiserConfig
from byol_core.optim import LARS, build_optimiser, peak_rate, set_rate


def lars_reference(w, gradients, lr, momentum, decay, trust, adapt):
    """byol/utils/optimizers.py of google-deepmind/deepmind-research, for one tensor, in float64."""
    w, m = w.double().clone(), torch.zeros_like(w, dtype=torch.float64)
    for g in gradients:
        g = g.double() + decay * w
        if adapt:
            g = g * trust * w.norm() / g.norm()
        m = momentum * m + lr * g
        w = w - m
    return w


@pytest.mark.parametrize("adapt", [True, False])
def test_lars_step_by_step(generator, adapt):
    start = torch.randn(5, 4, generator=generator)
    gradients = torch.randn(6, 5, 4, generator=generator)
    weight = nn.Parameter(start.clone())
    optimiser = LARS([{"params": [weight], "adapt": adapt}], 0.5, momentum=0.9, weight_decay=0.01)
    for gradient in gradients:
        weight.grad = gradient
        optimiser.step()
    expected = lars_reference(start, gradients, 0.5, 0.9, 0.01, 1e-3, adapt)
    assert torch.allclose(weight.double(), expected, atol=1e-6)


def test_lars_does_not_scale_by_a_zero_norm():
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.ones(2, 2)
    LARS([weight], 0.1).step()
    assert torch.allclose(weight, torch.tensor(-0.1))


@pytest.mark.parametrize("name", ["lars", "sgd", "adamw"])
def test_biases_and_norms_are_never_decayed(name):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimiser = build_optimiser(OptimiserConfig(name=name, weight_decay=0.5), [(model, 1.0)])
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.5 if parameter.ndim > 1 else 0.0)
            assert group.get("adapt", parameter.ndim > 1) == (parameter.ndim > 1)


def test_a_modules_multiple_scales_its_rate():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    optimiser = build_optimiser(OptimiserConfig(), [(a, 1.0), (b, 10.0)])
    set_rate(optimiser, 0.1)
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([0.1, 0.1, 1.0, 1.0])


def test_the_rate_grows_with_the_batch_but_not_for_adamw():
    assert peak_rate(OptimiserConfig(name="lars", lr=0.2), 4096) == pytest.approx(3.2)
    assert peak_rate(OptimiserConfig(name="adamw", lr=0.001), 4096) == 0.001
