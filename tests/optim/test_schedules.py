"""Schedules at their start, middle and end, from the formulas of arXiv 2006.07733, §3.3."""

import pytest

from byol_core.optim.schedules import learning_rate, target_tau


@pytest.mark.parametrize(("step", "rate"), [(0, 0.0), (5, 1.0), (10, 2.0), (55, 1.0), (100, 0.0)])
def test_the_rate_warms_up_and_falls_along_a_cosine(step, rate):
    assert learning_rate(step, 100, 2.0, warmup=10) == pytest.approx(rate, abs=1e-9)


def test_a_constant_rate_still_warms_up():
    assert learning_rate(1, 100, 2.0, warmup=2, kind="constant") == 1.0
    assert learning_rate(99, 100, 2.0, warmup=2, kind="constant") == 2.0


@pytest.mark.parametrize(("step", "tau"), [(0, 0.99), (50, 0.995), (100, 1.0)])
def test_tau_rises_to_one(step, tau):
    assert target_tau(step, 100, 0.99) == pytest.approx(tau)


def test_tau_can_stay():
    assert target_tau(70, 100, 0.9, "constant") == 0.9
