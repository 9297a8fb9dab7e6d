"""Barlow Twins and VICReg against their papers' formulas and the authors' constants, re-typed as loops in float64."""

import math

import pytest
import torch

from byol_core.losses import barlow_twins, vicreg


def columns(z: torch.Tensor) -> list[list[float]]:
    return z.T.tolist()


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def standardized(column: list[float]) -> list[float]:
    """A batch norm without scale or shift, as in facebookresearch/barlowtwins main.py."""
    center = mean(column)
    deviation = math.sqrt(mean([(x - center) ** 2 for x in column]) + 1e-5)
    return [(x - center) / deviation for x in column]


def barlow_reference(first: torch.Tensor, second: torch.Tensor, weight: float) -> float:
    """arXiv 2103.03230, eq. 1 and 2."""
    a, b = [[standardized(c) for c in columns(z)] for z in (first, second)]
    total = 0.0
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            c = mean([x * y for x, y in zip(left, right, strict=True)])
            total += (1 - c) ** 2 if i == j else weight * c**2
    return total


def vicreg_reference(first, second, invariance, variance, covariance):
    """arXiv 2105.04906, eq. 1 to 6, with the means of facebookresearch/vicreg main_vicreg.py."""
    n, d = first.shape
    alike = sum((x - y) ** 2 for x, y in zip(first.flatten().tolist(), second.flatten().tolist(), strict=True)) / (
        n * d
    )
    spread = crossed = 0.0
    for z in (first, second):
        centered = [[x - mean(c) for x in c] for c in columns(z)]
        cov = [[sum(x * y for x, y in zip(a, b, strict=True)) / (n - 1) for b in centered] for a in centered]
        spread += mean([max(0.0, 1 - math.sqrt(cov[j][j] + 1e-4)) for j in range(d)]) / 2
        crossed += sum(cov[i][j] ** 2 for i in range(d) for j in range(d) if i != j) / d
    return invariance * alike + variance * spread + covariance * crossed


def test_barlow_twins(generator):
    first, second = torch.randn(2, 12, 5, generator=generator, dtype=torch.float64)
    assert float(barlow_twins(first, second, 5e-3)) == pytest.approx(barlow_reference(first, second, 5e-3), abs=1e-12)


def test_barlow_twins_is_zero_for_equal_and_uncorrelated_numbers():
    z = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert float(barlow_twins(z, 3 * z + 7, 5e-3)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_vicreg(generator, scale):
    first, second = scale * torch.randn(2, 12, 5, generator=generator, dtype=torch.float64)
    expected = vicreg_reference(first, second, 25.0, 25.0, 1.0)
    assert float(vicreg(first, second, 25.0, 25.0, 1.0)) == pytest.approx(expected, rel=1e-12)


def test_vicreg_of_a_constant_pays_the_whole_variance_term():
    z = torch.ones(8, 4)
    assert float(vicreg(z, z, 25.0, 25.0, 1.0)) == pytest.approx(25 * (1 - 0.01), abs=1e-5)
