"""Fine-tuning: the statistics, the momentum's rule, the start of both sides, and what chooses their rates."""

import copy

import pytest
import torch

from byol_core.evaluation import finetune
from byol_core.evaluation.finetune import _Side, batch_of, images_seen, take_statistics
from byol_core.evaluation.protocol import Protocol
from byol_core.evaluation.task import Question
from byol_core.jobs.context import JobProgress, no_one
from byol_core.networks import build_encoder
from tests.evaluation.sets import settings, three_colors

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(finetune, "images_seen", lambda labels: 96)


def question(**changes):
    asked = Protocol(**{"method": "finetune", "labels": "10", "splits": 2, **changes})
    return Question(settings(), three_colors(), asked, CPU)


def encoder(seed=0):
    torch.manual_seed(seed)
    return build_encoder(settings().network, 16).eval()


def test_statistics_are_the_mean_over_the_images_as_they_are():
    net, images = encoder(), three_colors().images
    take_statistics(net, images, torch.arange(40))
    first, norm = net.body[0][0], net.body[0][1]
    with torch.no_grad():
        out = first((images[:40].float() / 255 - net.mean) / net.deviation)
    assert torch.allclose(norm.running_mean, out.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(norm.running_var, out.var((0, 2, 3)), atol=1e-4)
    assert norm.momentum == 0.1 and not net.training


def test_a_network_without_batch_norm_has_no_statistics_to_take():
    net = build_encoder(settings(**{"network.encoder_norm": "group"}).network, 16).eval()
    before = copy.deepcopy(net.state_dict())
    take_statistics(net, three_colors().images, torch.arange(40))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize(("steps", "kept"), [(3, 0.9), (100, 0.9), (200, 0.95), (1000, 0.99)])
def test_running_statistics_follow_the_papers_rule(steps, kept):
    net = encoder()
    finetune._set_momentum(net, steps)
    assert net.body[0][1].momentum == pytest.approx(1 - kept)


@pytest.mark.parametrize(
    ("labels", "seen", "batch"), [(30, 6400, 32), (1000, 50000, 64), (4000, 60000, 256), (50000, 500000, 256)]
)
def test_steps_follow_the_number_of_labels_alone(monkeypatch, labels, seen, batch):
    assert (images_seen(labels), batch_of(labels)) == (seen, batch)


def test_the_trained_side_starts_as_its_regression_and_the_other_at_zero():
    asked, net = question(), encoder(seed=5)
    split = asked.splits[0]
    labels = asked.classes_of(split.rows)
    trained = _Side("trained", asked, net)._start(split, split.rows, labels)
    scratch = _Side("scratch", asked, net)._start(split, split.rows, labels)
    said = trained.probabilities(asked.images, split.rows).argmax(1)
    assert float((said == labels).float().mean()) > 0.8
    assert not scratch.head.weight.any()
    assert not torch.equal(scratch.encoder.body[0][0].weight, net.body[0][0].weight)


def test_the_encoder_that_is_judged_is_left_as_it_was():
    asked, net = question(), encoder()
    before = copy.deepcopy(net.state_dict())
    finetune.both(asked, net.requires_grad_(False), JobProgress(lambda share, message: None, lambda: False))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_both_sides_move_and_take_the_same_steps(monkeypatch):
    asked, net, steps = question(splits=1), encoder(), []
    real = torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self, closure=None: (steps.append(1), real(self, closure))[1])
    split = asked.splits[0]
    for side in finetune.SIDES:
        steps.clear()
        start = _Side(side, asked, net)._start(split, split.rows, asked.classes_of(split.rows))
        end = _Side(side, asked, net)._fit(split, split.rows, 0.1, 1.0, no_one)
        assert len(steps) == 3
        assert not torch.equal(start.encoder.body[0][0].weight, end.encoder.body[0][0].weight)


def test_few_labels_take_the_fixed_rate_and_say_so():
    found = finetune.both(question(), encoder(), JobProgress(lambda share, message: None, lambda: False))
    assert [one.chosen for one in found["scratch"]] == ["rate 0.003, fixed: too few labels to choose"] * 2
    assert found["trained"][0].probabilities.shape == (30, 3)


def test_with_enough_labels_held_out_ones_choose(monkeypatch):
    monkeypatch.setattr(finetune, "ENOUGH", 30)
    monkeypatch.setattr(finetune, "RATES", dict.fromkeys(finetune.SIDES, (0.0, 0.05)))
    fits = []
    real = _Side._fit
    monkeypatch.setattr(
        _Side,
        "_fit",
        lambda self, split, rows, rate, length, pulse: (
            fits.append((self.side, rate, len(rows), length)),
            real(self, split, rows, rate, length, pulse),
        )[1],
    )
    found = finetune.both(question(), encoder(), JobProgress(lambda share, message: None, lambda: False))
    assert fits[:2] == [("trained", 0.0, 24, finetune.CHOOSING), ("trained", 0.05, 24, finetune.CHOOSING)]
    assert [fit[2:] for fit in fits[2:4]] == [(30, 1.0), (30, 1.0)]
    assert found["scratch"][1].chosen.endswith("% on validation in the first split")
