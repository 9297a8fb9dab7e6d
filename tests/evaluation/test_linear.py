"""The logistic regression is scikit-learn's, and its strength is chosen on labels that the fit does not see."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from byol_core.evaluation import labels
from byol_core.evaluation.linear import STRENGTHS, UNCHOSEN, LinearProbe


@pytest.fixture
def points(generator):
    """Three clouds that overlap, (90, 6), on other scales and far from the origin, with their classes."""
    classes = torch.arange(90) % 3
    rows = torch.randn(90, 6, generator=generator)
    rows[:, :3] += 1.5 * torch.eye(3)[classes]
    return rows * torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0, 0.1]) + 10, classes


def reference(probe, features, classes, strength, asked):
    """Sum of cross-entropies + strength / 2 * |W|^2, intercepts free (arXiv 2006.07733, D.2), by scikit-learn."""
    rows = ((features - probe.mean) / probe.scale).double()
    fitted = LogisticRegression(C=1 / strength, tol=1e-8, max_iter=10000).fit(rows, classes)
    return torch.from_numpy(fitted.predict_proba(((asked - probe.mean) / probe.scale).double().numpy())).float()


@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_it_is_the_regression_of_scikit_learn(points, strength):
    features, classes = points
    probe = LinearProbe(features, classes, 3)
    ours = probe.fit(strength).probabilities(features)
    assert torch.allclose(ours, reference(probe, features, classes, strength, features), atol=1e-3)


def test_a_strength_is_one_over_c_and_the_square_of_the_scale(points):
    features, classes = 10 * points[0], points[1]
    probe = LinearProbe(features, classes, 3)
    plain = (features - features.mean(0)).double().numpy()

    def theirs(c):
        fitted = LogisticRegression(C=c, tol=1e-10, max_iter=100000).fit(plain, classes)
        return torch.from_numpy(fitted.predict_proba(plain)).float()

    ours = probe.fit(100.0).probabilities(features)
    assert torch.allclose(ours, theirs(1 / (100 * float(probe.scale) ** 2)), atol=1e-3)
    assert not torch.allclose(ours, theirs(1 / 100), atol=0.05)


def test_more_features_than_labels_give_the_same_solution(generator):
    features, classes = torch.randn(12, 40, generator=generator), torch.arange(12) % 3
    asked = torch.randn(5, 40, generator=generator)
    probe = LinearProbe(features, classes, 3)
    assert probe.rows.shape[1] < 12
    ours = probe.fit(0.5).probabilities(asked)
    assert torch.allclose(ours, reference(probe, features, classes, 0.5, asked), atol=1e-3)


def test_the_scale_of_the_features_changes_nothing(points):
    features, classes = points
    small, large = (LinearProbe(factor * features, classes, 3) for factor in (1e-3, 1e3))
    both = (probe.fit(1.0).probabilities(factor * features) for probe, factor in ((small, 1e-3), (large, 1e3)))
    assert torch.allclose(*both, atol=1e-3)


def test_the_strengths_are_the_papers():
    assert len(STRENGTHS) == 45
    assert (STRENGTHS[0], STRENGTHS[-1]) == (pytest.approx(1e-6), pytest.approx(1e5))


def test_the_chosen_strength_is_near_the_best_on_held_out_labels(points):
    features, classes = points
    folds, probe = labels.folds(classes, 0), LinearProbe(features, classes, 3)
    choice = probe.choose(folds)

    def held_out(strength):
        losses = []
        for fold in folds:
            said = reference(probe, features[~fold], classes[~fold], strength, features[fold])
            losses.append(-said[torch.arange(len(said)), classes[fold]].log())
        return float(torch.cat(losses).mean())

    assert held_out(choice.strength) <= min(held_out(10.0**power) for power in range(-2, 4)) + 0.01


def test_noise_asks_for_a_great_strength(generator):
    features, classes = torch.randn(60, 20, generator=generator), torch.arange(60) % 2
    assert LinearProbe(features, classes, 2).choose(labels.folds(classes, 0)).strength > 10


def test_without_spare_labels_the_strength_is_fixed():
    classes = torch.arange(3)
    choice = LinearProbe(torch.randn(3, 4), classes, 3).choose(labels.folds(classes, 0))
    assert (choice.strength, choice.accuracy) == (UNCHOSEN, None)
    assert choice.told == "strength 3, fixed: too few labels to choose"


def test_features_that_are_all_alike_are_no_error():
    classes = torch.arange(10) % 2
    said = LinearProbe(torch.ones(10, 4), classes, 2).fit(1.0).probabilities(torch.ones(3, 4))
    assert torch.allclose(said, torch.full((3, 2), 0.5), atol=1e-4)
