"""The objectives of one network and two projections: the right loss of the right projections, gradient on both."""

import pytest
import torch

from byol_core import losses
from byol_core.methods import Views

LOSSES = {
    "simclr": lambda a, b: losses.nt_xent(a, b, 0.5),
    "triplet": lambda a, b: losses.triplet_semi_hard(a, b, 0.2),
    "barlow-twins": lambda a, b: losses.barlow_twins(a, b, 5e-3),
    "vicreg": lambda a, b: losses.vicreg(a, b, 25.0, 25.0, 1.0),
}


@pytest.mark.parametrize("objective", LOSSES)
def test_value_and_gradient_are_those_of_the_loss_at_its_canonical_settings(make, views, objective):
    model = make(objective).double()
    first, second = views.double()
    expected = LOSSES[objective](model.online(first), model.online(second))
    loss = model(Views(first, second))
    assert torch.allclose(loss, expected, atol=1e-12)
    weights = list(model.parameters())
    ours, theirs = torch.autograd.grad(loss, weights), torch.autograd.grad(expected, weights)
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("objective", "setting"),
    [
        ("simclr", {"method.temperature": 0.1}),
        ("triplet", {"method.margin": 1.0}),
        ("barlow-twins", {"method.redundancy": 1.0}),
        ("vicreg", {"method.invariance": 1.0}),
        ("vicreg", {"method.variance": 1.0}),
        ("vicreg", {"method.covariance": 25.0}),
    ],
)
def test_its_settings_reach_the_loss(make, views, objective, setting):
    pair = Views(*views)
    assert not torch.allclose(make(objective)(pair), make(objective, **setting)(pair), rtol=1e-3)


@pytest.mark.parametrize("objective", LOSSES)
def test_there_is_no_target_and_nothing_to_update(make, objective):
    model = make(objective)
    before = [p.clone() for p in model.parameters()]
    model.update_target(0.5)
    assert not model.has_target
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))
