"""Axes, ranges and the resize of raw arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from byol_core.data.pixels import AS_STORED, SIGNED, SIXTEEN_BIT, UNIT, Scale, check_shape, find_scale, fit, layout
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
    ("kind", "low", "high", "scale"),
    [
        ("f", 0.0, 1.0, UNIT),
        ("f", -0.001, 1.001, UNIT),
        ("f", -1.0, 1.0, SIGNED),
        ("f", 0.0, 255.0, AS_STORED),
        ("u", 0, 255, AS_STORED),
        ("u", 0, 1, UNIT),
        ("b", 0, 1, UNIT),
        ("u", 0, 65535, SIXTEEN_BIT),
        ("i", 0, 256, SIXTEEN_BIT),
    ],
)
def test_the_range_is_found(kind: str, low: float, high: float, scale: Scale) -> None:
    assert find_scale(kind, low, high, "x") is scale


@pytest.mark.parametrize(("kind", "low", "high"), [("f", -2.1, 2.6), ("i", -1, 1), ("i", 0, 70_000), ("f", 0, 65535)])
def test_an_unusual_range_is_refused(kind: str, low: float, high: float) -> None:
    with pytest.raises(InputError, match="x has values from"):
        find_scale(kind, low, high, "x")


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
