"""Weighted kNN against a plain reference, re-typed from arXiv 1805.01978, §3.4."""

import math

import pytest
import torch

from byol_core.evaluation import knn_accuracy, knn_predict


def reference(bank, labels, query, classes, k, temperature):
    """Weight exp(s / T) of each of the k nearest goes to its class; the heaviest class wins."""
    cosines = [float(b @ query / (b.norm() * query.norm())) for b in bank]
    nearest = sorted(range(len(bank)), key=lambda i: -cosines[i])[:k]
    votes = [0.0] * classes
    for i in nearest:
        votes[int(labels[i])] += math.exp(cosines[i] / temperature)  # in float64, where exp(1 / 0.002) is finite
    return votes.index(max(votes))


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.1), (5, 0.07), (20, 0.1), (100, 1.0), (5, 0.002)])
def test_predictions_equal_the_reference(generator, k, temperature):
    bank, labels = torch.randn(60, 8, generator=generator), torch.arange(60) % 4
    queries = torch.randn(15, 8, generator=generator)
    ours = knn_predict(bank, labels, queries, classes=4, k=k, temperature=temperature)
    assert ours.tolist() == [reference(bank, labels, q, 4, k, temperature) for q in queries]


def test_unlabeled_rows_are_left_out(generator):
    bank = torch.randn(10, 4, generator=generator)
    labels = torch.tensor([0, 1] * 5)
    assert knn_accuracy(bank, labels, bank, labels, k=1) == 1.0
    labels[::3] = -1
    assert knn_accuracy(bank, labels, bank, labels, k=1) == 1.0


def test_without_any_label_there_is_no_number(generator):
    bank, nothing = torch.randn(4, 4, generator=generator), torch.full((4,), -1)
    assert knn_accuracy(bank, nothing, bank, nothing) is None
