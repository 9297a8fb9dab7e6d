"""NT-Xent, InfoNCE, NCE and the bridge against their papers' formulas, re-typed as loops in float64."""

import math

import pytest
import torch
from torch.nn import functional as F

from byol_core.losses import bridge_loss, byol_loss, estimate_log_z, info_nce, nce, nt_xent


def rows(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a * b).sum() / (a.norm() * b.norm()))


def nt_xent_reference(first: torch.Tensor, second: torch.Tensor, t: float) -> float:
    """arXiv 2002.05709, eq. 1 and Algorithm 1: the mean of l(i, j) and l(j, i) over all positive pairs."""
    z, n = [*first, *second], len(first)
    total = 0.0
    for i in range(2 * n):
        crowd = sum(math.exp(cosine(z[i], z[k]) / t) for k in range(2 * n) if k != i)
        total -= math.log(math.exp(cosine(z[i], z[(i + n) % (2 * n)]) / t) / crowd)
    return total / (2 * n)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent(generator, temperature):
    first, second = rows(generator, 2, 6, 5)
    expected = nt_xent_reference(first, second, temperature)
    assert float(nt_xent(first, second, temperature)) == pytest.approx(expected, abs=1e-12)


def test_nt_xent_of_equal_vectors_is_the_log_of_the_candidates():
    assert float(nt_xent(torch.ones(4, 3), torch.ones(4, 3), 0.5)) == pytest.approx(math.log(7), abs=1e-6)


def test_info_nce(generator):
    """arXiv 1911.05722, eq. 1."""
    q, k = rows(generator, 2, 6, 5)
    queue, t = F.normalize(rows(generator, 9, 5), dim=1), 0.2
    expected = 0.0
    for i in range(6):
        positive = math.exp(cosine(q[i], k[i]) / t)
        expected -= math.log(positive / (positive + sum(math.exp(cosine(q[i], n) / t) for n in queue))) / 6
    assert float(info_nce(q, k, queue, t)) == pytest.approx(expected, abs=1e-12)


def nce_reference(features, own, noise, z, images, t):
    """arXiv 1805.01978: P(i|v) = exp(v f_i / t) / Z (eq. 4), h = P / (P + m P_n) (eq. 6), and the loss of eq. 7."""
    m, total = len(noise), 0.0
    for f, v in zip(features, own, strict=True):
        p = math.exp(cosine(v, f) / t) / z
        total -= math.log(p / (p + m / images))
        for n in noise:
            p = math.exp(cosine(n, f) / t) / z
            total -= math.log(1 - p / (p + m / images))
    return total / len(features)


def test_nce(generator):
    features, own, noise = rows(generator, 6, 5), rows(generator, 6, 5), rows(generator, 11, 5)
    own, noise = F.normalize(own, dim=1), F.normalize(noise, dim=1)
    expected = nce_reference(features, own, noise, 321.5, 40, 0.3)
    log_z = torch.tensor(math.log(321.5), dtype=torch.float64)
    assert float(nce(features, own, noise, log_z, 40, 0.3)) == pytest.approx(expected, abs=1e-10)


def test_z_is_the_images_times_the_mean_exponential(generator):
    """arXiv 1805.01978, eq. 8, over every image of the batch."""
    features, noise = rows(generator, 6, 5), F.normalize(rows(generator, 11, 5), dim=1)
    expected = 40 / (6 * 11) * sum(math.exp(cosine(n, f) / 0.3) for f in features for n in noise)
    assert float(estimate_log_z(features, noise, 40, 0.3)) == pytest.approx(math.log(expected), abs=1e-12)


def bridge_reference(phi, psi, other_phi, other_psi, beta, alpha):
    """The negative of arXiv 2006.07733, eq. 6, plus BYOL's constant 2: once for each direction."""
    total = 0.0
    for q, same, other in ((phi, psi, other_psi), (other_phi, other_psi, psi)):
        n = len(q)
        total += 2 - 2 / n * sum(cosine(q[i], other[i]) for i in range(n))
        for i in range(n):
            crowd = sum(math.exp(cosine(q[i], same[j]) / alpha) for j in range(n) if j != i)
            crowd += sum(math.exp(cosine(q[i], other[j]) / alpha) for j in range(n))
            total += beta * 2 * alpha / n * math.log(crowd)
    return total


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_the_bridge(generator, beta):
    q1, q2, t1, t2 = rows(generator, 4, 6, 5)
    expected = bridge_reference(q1, t1, q2, t2, beta, 0.3)
    assert float(bridge_loss(q1, q2, t1, t2, beta, 0.3)) == pytest.approx(expected, abs=1e-12)


def test_the_bridge_at_zero_is_byols_loss(generator):
    q1, q2, t1, t2 = rows(generator, 4, 6, 5)
    assert torch.equal(bridge_loss(q1, q2, t1, t2, 0.0, 0.3), byol_loss(q1, t2) + byol_loss(q2, t1))


def test_bridge_loss_at_beta_one_without_predictor_is_nt_xent(generator):
    """arXiv 2006.07733, §5: SimCLR's loss, scaled by 4 alpha, plus the constant 4 of the two directions."""
    z1, z2 = rows(generator, 2, 6, 5)
    expected = 4 + 4 * 0.3 * nt_xent_reference(z1, z2, 0.3)
    assert float(bridge_loss(z1, z2, z1, z2, 1.0, 0.3)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("temperature", [0.01, 0.07])
def test_sharp_temperatures_stay_finite(generator, temperature):
    z = torch.randn(4, 16, 8, generator=generator).requires_grad_()
    noise = F.normalize(torch.randn(64, 8, generator=generator), dim=1)
    losses = [
        nt_xent(z[0], z[1], temperature),
        info_nce(z[0], z[1], noise, temperature),
        nce(z[0], noise[:16], noise, torch.tensor(50.0), 1000, temperature),
        bridge_loss(z[0], z[1], z[2], z[3], 1.0, temperature),
    ]
    torch.stack(losses).sum().backward()
    assert torch.isfinite(torch.stack(losses)).all()
    assert torch.isfinite(z.grad).all()
