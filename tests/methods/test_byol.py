"""One step of BYOL against a plain float64 reference, and what must not happen: a gradient on the target's side."""

import copy

import pytest
import torch
from torch.nn import functional as F

from byol_core.config import RunConfig, build
from byol_core.losses import byol_loss, nt_xent
from byol_core.methods import BYOL, Method, Views, build_method

TINY = {"network.projector_hidden": 32, "network.predictor_hidden": 32, "network.projection_size": 16}
CONSTANT_ZERO = {"method.tau_base": 0.0, "method.tau_schedule": "constant"}


def tiny(**dotted: object) -> RunConfig:
    return build({}, {"network.encoder": "conv-quarter", **TINY, **dotted})


def method(seed: int = 0, **dotted: object) -> Method:
    torch.manual_seed(seed)
    return build_method(tiny(**dotted))


@pytest.fixture
def views(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(2, 8, 3, 32, 32, generator=generator)


def gradients(model: Method, views: torch.Tensor) -> tuple[float, list[torch.Tensor]]:
    loss = model(Views(*views))
    trained = [p for p in model.parameters() if p.requires_grad]
    return float(loss.detach()), list(torch.autograd.grad(loss, trained))


def reference_loss(model: BYOL, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """2 - 2 cos in both directions (arXiv 2006.07733, eq. 2), each view its own forward, target without gradient."""
    q1, q2 = model.predictor(model.online(first)), model.predictor(model.online(second))
    z1, z2 = model.target(first).detach(), model.target(second).detach()
    return sum((2 - 2 * F.cosine_similarity(q, z)).mean() for q, z in ((q1, z2), (q2, z1)))


@pytest.mark.parametrize("encoder", ["conv-quarter", "conv-classroom", "resnet18"])
def test_the_loss_is_the_papers(views, encoder):
    model = method(**{"network.encoder": encoder}).double()
    expected = reference_loss(copy.deepcopy(model), *views.double())
    assert float(model(Views(*views.double())).detach()) == pytest.approx(float(expected.detach()), abs=1e-12)


def test_no_gradient_reaches_the_target(views):
    model = method()
    model(Views(*views)).backward()
    assert all(p.grad is None and not p.requires_grad for p in model.target.parameters())
    assert all(p.grad is not None for p in model.online.parameters())
    assert all(p.grad is not None for p in model.predictor.parameters())


def test_without_stop_gradient_both_sides_learn(views):
    model = method(**{"method.stop_gradient": False}).double()
    _, found = gradients(model, views.double())
    z1, z2 = model.online(views[0].double()), model.online(views[1].double())
    loss = byol_loss(model.predictor(z1), z2) + byol_loss(model.predictor(z2), z1)
    expected = torch.autograd.grad(loss, [p for p in model.parameters() if p.requires_grad])
    stopped = gradients(method(**CONSTANT_ZERO).double(), views.double())[1]
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(found, expected, strict=True))
    assert not torch.allclose(found[0], stopped[0], atol=1e-4)


def test_the_target_starts_as_the_online_network():
    model = method()
    for ours, theirs in zip(model.target.parameters(), model.online.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_the_target_is_the_moving_average_after_many_steps(kind):
    model = method()
    target, online = model.target.projector[0].weight, model.online.projector[0].weight
    expected = target.double().clone()
    for _ in range(50):
        with torch.no_grad():
            online.add_(torch.randn_like(online))
        model.update_target(kind(0.99))
        expected = 0.99 * expected + 0.01 * online.detach().double()
    assert torch.allclose(target.double(), expected, atol=1e-6)


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_steps_too_small_for_bfloat16_move_the_target(views, kind):
    """A step of 1e-4 of a weight is far below bfloat16's 2^-9; the target is float32 and follows all the same."""
    model = method()
    with torch.no_grad():
        torch._foreach_mul_(list(model.online.parameters()), 1 + 1e-2)
    before = model.target.projector[0].weight.double().clone()
    for _ in range(10):
        with torch.autocast("cpu", torch.bfloat16):
            model(Views(*views))
            model.update_target(kind(0.99))
    expected = before * (1 + 1e-2 * (1 - 0.99**10))
    assert model.target.projector[0].weight.dtype == torch.float32
    assert torch.allclose(model.target.projector[0].weight.double(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("tau", "kept"), [(0.0, 0), (1.0, 1)])
def test_tau_at_its_ends_copies_or_keeps(tau, kept):
    model = method()
    with torch.no_grad():
        model.online.projector[0].weight.add_(1)
    wanted = (model.online if not kept else copy.deepcopy(model.target)).projector[0].weight
    model.update_target(tau)
    assert torch.equal(model.target.projector[0].weight, wanted)


def test_the_moving_average_covers_parameters_and_not_running_statistics(views):
    model = method()
    before = model.target.encoder.body[0][1].running_mean.clone()
    model.update_target(0.0)
    assert torch.equal(model.target.encoder.body[0][1].running_mean, before)
    model(Views(*views))
    assert not torch.equal(model.target.encoder.body[0][1].running_mean, before)


def test_the_target_is_in_training_mode_with_running_statistics_of_its_own(views):
    model = method(**{"network.encoder": "conv-classroom"})
    with torch.no_grad():
        model.online.encoder.body[0][0].weight.mul_(2)
    model(Views(*views))
    assert all(module.training for module in model.target.modules())
    norms = [branch.encoder.body[0][1] for branch in (model.online, model.target)]
    assert norms[0].num_batches_tracked == norms[1].num_batches_tracked == 2
    assert torch.allclose(norms[0].running_mean, 2 * norms[1].running_mean, atol=1e-6)


@pytest.mark.parametrize("joint", [False, True])
def test_each_view_has_its_own_statistics_unless_asked_otherwise(views, joint):
    """A view's projections depend on the other view only through joint statistics."""
    model = method(**{"method.joint_statistics": joint})
    others = (views[1], 1 - views[1] ** 4)
    ours, theirs = (next(model.per_view(model.online, (views[0], other))) for other in others)
    same = torch.equal(ours, theirs)
    assert same is not joint


def test_joint_statistics_are_those_of_one_batch_of_both_views(views):
    model = method(**{"method.joint_statistics": True}).double()
    first, second = views.double()
    both = torch.cat([first, second])
    q, z = model.predictor(model.online(both)), model.target(both)
    expected = byol_loss(q[:8], z[8:]) + byol_loss(q[8:], z[:8])
    assert torch.allclose(model(Views(first, second)), expected, atol=1e-12)


def test_weights_stay_float32_under_bfloat16(views):
    model = method()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(Views(*views))
    loss.backward()
    assert loss.dtype == torch.float32
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("kind", ["none", "frozen"])
@pytest.mark.parametrize("objective", ["byol", "simsiam", "bridge"])
def test_an_ablated_predictor_is_not_trained(views, objective, kind):
    model = method(**{"method.objective": objective, "method.predictor": kind})
    model(Views(*views)).backward()
    assert not [p for p in model.predictor.parameters() if p.requires_grad or p.grad is not None]
    assert bool(list(model.predictor.parameters())) == (kind == "frozen")


def test_the_predictors_rate_is_a_multiple():
    assert [rate for _, rate in method().trained(10.0)] == [1.0, 10.0]


# Where the target would always equal the online network, there is none


@pytest.mark.parametrize("joint", [False, True])
def test_at_a_constant_tau_of_zero_the_step_is_that_of_two_networks(views, joint):
    """Several steps: the second network is copied after each, as update_target(0) does, and the skipped one is not."""
    extra = {"method.joint_statistics": joint}
    two, one = method(**extra).double(), method(**CONSTANT_ZERO, **extra).double()
    one.load_state_dict(two.state_dict())
    for step in range(3):
        (loss_two, grads_two), (loss_one, grads_one) = (
            gradients(m, views.double() * (1 - 0.1 * step)) for m in (two, one)
        )
        assert loss_one == loss_two
        assert all(torch.equal(a, b) for a, b in zip(grads_one, grads_two, strict=True))
        for model in (two, one):
            trained = [p for p in model.parameters() if p.requires_grad]
            with torch.no_grad():
                torch._foreach_sub_(trained, torch._foreach_mul(grads_two, 0.1))
            model.update_target(0.0)


@pytest.mark.parametrize(
    ("dotted", "has"),
    [
        ({}, True),
        ({"method.tau_base": 0.0}, True),  # the cosine schedule raises tau to 1
        (CONSTANT_ZERO, False),
        ({"method.stop_gradient": False}, False),
        ({"method.objective": "simsiam"}, False),
        ({"method.objective": "bridge"}, True),
        ({"method.objective": "bridge", **CONSTANT_ZERO}, False),
    ],
)
def test_a_target_is_there_only_where_it_differs(dotted, has):
    model = method(**dotted)
    assert model.has_target is has
    assert len(model.branches()) == 1 + has
    assert any(name.startswith("target.") for name in model.state_dict()) is has


def test_the_skipped_forwards_are_skipped(views):
    model, calls = method(**CONSTANT_ZERO), []
    model.online.register_forward_hook(lambda *_: calls.append(1))
    model(Views(*views))
    assert len(calls) == 2


def test_a_checkpoint_of_two_networks_loads_where_there_is_one():
    two, one = method(seed=1), method(**CONSTANT_ZERO)
    one.load_state_dict(two.state_dict())
    assert torch.equal(one.online.projector[0].weight, two.online.projector[0].weight)


def test_names_in_a_checkpoint_are_those_of_the_first_release():
    names = set(method().state_dict())
    assert {name.split(".")[0] for name in names} == {"online", "target", "predictor"}
    assert {"online.encoder.mean", "online.projector.0.weight", "target.projector.3.weight"} <= names
    assert {"predictor.0.bias", "predictor.1.running_mean", "predictor.3.weight"} <= names


# SimSiam and the bridge


def test_simsiams_loss_is_the_mean_of_both_directions(views):
    model = method(**{"method.objective": "simsiam"}).double()
    z1, z2 = model.online(views[0].double()), model.online(views[1].double())
    pairs = ((model.predictor(z1), z2), (model.predictor(z2), z1))
    expected = sum(-F.cosine_similarity(p, z.detach()).mean() / 2 for p, z in pairs)
    loss, found = gradients(model, views.double())
    assert loss == pytest.approx(float(expected.detach()), abs=1e-12)
    wanted = torch.autograd.grad(expected, [p for p in model.parameters() if p.requires_grad])
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(found, wanted, strict=True))


def test_the_bridge_at_beta_zero_is_byol(views):
    byol = method().double()
    bridge = method(**{"method.objective": "bridge", "method.beta": 0.0}).double()
    (loss, grads), (loss_bridge, grads_bridge) = gradients(byol, views.double()), gradients(bridge, views.double())
    assert loss == loss_bridge
    assert all(torch.equal(a, b) for a, b in zip(grads, grads_bridge, strict=True))


def test_the_bridge_at_beta_one_without_predictor_and_target_is_simclr(views):
    """Value and gradient: 4 plus 4 alpha times NT-Xent (arXiv 2006.07733, §5; alpha is 0.3 unless set)."""
    ends = {"method.beta": 1.0, "method.predictor": "none", "method.stop_gradient": False}
    model = method(**{"method.objective": "bridge", **ends}).double()
    loss, found = gradients(model, views.double())
    expected = 4 + 4 * 0.3 * nt_xent(model.online(views[0].double()), model.online(views[1].double()), 0.3)
    wanted = torch.autograd.grad(expected, [p for p in model.parameters() if p.requires_grad])
    assert loss == pytest.approx(float(expected.detach()), abs=1e-10)
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(found, wanted, strict=True))


def test_with_a_tau_of_zero_only_the_gradient_of_the_other_side_is_missing(views):
    shared = {"method.objective": "bridge", "method.beta": 1.0, "method.predictor": "none"}
    stopped, flowing = method(**shared, **CONSTANT_ZERO), method(**shared, **{"method.stop_gradient": False})
    assert torch.equal(stopped(Views(*views)), flowing(Views(*views)))


@pytest.mark.parametrize(
    ("changes", "directions"),
    [
        ({}, 2),
        ({"method.predictor": "none"}, 2),
        ({"method.joint_statistics": True}, 1),
        (CONSTANT_ZERO, 1),
        ({"method.objective": "simsiam"}, 1),
        ({"method.objective": "bridge"}, 1),
        ({"method.stop_gradient": False}, 1),
    ],
)
def test_the_directions_one_by_one_are_the_whole(views, changes, directions):
    whole, in_turn = (method(**changes).double() for _ in range(2))
    loss, expected = gradients(whole, views.double())
    losses = []
    for part in in_turn.losses(Views(*views.double())):
        part.backward()
        losses.append(float(part.detach()))
    assert len(losses) == directions
    assert sum(losses) == pytest.approx(loss, abs=1e-12)
    trained = [p for p in in_turn.parameters() if p.requires_grad]
    for ours, theirs in zip(trained, expected, strict=True):
        torch.testing.assert_close(ours.grad, theirs, atol=1e-12, rtol=1e-9)
    for ours, theirs in zip(in_turn.buffers(), whole.buffers(), strict=True):  # the same running statistics
        torch.testing.assert_close(ours, theirs)


def test_the_second_view_waits_for_the_first_backward(views):
    """So that the activations of one view at a time are held."""
    model, calls = method(), []
    model.online.register_forward_hook(lambda *_: calls.append(1))
    losses = model.losses(Views(*views))
    next(losses).backward()
    assert len(calls) == 1
    next(losses).backward()
    assert len(calls) == 2
