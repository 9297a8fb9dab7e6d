"""Every measure against its formula, typed again from its source in float64, and at its extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from byol_core import health
from byol_core.health import measures


@pytest.fixture(params=[(40, 12), (12, 40)], ids=["tall", "wide"])
def rows(request, generator):
    """Vectors with unequal directions and a center that is not 0."""
    n, d = request.param
    return torch.randn(n, d, generator=generator) * torch.linspace(0.1, 2, d) + 0.3


def unit(rows):
    rows = rows.double().numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_std_ratio_is_that_of_lightly(rows):
    # https://github.com/lightly-ai/lightly/blob/master/lightly/utils/debug.py std_of_l2_normalized, times sqrt(d)
    expected = unit(rows).std(0, ddof=1).mean() * math.sqrt(rows.shape[1])
    assert health.std_ratio(rows) == pytest.approx(expected, rel=1e-5)


def test_mean_cosine_is_the_mean_over_pairs(rows):
    cosines = unit(rows) @ unit(rows).T
    expected = cosines[~np.eye(len(cosines), dtype=bool)].mean()
    assert measures.mean_cosine(rows) == pytest.approx(expected, abs=1e-6)


def test_rankme_is_equation_1(rows):
    # arXiv 2210.02885, eq. 1 and 2: p_k = sigma_k / |sigma|_1 + eps, RankMe = exp(-sum p_k log p_k)
    sigma = np.linalg.svd(rows.double().numpy(), compute_uv=False)
    p = sigma / sigma.sum() + 1e-7
    assert measures.rankme(rows) == pytest.approx(math.exp(-(p * np.log(p)).sum()), rel=1e-6)


def test_participation_ratio_is_of_the_eigenvalues(rows):
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.double().numpy().T))
    expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    assert measures.participation_ratio(rows) == pytest.approx(expected, rel=1e-6)


def test_alignment_and_uniformity_are_those_of_the_paper(rows, generator):
    # https://github.com/ssnl/align_uniform/blob/master/align_uniform/__init__.py (arXiv 2005.10242)
    x = torch.tensor(unit(rows))
    y = torch.tensor(unit(rows + 0.2 * torch.randn(rows.shape, generator=generator)))
    align = (x - y).norm(dim=1).pow(2).mean()
    uniform = torch.pdist(x, p=2).pow(2).mul(-2).exp().mean().log()
    assert measures.alignment(x, y) == pytest.approx(float(align), rel=1e-5)
    assert measures.uniformity(rows) == pytest.approx(float(uniform), abs=1e-5)


def test_the_spectrum_is_of_the_centered_rows(rows):
    centered = rows.double().numpy()
    sigma = np.linalg.svd(centered - centered.mean(0), compute_uv=False)
    found = health.spectrum(rows)
    assert (found.dtype, found.shape, float(found[0])) == (torch.float32, sigma.shape, 1.0)
    np.testing.assert_allclose(found, sigma / sigma[0], atol=1e-6)


def test_rounding_is_not_read_as_rank():
    """One direction alone, of 512: single-precision squares would show hundreds of false ones."""
    line = torch.linspace(-1, 1, 1000)[:, None] * torch.ones(512)
    assert measures.rankme(line) == pytest.approx(1, abs=0.01)
    assert measures.participation_ratio(line) == pytest.approx(1, abs=1e-4)
    assert float(health.spectrum(line)[1]) < 1e-6


def test_an_even_spread(generator):
    even = torch.randn(3000, 64, generator=generator)
    signs = health.measure(even, even)
    assert signs["std_ratio"] == pytest.approx(1, abs=0.02)
    assert signs["mean_cosine"] == pytest.approx(0, abs=0.01)
    assert signs["uniformity"] == pytest.approx(-4, abs=0.2)
    assert signs["rankme"] > 60 and signs["participation"] > 60


@pytest.mark.parametrize("value", [1.0, 1e-3, 1e3])
def test_a_collapse(value):
    point = torch.full((300, 32), value)
    signs = health.measure(point, point)
    assert signs["std_ratio"] == pytest.approx(0, abs=1e-5)
    assert signs["mean_cosine"] == pytest.approx(1)
    assert signs["uniformity"] == pytest.approx(0, abs=1e-5)
    assert signs["rankme"] == pytest.approx(1, abs=0.01)
    assert math.isnan(signs["participation"])
    assert health.spectrum(point).tolist() == [0.0] * 32


def test_paired_cosine_of_the_same_and_the_opposite(generator):
    x = torch.randn(10, 4, generator=generator)
    assert health.paired_cosine(x, 2 * x) == pytest.approx(1)
    assert health.paired_cosine(x, -x) == pytest.approx(-1)


def test_uniformity_is_not_misled_by_the_order_of_the_rows(generator):
    spread, point = torch.randn(2000, 8, generator=generator), torch.ones(2000, 8)
    alternating = torch.stack([point, spread], 1).flatten(0, 1)  # every second row is the same
    in_a_block = torch.cat([spread, point])
    mixed = measures.uniformity(alternating[torch.randperm(4000, generator=generator)[:2000]])
    assert measures.uniformity(alternating) == pytest.approx(mixed, abs=0.05)
    assert measures.uniformity(in_a_block) == pytest.approx(mixed, abs=0.05)
    assert measures.uniformity(alternating) == measures.uniformity(alternating)


def test_uniformity_looks_at_rows_from_everywhere(generator):
    """A folder's images come class by class, so the first 2,000 would be of one class."""
    first, second = torch.zeros(2500, 8), torch.zeros(2500, 8)
    first[:, 0] = second[:, 1] = 1
    mixed = math.log(0.5 + 0.5 * math.exp(-4))
    assert measures.uniformity(torch.cat([first, second])) == pytest.approx(mixed, abs=1e-3)


