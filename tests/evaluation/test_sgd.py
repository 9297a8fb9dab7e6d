"""Classifiers that train side by side end as each would by itself, and held-out labels choose among them."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from byol_core.evaluation import labels, sgd
from byol_core.evaluation.crops import Crops
from byol_core.evaluation.features import shrunk
from byol_core.evaluation.sgd import RATES, Heads, Views
from byol_core.evaluation.task import Split
from tests.evaluation.sets import settings, three_colors


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(sgd, "EPOCHS", 3)
    monkeypatch.setattr(sgd, "STEPS", 6)
    monkeypatch.setattr(sgd, "BATCH", 32)
    monkeypatch.setattr(sgd, "CROPS", 2)


def prepared(splits=1):
    images, cpu = three_colors(), torch.device("cpu")
    rows = images.train
    classes = images.labels[rows]
    crops = Crops(settings(), images.images, cpu, 0)
    views = Views(shrunk, crops, rows)
    found = [Split(seed, rows, labels.folds(classes, seed)) for seed in range(splits)]
    return crops, views, found, classes


def alone(views, used, classes, rate, batches):
    """One linear layer by torch's own SGD (arXiv 2006.07733, C.1): Nesterov 0.9, cosine to zero, only its own rows."""
    layer = nn.Linear(views.values.shape[2], 3)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), rate, momentum=0.9, nesterov=True)
    for step, (view, batch) in enumerate(batches):
        optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * step / len(batches))) / 2
        mine = batch[used[batch]]
        optimizer.zero_grad()
        F.cross_entropy(layer(views.values[view][mine]), classes[mine]).backward()
        optimizer.step()
    return layer


@pytest.mark.parametrize("head", [0, 4, 5])
def test_a_classifier_among_many_is_the_one_that_trains_alone(few_steps, head):
    crops, views, splits, classes = prepared()
    heads = Heads(splits, classes, 3, views)
    state = crops.order.get_state()
    heads.train(crops)
    crops.order.set_state(state)
    batches = [(epoch % 2, batch) for epoch in range(3) for batch in crops.batches(len(classes), 32)]
    layer = alone(views, heads.used[head], classes, RATES[2], batches)
    weights = heads.weights[2].detach()[:, head]
    assert torch.allclose(weights[:-1], layer.weight.T, atol=1e-5)
    assert torch.allclose(weights[-1], layer.bias, atol=1e-5)


def test_what_is_left_out_of_a_fold_never_trains_it(few_steps):
    _, views, splits, classes = prepared()
    used = Heads(splits, classes, 3, views).used
    assert torch.equal(used[:-1], ~splits[0].folds) and used[-1].all()


def test_the_rate_with_the_best_held_out_labels_gives_the_answer(few_steps):
    crops, views, splits, classes = prepared()
    heads = Heads(splits, classes, 3, views)
    heads.train(crops)
    with torch.no_grad():
        for weight in heads.weights[:-1]:
            weight[:, :-1] = torch.randn(weight[:, :-1].shape)  # all rates but the smallest fail on held-out labels
    plain = shrunk(three_colors().images[splits[0].rows])
    result = heads.result(0, plain)
    assert result.chosen.startswith("rate 0.0002, ") and result.chosen.endswith("% on validation")
    rows = (plain - views.mean) / views.scale
    weight = heads.weights[-1].detach()[:, -1]
    assert torch.allclose(
        result.classifier.probabilities(plain), (rows @ weight[:-1] + weight[-1]).softmax(1), atol=1e-5
    )


def test_two_splits_of_the_same_labels_hold_out_different_images(few_steps):
    _, views, splits, classes = prepared(2)
    assert len(Heads(splits, classes, 3, views).used) == 11


def test_features_are_standardized_by_those_of_the_crops():
    _, views, _, _ = prepared()
    assert views.values.shape == (10, 60, 768)
    assert float(views.values.mean()) == pytest.approx(0, abs=1e-4)
    assert float(views.values.square().mean()) == pytest.approx(1, abs=1e-4)


def test_features_of_crops_are_written_once_and_in_their_order(few_steps):
    images, cpu = three_colors(), torch.device("cpu")
    rows = images.train
    views, crops = (
        Views(shrunk, Crops(settings(), images.images, cpu, 0), rows),
        Crops(settings(), images.images, cpu, 0),
    )
    every = torch.stack([shrunk(crops(rows)) for _ in range(2)])
    assert torch.allclose(views.mean, every.mean((0, 1)), atol=1e-6)
    assert torch.allclose(views.values * views.scale + views.mean, every, atol=1e-5)


def test_images_are_flipped_only_if_the_run_flips_its_views():
    flips = {"views.flip_horizontal": 0.0}
    kept = Crops(settings(**flips), three_colors().images, torch.device("cpu"), 0)
    assert kept.policy.strengths["flip_horizontal"] == 0.0


def test_large_sets_are_seen_in_fewer_crops(monkeypatch):
    monkeypatch.setattr(sgd, "_MEMORY", 3 * 4 * 60 * 768)
    _, views, _, _ = prepared()
    assert len(views.values) == 3
