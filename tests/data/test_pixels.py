"""Axes, ranges and the resize of raw arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

from byol_core.data import pixels
from byol_core.data.pixels import AS_STORED, SIGNED, SIXTEEN_BIT, UNIT, Scale, check_shape, fit, layout
from byol_core.errors import InputError


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((9, 28, 28), "NHW"),
        ((9, 28, 28, 1), "NHWC"),
        ((9, 32, 24, 3), "NHWC"),
        ((9, 32, 32, 4), "NHWC"),
        ((9, 1, 28, 28), "NCHW"),
        ((9, 3, 32, 24), "NCHW"),
        ((9, 1, 4, 4), "NCHW"),
        ((9, 4, 4, 1), "NHWC"),
    ],
)
def test_axes_are_recognized(shape: tuple[int, ...], axes: str) -> None:
    assert layout(shape, "x") == axes


@pytest.mark.parametrize("shape", [(9,), (9, 784), (32, 32, 3), (9, 2, 32, 32), (9, 5, 3, 32, 32)])
def test_other_dimensions_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"x has the shape .* and should be \(N, height, width\)"):
        layout(shape, "x")


@pytest.mark.parametrize("shape", [(2, 20_000, 20_000), (2, 0, 32)])
def test_sides_that_no_picture_has_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="between 1 and 100 million"):
        check_shape(shape, "x")


@pytest.mark.parametrize(
    ("scale", "values", "expected"),
    [
        (UNIT, [0.0, 0.5, 1.0, 1.005], [0, 128, 255, 255]),
        (SIGNED, [-1.0, 0.0, 1.0], [0, 128, 255]),
        (AS_STORED, [0.4, 254.6, 255.2], [0, 255, 255]),
        (SIXTEEN_BIT, [0, 257, 65535], [0, 1, 255]),
    ],
)
def test_values_become_bytes(scale: Scale, values: list[float], expected: list[int]) -> None:
    assert scale(np.array(values)).tolist() == expected


def test_the_resize_is_pillows_antialiased_one() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    expected = np.asarray(Image.fromarray(picture).resize((16, 16), Image.Resampling.BILINEAR))
    found = fit(torch.from_numpy(picture).permute(2, 0, 1)[None], 16)[0].permute(1, 2, 0)
    assert np.abs(found.numpy().astype(int) - expected).max() <= 1


def test_the_shorter_side_is_fitted_and_the_center_kept() -> None:
    wide = torch.zeros(1, 3, 8, 24, dtype=torch.uint8)
    wide[..., 8:16] = 200
    assert (fit(wide, 8) == 200).all()


def test_gray_gets_three_channels_and_alpha_goes_over_white() -> None:
    assert fit(torch.full((2, 1, 8, 8), 7, dtype=torch.uint8), 4).unique().tolist() == [7]
    clear = torch.zeros(2, 4, 8, 8, dtype=torch.uint8)
    assert fit(clear, 8).unique().tolist() == [255]
    assert fit(clear, 8).shape == (2, 3, 8, 8)


def test_without_alpha_the_fourth_channel_is_left_out() -> None:
    four = torch.tensor([9, 8, 7, 0], dtype=torch.uint8).reshape(1, 4, 1, 1).expand(2, 4, 8, 8)
    assert fit(four, 4, alpha=False)[0, :, 0, 0].tolist() == [9, 8, 7]
    assert fit(four, 8, alpha=False)[0, :, 0, 0].tolist() == [9, 8, 7]


def resized_then_cropped(images: torch.Tensor, size: int) -> torch.Tensor:
    """The whole image resized, and cropped afterwards."""
    height, width = images.shape[2:]
    target = (round(height * size / min(height, width)), round(width * size / min(height, width)))
    images = interpolate(images, target, mode="bilinear", antialias=True, align_corners=False)
    top, left = (target[0] - size) // 2, (target[1] - size) // 2
    return images[:, :, top : top + size, left : left + size]


def test_cropping_first_changes_no_pixel() -> None:
    random = np.random.default_rng(0)
    for _ in range(60):
        shape = (*random.integers(1, 90, 2), int(random.integers(4, 70)))
        images = torch.from_numpy(random.integers(0, 256, (2, 3, *shape[:2]), np.uint8))
        difference = fit(images, shape[2]).int() - resized_then_cropped(images, shape[2]).int()
        assert difference.abs().max() <= 1, shape


@pytest.mark.parametrize(("height", "width"), [(4, 2500), (2500, 4), (6, 900), (1, 5000)])
def test_of_a_wide_image_only_the_middle_is_resized(height: int, width: int) -> None:
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 1, height, width), np.uint8))
    part, target, _ = pixels._cropped(images, 64)
    assert part.numel() <= images.numel() / 8
    assert max(target) < 400
    assert (fit(images, 64).int() - resized_then_cropped(images, 64).int()).abs().max() <= 1


def test_an_odd_wide_image_is_centered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "MOST_RESIZED", 1)
    ramp = torch.arange(2503).clamp(1240, 1262).sub(1240).mul(10).byte().expand(1, 1, 5, 2503)
    found, expected = fit(ramp, 64), resized_then_cropped(ramp, 64)
    assert (found.int() - expected.int()).abs().max() <= 6  # of a step of 10 per pixel
    assert pixels._cropped(ramp, 64)[0].shape[3] < 60
