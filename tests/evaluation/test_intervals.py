"""Intervals against numbers that others computed, and what is made of them."""

from __future__ import annotations

import pytest

from byol_core.evaluation.intervals import Accuracy, difference, paired, unpaired, wilson


@pytest.mark.parametrize(
    ("correct", "images", "expected"),
    [
        (0, 10, (0.0, 0.27753279986288926)),
        (10, 10, (0.7224672001371106, 1.0)),
        (1, 20, (0.008881448800795402, 0.2361311934467421)),
        (12, 18, (0.4374946729594511, 0.8372122524916632)),
        (2, 7, (0.08221892400405661, 0.6410655481673807)),
        (763, 1000, (0.7356684892970144, 0.7883186357395835)),
        (8080, 10000, (0.8001625342834845, 0.8156009227201787)),
    ],
)
def test_wilson_is_that_of_statsmodels(correct, images, expected):
    # statsmodels 0.15.0, proportion_confint(correct, images, method="wilson")
    assert wilson(correct, images) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.05243147240236498, 0.33387265403690614)),
        ((12, 18, 11, 18), (-0.23949525172234076, 0.33782336442434885)),
        ((808, 1000, 702, 1000), (0.06842436700710564, 0.1432080620666894)),
        ((10, 10, 0, 20), (0.6790860371419145, 1.0)),
        ((0, 10, 0, 20), (-0.1611251580528194, 0.27753279986288926)),
    ],
)
def test_different_images_are_compared_as_by_statsmodels(counts, expected):
    # statsmodels 0.15.0, confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    assert unpaired(*counts) == pytest.approx(expected, abs=1e-12)


def test_the_same_images_are_compared_as_in_the_textbook():
    # Complete response before and after consolidation (Cavo et al. 2012): Newcombe's square-and-add interval as printed
    # in Fagerland, Lydersen, Laake, Statistical Analysis of Contingency Tables, ch. 8, and by R's contingencytables.
    assert paired(59, 6, 16, 80) == pytest.approx((-0.1186, -0.0046), abs=5e-5)


def test_the_same_images_tell_more_than_different_ones():
    alike = paired(690, 118, 12, 180)
    assert 0.08 < alike.low < 0.106 < alike.high < 0.13
    apart = unpaired(808, 1000, 702, 1000)
    assert apart.low < alike.low and alike.high < apart.high


def test_no_image_told_apart_is_no_difference_and_not_a_sure_one():
    low, high = paired(808, 0, 0, 192)
    assert low < 0 < high and low == pytest.approx(-high)
    assert paired(10, 0, 0, 0) == pytest.approx((-0.2775, 0.2775), abs=1e-4)


@pytest.mark.parametrize("counts", [(-1, 2, 3, 4), (0, 0, 0, 0)])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(ValueError, match="no counts"):
        paired(*counts)
    with pytest.raises(ValueError, match="no accuracy"):
        wilson(counts[0] or 3, 0)


@pytest.mark.parametrize(
    ("ours", "other", "images", "outcome"),
    [(0.80, 0.70, 1000, "better"), (0.70, 0.80, 1000, "worse"), (0.71, 0.70, 1000, "unclear"), (1, 0, 99, "few")],
)
def test_what_may_be_said_of_a_difference(ours, other, images, outcome):
    assert difference(Accuracy(ours, images), Accuracy(other, images)).outcome == outcome


def test_a_small_gain_becomes_clear_when_images_are_paired():
    ours, other = Accuracy(0.72, 1000), Accuracy(0.70, 1000)
    assert (difference(ours, other).outcome, difference(ours, other).paired) == ("unclear", False)
    found = difference(ours, other, gained=25, lost=5)
    assert (found.outcome, found.paired) == ("better", True)
    assert found.interval.low > 0


@pytest.mark.parametrize(("gained", "lost"), [(25, None), (900, 880), (30, 5), (-5, -25)])
def test_counts_that_do_not_fit_are_not_believed(gained, lost):
    assert not difference(Accuracy(0.72, 1000), Accuracy(0.70, 1000), gained, lost).paired


def test_a_figure_carries_its_split_and_its_images():
    told = Accuracy(2 / 7, 7, "validation").as_dict()
    assert (told["split"], told["images"], told["too_few_to_tell"]) == ("validation", 7, True)
    assert (told["low"], told["high"]) == pytest.approx((0.0822, 0.6411), abs=1e-4)
    gap = difference(Accuracy(0.8, 500), Accuracy(0.5, 500)).as_dict()
    assert (gap["outcome"], gap["paired"], gap["split"]) == ("better", False, "test")
