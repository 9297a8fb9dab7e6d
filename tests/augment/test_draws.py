"""The drawn parameters against Table 6 of the paper (arXiv 2006.07733, appendix B) and torchvision's rejection rule.

Seeds are fixed, so a test passes or fails for good; the bounds are those of a test at the level of 0.1 %.
"""

import itertools
import math

import pytest
import torch
from scipy.stats import chisquare, ks_2samp, kstest
from torchvision.transforms import RandomResizedCrop

from byol_core.augment import draw, resolve
from byol_core.config import ViewsConfig

N = 20_000
SIDE = 224
LEVEL = 0.001
MAXIMA = {"brightness": 0.4, "contrast": 0.4, "saturation": 0.2, "hue": 0.1}


@pytest.fixture(scope="module")
def drawn():
    """Both views of many images, as the paper's preset makes them."""
    generator = torch.Generator().manual_seed(5)
    return draw(resolve(ViewsConfig(preset="paper")), N, generator, (SIDE, SIDE))


both = pytest.mark.parametrize("which", [0, 1], ids=["view 1", "view 2"])


def happens(chosen: torch.Tensor, probability: float) -> bool:
    """Whether the share is that of the probability, within 3.3 standard deviations."""
    error = math.sqrt(probability * (1 - probability) / len(chosen))
    return abs(float(chosen.float().mean()) - probability) <= 3.3 * error


def uniform(values: torch.Tensor, low: float, high: float) -> bool:
    """Whether the values are U(low, high), by the Kolmogorov-Smirnov test."""
    return bool(kstest(values.double().numpy(), "uniform", (low, high - low)).pvalue > LEVEL)


@pytest.fixture(scope="module")
def theirs():
    """Boxes of torchvision's RandomResizedCrop with the paper's limits."""
    torch.manual_seed(1)
    image = torch.empty(3, SIDE, SIDE)
    boxes = [RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(N)]
    return torch.tensor(boxes)


MEASURES = {
    "area": lambda box: box[:, 2] * box[:, 3],
    "aspect": lambda box: box[:, 3] / box[:, 2],
    "top": lambda box: box[:, 0],
    "left": lambda box: box[:, 1],
    "space taken of what is left": lambda box: box[:, 0] / (SIDE - box[:, 2] + 1),
}


@both
@pytest.mark.parametrize("measure", MEASURES)
def test_crops_are_distributed_as_torchvisions(drawn, theirs, which, measure):
    ours, other = (MEASURES[measure](boxes.double()).numpy() for boxes in (drawn[which].boxes, theirs))
    assert ks_2samp(ours, other).pvalue > LEVEL


def test_crops_are_uniform_in_area_and_in_log_aspect_ratio():
    """Table 6: area U(0.08, 1), aspect log-uniform in 3/4 ... 4/3; small boxes are never refused."""
    generator = torch.Generator().manual_seed(2)
    boxes = draw(resolve(ViewsConfig(preset="paper")), N, generator, (4096, 4096))[0].boxes.double()
    area = boxes[:, 2] * boxes[:, 3] / 4096**2
    small = (area < 0.7) & (area > 0.081)  # a side is at most sqrt(0.7 * 4/3) of the image
    aspect = boxes[small, 3] / boxes[small, 2]
    assert uniform(area[small], 0.081, 0.7)
    assert uniform(aspect.log(), math.log(3 / 4), math.log(4 / 3))


@both
def test_flips_happen_half_the_time_and_up_down_never(drawn, which):
    assert happens(drawn[which].flip_horizontal, 0.5)
    assert not drawn[which].flip_vertical.any()


@both
def test_jitter_applies_all_four_changes_to_80_percent_of_images(drawn, which):
    offset = drawn[which].factors - torch.tensor([1.0, 1.0, 1.0, 0.0])
    touched = (offset != 0).any(1)
    assert happens(touched, 0.8)
    assert (offset[touched] != 0).float().mean() > 0.9999


@both
@pytest.mark.parametrize("column", range(4), ids=list(MAXIMA))
def test_each_factor_is_uniform_around_neutral(drawn, which, column):
    offset = drawn[which].factors[:, column] - (0.0 if column == 3 else 1.0)
    most = list(MAXIMA.values())[column]
    assert uniform(offset[offset != 0], -most, most)


@both
def test_the_four_factors_are_independent(drawn, which):
    factors = drawn[which].factors
    touched = factors[factors[:, 3] != 0]
    others = torch.corrcoef(touched.T) - torch.eye(4)
    assert others.abs().max() < 4 / math.sqrt(len(touched))


@both
def test_all_24_orders_are_equally_likely(drawn, which):
    orders = [tuple(order) for order in drawn[which].order.tolist()]
    counts = [orders.count(order) for order in itertools.permutations(range(4))]
    assert sum(counts) == N
    assert chisquare(counts).pvalue > LEVEL


@both
def test_a_fifth_becomes_gray(drawn, which):
    assert happens(drawn[which].gray, 0.2)


def test_blur_is_always_on_view_1_and_one_time_in_ten_on_view_2(drawn):
    assert bool((drawn[0].sigma > 0).all())
    assert happens(drawn[1].sigma > 0, 0.1)


@both
def test_sigma_is_uniform_from_a_tenth_to_two_pixels(drawn, which):
    sigma = drawn[which].sigma
    assert uniform(sigma[sigma > 0], 0.1, 2.0)


def test_solarize_is_never_on_view_1_and_20_percent_on_view_2(drawn):
    assert drawn[0].threshold is None
    solarized = drawn[1].threshold <= 1
    assert happens(solarized, 0.2)
    assert drawn[1].threshold[solarized].unique().tolist() == [0.5]


def test_every_image_gets_its_own_draw(drawn):
    for view in drawn:
        assert len(view.boxes.unique(dim=0)) > 0.99 * N
        assert len(view.sigma[view.sigma > 0].unique()) > 0.99 * (view.sigma > 0).sum()
        assert len(view.factors[:, 0].unique()) > 0.75 * N


def numbers(view):
    """What was drawn, one column for each quantity that is drawn in both views."""
    columns = [*view.boxes.T, view.flip_horizontal, *view.factors.T, view.order[:, 0] == 0, view.gray, view.sigma]
    return torch.stack([column.double() for column in columns])


def test_the_two_views_are_drawn_independently(drawn):
    first, second = (numbers(view) for view in drawn)
    count = len(first)
    across = torch.corrcoef(torch.cat([first, second]))[:count, count:]
    assert across.abs().max() < 4.5 / math.sqrt(N)


def test_neighbors_in_a_batch_are_drawn_independently(drawn):
    values = numbers(drawn[0])
    count = len(values)
    across = torch.corrcoef(torch.cat([values[:, :-1], values[:, 1:]]))[:count, count:]
    assert across.abs().max() < 4.5 / math.sqrt(N)


def test_operations_are_drawn_independently_of_each_other(drawn):
    """Crop, flip, jitter, grayscale and blur of one view: no correlation from one to the next."""
    view = drawn[0]
    columns = [view.boxes[:, 0], view.flip_horizontal, view.factors[:, 0], view.order[:, 0], view.gray, view.sigma]
    values = torch.corrcoef(torch.stack([column.double() for column in columns])) - torch.eye(len(columns))
    assert values.abs().max() < 4.5 / math.sqrt(N)
