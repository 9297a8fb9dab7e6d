"""NCE: the loss against a memory of the images, how the memory moves, the constant Z, and the draw of the noise."""

import copy
import math

import pytest
import torch
from torch.nn import functional as F

from byol_core.methods import Views
from byol_core.methods.instance_discrimination import drawn


def noise_of(model) -> torch.Tensor:
    return model.memory[drawn(model.seen, model.negatives, 40, model.seed)].clone()


def test_the_loss_is_the_papers_with_z_from_the_batch(make, views, indices):
    """arXiv 1805.01978, eq. 4 to 8: P = exp(v f / t) / Z, h = P / (P + m / n), Z = n mean exp(v f / t)."""
    model = make("nce").double()
    features = [F.normalize(model.online(view), dim=1).detach() for view in views.double()]
    noise, own, m, n = noise_of(model), model.memory[indices].clone(), 24, 40
    crowd = [math.exp(float(f @ v) / 0.07) for view in features for f in view for v in noise]
    z = n * sum(crowd) / len(crowd)
    expected = 0.0
    for view in features:
        for f, v in zip(view, own, strict=True):
            p = math.exp(float(f @ v) / 0.07) / z
            expected -= math.log(p / (p + m / n)) / 16
            for other in noise:
                p = math.exp(float(f @ other) / 0.07) / z
                expected -= math.log(1 - p / (p + m / n)) / 16
    assert float(model(Views(*views.double(), indices)).detach()) == pytest.approx(expected, rel=1e-10)
    assert float(model.log_z) == pytest.approx(math.log(z), abs=1e-10)


def test_z_follows_the_batches_of_the_first_pass_and_is_then_kept(make, views):
    """Five batches of 8 are the 40 images; §3.2: Z from initial batches, as a constant."""
    model, found = make("nce"), []
    for step in range(8):
        model(Views(*(views * (1 - 0.1 * step)), torch.arange(8) + 8 * (step % 5)))
        found.append(float(model.log_z))
    assert len(set(found[:5])) == 5
    assert set(found[4:]) == {found[4]}
    assert int(model.seen) == 64


@pytest.mark.parametrize(("seen", "momentum"), [(0, 0.0), (40, 0.5)])
def test_only_the_images_of_the_batch_move_towards_the_mean_of_their_views(make, views, indices, seen, momentum):
    """Halfway, as in lib/NCEAverage.py of the authors; in the first pass all the way, from their random start."""
    model = make("nce").double()
    model.seen.fill_(seen)
    before = model.memory.clone()
    z1, z2 = (F.normalize(copy.deepcopy(model.online)(view), dim=1) for view in views.double())
    model(Views(*views.double(), indices))
    expected = F.normalize(momentum * before[indices] + (1 - momentum) * (z1 + z2) / 2, dim=1)
    assert torch.allclose(model.memory[indices], expected, atol=1e-12)
    others = [i for i in range(40) if i not in indices.tolist()]
    assert torch.equal(model.memory[others], before[others])


def test_a_look_in_evaluation_mode_leaves_the_memory_alone(make, views, indices):
    model = make("nce").eval()
    before = {name: value.clone() for name, value in model.named_buffers()}
    model(Views(*views, indices))
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())


def test_without_indices_it_says_so(make, views):
    with pytest.raises(ValueError, match="places in the training split"):
        make("nce")(Views(*views))


def test_memory_and_z_are_in_the_checkpoint(make):
    assert {"memory", "log_z", "seen"} <= set(make("nce").state_dict())


def test_the_noise_is_uniform():
    """Chi squared of 200 draws of 1,000 over 50 images: mean 49, deviation 9.9; and no step repeats another."""
    draws = torch.stack([drawn(torch.tensor(step), 1000, 50, seed=3) for step in range(200)])
    counts = torch.bincount(draws.flatten(), minlength=50).double()
    assert 20 < float(((counts - 4000) ** 2 / 4000).sum()) < 99
    pairs = torch.bincount((draws[:, :-1] * 50 + draws[:, 1:]).flatten(), minlength=2500).double()
    expected = 200 * 999 / 2500
    assert abs(float(((pairs - expected) ** 2 / expected).sum()) - 2499) < 5 * math.sqrt(2 * 2499)
    assert len({tuple(row.tolist()) for row in draws}) == 200


def test_the_noise_depends_on_step_and_seed_alone():
    one = drawn(torch.tensor(7), 100, 1000, seed=2**31 - 1)
    assert torch.equal(one, drawn(torch.tensor(7), 100, 1000, seed=2**31 - 1))
    assert not torch.equal(one, drawn(torch.tensor(7), 100, 1000, seed=0))
    assert not torch.equal(one, drawn(torch.tensor(8), 100, 1000, seed=2**31 - 1))
