"""MoCo: both directions against a queue that holds the latest keys of the target, which gets no gradient."""

import copy
import math

import pytest
import torch
from torch.nn import functional as F

from byol_core.methods import Views


def test_the_loss_is_info_nce_in_both_directions_against_the_queue(make, views):
    """arXiv 1911.05722, eq. 1, at MoCo v2's temperature."""
    model = make("moco").double()
    first, second = views.double()
    queries = [F.normalize(model.online(view), dim=1).detach() for view in (first, second)]
    keys = [F.normalize(model.target(view), dim=1) for view in (second, first)]
    expected = 0.0
    for q, k in zip(queries, keys, strict=True):
        for i in range(8):
            scores = [math.exp(float(q[i] @ key) / 0.2) for key in (k[i].detach(), *model.queue)]
            expected -= math.log(scores[0] / sum(scores)) / 16
    assert float(model(Views(first, second)).detach()) == pytest.approx(expected, abs=1e-10)


def test_the_queue_holds_the_latest_keys_of_both_views(make, views):
    model = make("moco", **{"method.negatives": 24}).double()
    before = model.queue.clone()
    reference = copy.deepcopy(model.target)
    batches = [views.double() * scale for scale in (1.0, 0.5)]
    seen = []
    for batch in batches:
        seen.append(torch.cat([F.normalize(reference(view), dim=1) for view in batch]))
        model(Views(*batch))
    assert torch.allclose(model.queue[:8], seen[1][8:], atol=1e-12)  # the ring has gone round once
    assert torch.allclose(model.queue[8:16], seen[0][8:], atol=1e-12)
    assert torch.allclose(model.queue[16:], seen[1][:8], atol=1e-12)
    assert int(model.place) == 8
    assert not torch.equal(model.queue, before)


def test_a_queue_shorter_than_a_batch_keeps_its_last_keys(make, views):
    model = make("moco", **{"method.negatives": 5}).double()
    last = F.normalize(copy.deepcopy(model.target)(views[1].double()), dim=1)[-5:]
    model(Views(*views.double()))
    assert torch.allclose(model.queue, last, atol=1e-12)


def test_a_look_in_evaluation_mode_leaves_the_queue_alone(make, views):
    model = make("moco").eval()
    before = model.queue.clone()
    model(Views(*views))
    assert torch.equal(model.queue, before)


def test_no_gradient_reaches_the_target_or_the_queue(make, views):
    model = make("moco")
    model(Views(*views)).backward()
    assert all(p.grad is None for p in model.target.parameters())
    assert all(p.grad is not None for p in model.online.parameters())
    assert not model.queue.requires_grad


def test_keys_are_float32_under_bfloat16(make, views):
    model = make("moco")
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(Views(*views))
    assert (loss.dtype, model.queue.dtype) == (torch.float32, torch.float32)
    assert torch.allclose(model.queue.norm(dim=1), torch.ones(24), atol=1e-6)


def test_the_target_follows(make):
    model = make("moco")
    with torch.no_grad():
        model.online.projector[0].weight.add_(1)
    expected = 0.9 * model.target.projector[0].weight + 0.1 * model.online.projector[0].weight
    model.update_target(0.9)
    assert model.has_target
    assert torch.allclose(model.target.projector[0].weight, expected, atol=1e-6)
