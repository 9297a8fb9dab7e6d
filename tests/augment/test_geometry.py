"""Crop, mirrors, rotation and shift against torchvision's functional operations with the same parameters."""

import pytest
import torch
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as tv

from byol_core.augment import geometry

SIZE = (40, 48)


@pytest.fixture
def images(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(12, 3, *SIZE, generator=generator)


def none(images: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(images), dtype=torch.bool)


@pytest.mark.parametrize("size", [(32, 32), (40, 48), (64, 20)])
def test_crop_equals_torchvisions_resized_crop(images, generator, size):
    boxes = geometry.draw_boxes(len(images), SIZE, 1.0, generator)
    ours = geometry.crop_resize(images, boxes, none(images), none(images), size)
    for image, box, view in zip(images, boxes.tolist(), ours, strict=True):
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


def test_rotation_and_shift_equal_torchvisions_affine_on_a_mirrored_border(images):
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


def test_crop_area_and_aspect_follow_the_papers_table(generator):
    """Table 6 of arXiv 2006.07733, drawn by torchvision's rejection rule: the same quantiles of area and aspect."""
    torch.manual_seed(0)
    ours = geometry.draw_boxes(20_000, (224, 224), 1.0, generator).float()
    drawn = [RandomResizedCrop.get_params(torch.empty(3, 224, 224), [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(4_000)]
    theirs = torch.tensor(drawn).float()
    quantiles = torch.tensor([0.02, 0.25, 0.5, 0.75, 0.98])
    for measure in (lambda b: b[:, 2] * b[:, 3] / 224**2, lambda b: (b[:, 3] / b[:, 2]).log(), lambda b: b[:, 0]):
        mine, reference = measure(ours).quantile(quantiles), measure(theirs).quantile(quantiles)
        assert torch.allclose(mine, reference, atol=0.03 * float(reference[-1] - reference[0]))


def test_boxes_lie_inside_the_image(generator):
    boxes = geometry.draw_boxes(5_000, (20, 90), 2.0, generator)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 0] + boxes[:, 2] <= 20).all()
    assert (boxes[:, 1] + boxes[:, 3] <= 90).all()
    assert (boxes[:, 2:] > 0).all()


def test_strength_zero_takes_the_whole_image(generator):
    assert geometry.draw_boxes(3, SIZE, 0.0, generator).tolist() == [[0, 0, 40, 48]] * 3
