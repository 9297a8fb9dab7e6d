"""The triplet loss against FaceNet's rule, re-typed as loops in float64."""

import math

import pytest
import torch

from byol_core.losses import triplet_semi_hard


def reference(first: torch.Tensor, second: torch.Tensor, margin: float) -> float:
    """arXiv 1503.03832, eq. 1 to 4; where no negative is farther than the positive: the farthest of them."""
    rows = [row / row.norm() for row in (*first, *second)]
    n, total = len(first), 0.0
    for i, anchor in enumerate(rows):
        positive = float((anchor - rows[(i + n) % (2 * n)]).square().sum())
        negatives = [float((anchor - row).square().sum()) for k, row in enumerate(rows) if k % n != i % n]
        farther = [d for d in negatives if d > positive]
        total += max(0.0, positive - (min(farther) if farther else max(negatives)) + margin)
    return total / (2 * n)


@pytest.mark.parametrize("margin", [0.2, 1.0])
@pytest.mark.parametrize("spread", [0.05, 0.5, 5.0])
def test_it_is_facenets_rule(generator, margin, spread):
    first = torch.randn(9, 4, generator=generator, dtype=torch.float64)
    second = first + spread * torch.randn(9, 4, generator=generator, dtype=torch.float64)
    assert float(triplet_semi_hard(first, second, margin)) == pytest.approx(reference(first, second, margin), abs=1e-12)


def circle(*degrees: float) -> torch.Tensor:
    return torch.tensor([[math.cos(math.radians(d)), math.sin(math.radians(d))] for d in degrees])


def test_negatives_beyond_the_margin_cost_nothing():
    assert float(triplet_semi_hard(circle(0, 120, 240), circle(2, 122, 242), 0.2)) == 0


def test_where_all_negatives_are_too_hard_the_farthest_stands_in():
    """Positives are opposite each other, so every negative is nearer; each anchor's farthest is 150 degrees away."""
    first, second = circle(0, 30), circle(180, 210)
    expected = 4 - (2 - 2 * math.cos(math.radians(150))) + 0.2
    assert float(triplet_semi_hard(first, second, 0.2)) == pytest.approx(expected, abs=1e-5)
