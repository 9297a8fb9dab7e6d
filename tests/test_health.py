"""Signs of health at their ideal and at collapse."""

import pytest
import torch

from byol_core.health import paired_cosine, std_ratio


def test_an_even_spread_is_one(generator):
    assert std_ratio(torch.randn(5000, 64, generator=generator)) == pytest.approx(1, abs=0.02)


def test_a_single_point_is_zero():
    assert std_ratio(torch.ones(100, 8)) == pytest.approx(0, abs=1e-6)


def test_paired_cosine_of_the_same_and_the_opposite(generator):
    x = torch.randn(10, 4, generator=generator)
    assert paired_cosine(x, 2 * x) == pytest.approx(1)
    assert paired_cosine(x, -x) == pytest.approx(-1)
