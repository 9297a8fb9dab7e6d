"""Crop, mirrors, rotation and shift against torchvision's functional operations with the same parameters."""

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tv

from byol_core.augment import geometry

SIZE = (40, 48)


@pytest.fixture
def images(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(12, 3, *SIZE, generator=generator)


def boxes(n: int, size: tuple[int, int], strength: float, generator: torch.Generator) -> torch.Tensor:
    return geometry.draw_boxes(torch.rand(geometry.BOX_NUMBERS, n, generator=generator), size, strength)


def none(images: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(images), dtype=torch.bool)


@pytest.mark.parametrize("size", [(32, 32), (40, 48), (64, 20), (9, 7)])
def test_crop_equals_torchvisions_resized_crop(images, generator, size):
    drawn = boxes(len(images), SIZE, 1.0, generator)
    ours = geometry.crop_resize(images, drawn, none(images), none(images), size)
    for image, box, view in zip(images, drawn.tolist(), ours, strict=True):
        theirs = tv.resized_crop(image, *box, list(size), InterpolationMode.BICUBIC, antialias=True).clamp(0, 1)
        assert torch.allclose(view, theirs, atol=1e-5)


def test_mirrors_equal_torchvisions_flips(images):
    whole = torch.tensor([0, 0, *SIZE]).expand(len(images), 4)
    both = torch.ones(len(images), dtype=torch.bool)
    ours = geometry.crop_resize(images, whole, both, both, SIZE)
    assert torch.allclose(ours, tv.vflip(tv.hflip(images)), atol=1e-5)


def test_each_image_is_mirrored_on_its_own(images):
    whole = torch.tensor([0, 0, *SIZE]).expand(len(images), 4)
    mirror = torch.arange(len(images)) % 2 == 0
    ours = geometry.crop_resize(images, whole, mirror, none(images), SIZE)
    assert torch.allclose(ours[0], tv.hflip(images[0]), atol=1e-5)
    assert torch.allclose(ours[1], images[1], atol=1e-5)


def test_rotation_and_shift_match_torchvision_at_mirrored_edges(images):
    degrees = torch.linspace(-170, 170, len(images))
    pixels = torch.tensor([3, -2])
    ours = geometry.rotate_shift(images, torch.zeros(len(images)), (pixels / torch.tensor([48, 40])).expand(12, 2))
    turned = geometry.rotate_shift(images, degrees, torch.zeros(len(images), 2))
    for i, image in enumerate(images):
        border = tv.pad(image, 40, padding_mode="symmetric")
        moved = tv.affine(border, 0.0, pixels.tolist(), 1.0, [0.0, 0.0], InterpolationMode.BILINEAR)
        assert torch.allclose(ours[i], tv.center_crop(moved, list(SIZE)), atol=1e-4)
        rotated = tv.rotate(border, float(degrees[i]), InterpolationMode.BILINEAR)
        assert torch.allclose(turned[i], tv.center_crop(rotated, list(SIZE)), atol=1e-4)


def test_boxes_lie_inside_the_image(generator):
    top, left, height, width = boxes(5_000, (20, 90), 2.0, generator).unbind(1)
    assert torch.minimum(top, left).min() >= 0
    assert torch.minimum(height, width).min() > 0
    assert (top + height).max() <= 20
    assert (left + width).max() <= 90


def test_strength_zero_takes_the_whole_image(generator):
    assert boxes(3, SIZE, 0.0, generator).tolist() == [[0, 0, 40, 48]] * 3


def test_large_crops_are_as_exact_as_small_ones(generator):
    """In float32 the place of a pixel is coarser the further it is from the corner; the weights must not show it."""
    image = torch.rand(1, 3, 500, 500, generator=generator)
    ours = geometry.crop_resize(image, torch.tensor([[3, 7, 491, 489]]), none(image), none(image), (97, 448))
    box = (3, 7, 491, 489)
    theirs = tv.resized_crop(image.double(), *box, [97, 448], InterpolationMode.BICUBIC, antialias=True).clamp(0, 1)
    assert torch.allclose(ours.double(), theirs, atol=2e-6)