# All of them at once


def test_every_sign_is_measured_for_both_vectors(generator):
    def vectors(n):
        return torch.randn(n, 16, generator=generator), torch.randn(n, 8, generator=generator)

    (y, z), first, second, target = vectors(30), vectors(20), vectors(20), vectors(10)
    signs = health.measure(y, z, first=first, views=second, target=target)
    alone = {"std_ratio", "mean_cosine", "rankme", "participation", "uniformity"}
    keys = alone | {"alignment", "cross_view_cosine", "target_cosine"}
    assert set(signs) == keys | {f"projection_{key}" for key in keys}
    assert all(isinstance(value, float) for value in signs.values())
    assert signs["projection_rankme"] == pytest.approx(measures.rankme(z), rel=1e-6)
    assert signs["alignment"] == pytest.approx(measures.alignment(first[0], second[0]), rel=1e-6)
    assert signs["projection_cross_view_cosine"] == pytest.approx(health.paired_cosine(first[1], second[1]), abs=1e-6)
    assert signs["target_cosine"] == pytest.approx(health.paired_cosine(y[:10], target[0]), abs=1e-6)
    assert set(health.measure(y, z)) == alone | {f"projection_{key}" for key in alone}


def test_views_are_compared_with_the_pictures_as_given(generator):
    y = torch.randn(30, 16, generator=generator)
    assert health.measure(y, y, views=(y[:20], -y[:20]))["alignment"] == pytest.approx(0, abs=1e-6)
    assert health.measure(y, y, views=(y[:20], -y[:20]))["projection_alignment"] == pytest.approx(4)


@pytest.mark.parametrize(
    "broken",
    [torch.zeros(0, 4), torch.zeros(1, 4), torch.zeros(5, 4), torch.full((5, 4), math.nan), torch.full((5, 4), 1e38)],
    ids=["no rows", "one row", "zeros", "not a number", "overflow"],
)
def test_what_cannot_be_measured_is_nan_and_never_an_error(broken):
    signs = health.measure(broken, broken, views=(broken, broken), target=(broken, broken))
    assert math.isnan(signs["participation"])
    assert not any(math.isinf(value) for value in signs.values())
    assert len(health.spectrum(broken)) == min(broken.shape)


def test_one_value_that_is_not_finite_spoils_no_other_vector(generator):
    good, bad = torch.randn(20, 4, generator=generator), torch.randn(20, 4, generator=generator)
    bad[3, 2] = math.inf
    signs = health.measure(good, bad)
    assert not any(math.isnan(value) for key, value in signs.items() if not key.startswith("projection_"))
    assert all(math.isnan(value) for key, value in signs.items() if key.startswith("projection_"))
    assert health.spectrum(bad).isnan().all()


def test_autocast_does_not_cost_the_measure_its_digits(generator):
    rows = torch.randn(50, 16, generator=generator)
    with torch.autocast("cpu", torch.bfloat16):
        within = health.measure(rows, rows)
    assert within == health.measure(rows, rows)
