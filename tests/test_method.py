"""One step of BYOL against a plain float64 reference, and what must not happen: a gradient on the target's side."""

import copy

import pytest
import torch
from torch.nn import functional as F

from byol_core.config import RunConfig, build
from byol_core.method import OnlineTarget

TINY = {"network.projector_hidden": 32, "network.predictor_hidden": 32, "network.projection_size": 16}


def tiny(**dotted: object) -> RunConfig:
    return build({}, {"network.encoder": "conv-quarter", **TINY, **dotted})


@pytest.fixture
def views(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(2, 8, 3, 32, 32, generator=generator)


def reference_loss(model: OnlineTarget, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """2 - 2 cos in both directions (arXiv 2006.07733, eq. 2), each view its own forward, target without gradient."""
    q1, q2 = model.predictor(model.online(first)), model.predictor(model.online(second))
    z1, z2 = model.target(first).detach(), model.target(second).detach()
    return sum((2 - 2 * F.cosine_similarity(q, z)).mean() for q, z in ((q1, z2), (q2, z1)))


@pytest.mark.parametrize("encoder", ["conv-quarter", "conv-classroom", "resnet18"])
def test_the_loss_is_the_papers(views, encoder):
    torch.manual_seed(0)
    model = OnlineTarget(tiny(**{"network.encoder": encoder})).double()
    expected = reference_loss(copy.deepcopy(model), *views.double())
    assert float(model(*views.double()).loss.detach()) == pytest.approx(float(expected.detach()), abs=1e-5)


def test_no_gradient_reaches_the_target(views):
    model = OnlineTarget(tiny())
    model(*views).loss.backward()
    assert all(p.grad is None for p in model.target.parameters())
    assert all(p.grad is not None for p in model.online.parameters())


def test_without_stop_gradient_both_sides_learn(views):
    torch.manual_seed(0)
    with_stop, without = OnlineTarget(tiny()), OnlineTarget(tiny(**{"method.stop_gradient": False}))
    without.load_state_dict(with_stop.state_dict())
    gradients = []
    for model in (with_stop, without):
        model(*views).loss.backward()
        gradients.append(model.online.projector[3].weight.grad)
    assert not torch.allclose(*gradients, atol=1e-4)


def test_the_target_starts_as_the_online_network():
    model = OnlineTarget(tiny())
    for ours, theirs in zip(model.target.parameters(), model.online.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_target_is_the_moving_average_after_many_steps():
    model = OnlineTarget(tiny())
    target, online = model.target.projector[0].weight, model.online.projector[0].weight
    expected = target.double().clone()
    for _ in range(50):
        with torch.no_grad():
            online.add_(torch.randn_like(online))
        model.update_target(0.99)
        expected = 0.99 * expected + 0.01 * online.detach().double()
    assert torch.allclose(target.double(), expected, atol=1e-6)


def test_the_moving_average_covers_parameters_and_not_running_statistics(views):
    model = OnlineTarget(tiny())
    before = model.target.encoder.body[0][1].running_mean.clone()
    model.update_target(0.0)
    assert torch.equal(model.target.encoder.body[0][1].running_mean, before)
    model(*views)
    assert not torch.equal(model.target.encoder.body[0][1].running_mean, before)


def test_weights_stay_float32_under_bfloat16(views):
    model = OnlineTarget(tiny())
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(*views).loss
    loss.backward()
    assert loss.dtype == torch.float32
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("kind", ["none", "frozen"])
def test_an_ablated_predictor_is_not_trained(kind):
    model = OnlineTarget(tiny(**{"method.predictor": kind}))
    assert not [p for p in model.predictor.parameters() if p.requires_grad]
