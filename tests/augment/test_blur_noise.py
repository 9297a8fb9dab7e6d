"""Blur against torchvision; noise and cutout against their definitions."""

import pytest
import torch
from torchvision.transforms import functional as tv

from byol_core.augment import blur, noise


@pytest.mark.parametrize("size", [(32, 32), (40, 64)])
def test_blur_equals_torchvisions_for_each_sigma(generator, size):
    images = torch.rand(8, 3, *size, generator=generator)
    sigma = torch.linspace(0.1, 2.0, 8)
    kernel = [blur.kernel_size(size[1]), blur.kernel_size(size[0])]
    ours = blur.gaussian_blur(images, sigma)
    for i in range(8):
        assert torch.allclose(ours[i], tv.gaussian_blur(images[i], kernel, float(sigma[i])), atol=1e-5)


def test_sigma_zero_leaves_an_image_as_it_is(generator):
    images = torch.rand(4, 3, 32, 32, generator=generator)
    ours = blur.gaussian_blur(images, torch.tensor([0.0, 1.0, 0.0, 2.0]))
    assert torch.equal(ours[::2], images[::2])
    assert not torch.allclose(ours[1::2], images[1::2])


def test_the_kernel_is_the_papers_at_224_pixels():
    assert blur.kernel_size(224) == 23
    assert blur.kernel_size(32) == 3


def test_noise_adds_its_deviation_and_stays_in_range():
    images = torch.full((2, 3, 4, 4), 0.5)
    ours = noise.add_noise(images, torch.ones(2, 3, 4, 4) * 3, torch.tensor([0.1, 1.0]))
    assert torch.allclose(ours[0], torch.tensor(0.8))
    assert torch.equal(ours[1], torch.ones(3, 4, 4))


def test_cutout_equals_torchvisions_erase(generator):
    images = torch.rand(2, 3, 16, 16, generator=generator)
    ours = noise.cutout(images, torch.tensor([[2, 3, 5, 6], [-3, 14, 6, 6]]))
    assert torch.equal(ours[0], tv.erase(images[0], 2, 3, 5, 6, torch.tensor(0.5)))
    assert torch.equal(ours[1], tv.erase(images[1], 0, 14, 3, 2, torch.tensor(0.5)))
