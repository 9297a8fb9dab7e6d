"""The color operations against torchvision's functional ones with the same parameters."""

import pytest
import torch
from torchvision.transforms import functional as tv

from byol_core.augment import color

THEIRS = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation, tv.adjust_hue)


@pytest.fixture
def images(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(16, 3, 9, 11, generator=generator)


@pytest.mark.parametrize("which", range(4), ids=["brightness", "contrast", "saturation", "hue"])
def test_each_operation_equals_torchvisions(images, which):
    amount = torch.linspace(-0.5, 0.5, 16) if which == color.HUE else torch.linspace(0, 2, 16)
    factors = torch.tensor([1.0, 1.0, 1.0, 0.0]).repeat(16, 1)
    factors[:, which] = amount
    ours = color.jitter(images, factors, torch.arange(4).expand(16, 4))
    for i in range(16):
        assert torch.allclose(ours[i], THEIRS[which](images[i], float(amount[i])), atol=1e-5)


def test_the_four_run_in_each_images_own_order(images, generator):
    uniform = torch.rand(color.JITTER_NUMBERS, 16, generator=generator)
    factors, order = color.draw_jitter(uniform, (2.0, 2.0, 2.0, 2.0), torch.ones(16, dtype=torch.bool))
    ours = color.jitter(images, factors, order)
    for i in range(16):
        theirs = images[i]
        for which in order[i].tolist():
            theirs = THEIRS[which](theirs, float(factors[i, which]))
        assert torch.allclose(ours[i], theirs, atol=1e-5)


def test_grayscale_equals_torchvisions_where_chosen(images):
    chosen = torch.arange(16) % 2 == 0
    ours = color.grayscale(images, chosen)
    assert torch.allclose(ours[::2], tv.rgb_to_grayscale(images[::2], 3), atol=1e-5)
    assert torch.equal(ours[1::2], images[1::2])


def test_solarize_equals_torchvisions_at_each_threshold(images):
    thresholds = torch.linspace(0, 1, 16)
    ours = color.solarize(images, thresholds)
    for i in range(16):
        assert torch.allclose(ours[i], tv.solarize(images[i], float(thresholds[i])))
