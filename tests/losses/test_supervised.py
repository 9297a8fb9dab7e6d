"""Cross-entropy over the labeled rows alone."""

import math

import pytest
import torch

from byol_core.losses import cross_entropy


def test_rows_without_a_label_do_not_count(generator):
    logits = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    labels = [2, -1, 0, -1, 1]
    terms = [
        math.log(sum(math.exp(x) for x in row)) - row[label]
        for row, label in zip(logits.tolist(), labels, strict=True)
        if label >= 0
    ]
    assert float(cross_entropy(logits, torch.tensor(labels))) == pytest.approx(sum(terms) / 3, abs=1e-12)


def test_without_any_label_it_is_zero_and_asks_for_nothing():
    logits = torch.randn(4, 3, requires_grad=True)
    loss = cross_entropy(logits, torch.full((4,), -1))
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.equal(logits.grad, torch.zeros(4, 3))
