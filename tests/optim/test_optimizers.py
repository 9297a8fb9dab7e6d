"""LARS against a re-typed reference, the parameter groups, and the learning rate by batch size."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from byol_core.config import OptimizerConfig
from byol_core.optim.optimizers import LARS, build_optimizer, load_state, peak_rate, set_rate

RATES = (0.0, 0.25, 0.5, 0.4, 0.2, 0.05)  # a warm-up and a fall: a constant rate would not tell where it multiplies


def lars_reference(w, gradients, momentum, decay, trust, adapt):
    """byol/utils/optimizers.py of google-deepmind/deepmind-research, for one tensor, in float64."""
    w, m = w.double().clone(), torch.zeros_like(w, dtype=torch.float64)
    for g, lr in zip(gradients, RATES, strict=True):
        g = g.double() + decay * w
        if adapt:
            g = g * trust * w.norm() / g.norm()
        m = momentum * m + g
        w = w - lr * m
    return w


def lars(weight, adapt=True):
    return LARS([{"params": [weight], "adapt": adapt, "rate": 1.0}], 0.5, momentum=0.9, weight_decay=0.01)


def step(optimizer, gradient, rate):
    (weight,) = optimizer.param_groups[0]["params"]
    weight.grad = gradient.clone()
    set_rate(optimizer, rate)
    optimizer.step()


@pytest.mark.parametrize("adapt", [True, False])
def test_lars_step_by_step(generator, adapt):
    start = torch.randn(5, 4, generator=generator)
    gradients = torch.randn(6, 5, 4, generator=generator)
    weight = nn.Parameter(start.clone())
    optimizer = lars(weight, adapt)
    for gradient, rate in zip(gradients, RATES, strict=True):
        step(optimizer, gradient, rate)
    expected = lars_reference(start, gradients, 0.9, 0.01, 1e-3, adapt)
    assert torch.allclose(weight.double(), expected, atol=1e-6)


def test_a_saved_state_is_taken_as_it_is(generator):
    first, second = (nn.Parameter(torch.ones(5, 4)) for _ in range(2))
    one, two = lars(first), lars(second)
    gradients = torch.randn(4, 5, 4, generator=generator)
    for gradient, rate in zip(gradients[:2], RATES[1:], strict=False):
        step(one, gradient, rate)
    second.data.copy_(first.data)
    load_state(two, deepcopy(one.state_dict()))
    for gradient in gradients[2:]:
        step(one, gradient, 0.1)
        step(two, gradient, 0.1)
    assert torch.equal(first, second)


def test_lars_does_not_scale_by_a_zero_norm():
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.ones(2, 2)
    LARS([weight], 0.1).step()
    assert torch.allclose(weight, torch.tensor(-0.1))


@pytest.mark.parametrize("name", ["lars", "sgd", "adamw"])
def test_biases_and_norms_are_never_decayed(name):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimizer = build_optimizer(OptimizerConfig(name=name, weight_decay=0.5), [(model, 1.0)])
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.5 if parameter.ndim > 1 else 0.0)
            assert group.get("adapt", parameter.ndim > 1) == (parameter.ndim > 1)


def test_a_modules_multiple_scales_its_rate():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    optimizer = build_optimizer(OptimizerConfig(), [(a, 1.0), (b, 10.0)])
    set_rate(optimizer, 0.1)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.1, 0.1, 1.0, 1.0])


def test_the_rate_grows_with_the_batch_but_not_for_adamw():
    assert peak_rate(OptimizerConfig(name="lars", lr=0.2), 4096) == pytest.approx(3.2)
    assert peak_rate(OptimizerConfig(name="adamw", lr=0.001), 4096) == 0.001
