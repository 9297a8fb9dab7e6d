"""The BYOL loss against its definition, re-typed from arXiv 2006.07733, eq. 2."""

import pytest
import torch

from byol_core.losses import byol_loss


def reference(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """|| q / |q| - z / |z| ||^2, mean over the batch."""
    q = prediction / prediction.norm(dim=1, keepdim=True)
    z = target / target.norm(dim=1, keepdim=True)
    return ((q - z) ** 2).sum(1).mean()


def test_it_is_the_squared_distance_of_unit_vectors(generator):
    q, z = torch.randn(2, 32, 16, generator=generator)
    assert byol_loss(q, z) == pytest.approx(float(reference(q, z)), abs=1e-6)


@pytest.mark.parametrize(("factor", "value"), [(3.0, 0.0), (-1.0, 4.0)])
def test_its_ends_are_zero_and_four(generator, factor, value):
    q = torch.randn(8, 4, generator=generator)
    assert byol_loss(q, factor * q) == pytest.approx(value, abs=1e-6)


def test_it_is_computed_in_float32_from_bfloat16(generator):
    q, z = torch.randn(2, 32, 16, generator=generator).bfloat16()
    assert byol_loss(q, z).dtype == torch.float32
