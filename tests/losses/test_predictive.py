"""The losses without negatives against their definitions, re-typed from BYOL (eq. 2) and SimSiam (eq. 1)."""

import math

import pytest
import torch

from byol_core.losses import byol_loss, negative_cosine


def cosines(a: torch.Tensor, b: torch.Tensor) -> list[float]:
    rows = zip(a.tolist(), b.tolist(), strict=True)
    return [sum(x * y for x, y in zip(p, q, strict=True)) / (math.hypot(*p) * math.hypot(*q)) for p, q in rows]


def squared_distance(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """|| q / |q| - z / |z| ||^2, mean over the batch (arXiv 2006.07733, eq. 2)."""
    q = prediction / prediction.norm(dim=1, keepdim=True)
    z = target / target.norm(dim=1, keepdim=True)
    return ((q - z) ** 2).sum(1).mean()


def test_byols_loss_is_the_squared_distance_of_unit_vectors(generator):
    q, z = torch.randn(2, 32, 16, generator=generator, dtype=torch.float64)
    assert float(byol_loss(q, z)) == pytest.approx(float(squared_distance(q, z)), abs=1e-12)
    assert float(byol_loss(q, z)) == pytest.approx(sum(2 - 2 * c for c in cosines(q, z)) / 32, abs=1e-12)


@pytest.mark.parametrize(("factor", "value"), [(3.0, 0.0), (-1.0, 4.0)])
def test_its_ends_are_zero_and_four(generator, factor, value):
    q = torch.randn(8, 4, generator=generator)
    assert byol_loss(q, factor * q) == pytest.approx(value, abs=1e-6)


def test_simsiams_loss_is_the_negative_cosine(generator):
    p, z = torch.randn(2, 32, 16, generator=generator, dtype=torch.float64)
    assert float(negative_cosine(p, z)) == pytest.approx(-sum(cosines(p, z)) / 32, abs=1e-12)


def test_its_gradient_is_half_of_byols_in_one_direction(generator):
    p, z = torch.randn(2, 32, 16, generator=generator, dtype=torch.float64)
    p.requires_grad_()
    (byols,) = torch.autograd.grad(byol_loss(p, z), p)
    (simsiams,) = torch.autograd.grad(negative_cosine(p, z), p)
    assert torch.allclose(2 * simsiams, byols, atol=1e-14)
