"""One range for all images of a set and data type, whatever single pixels and images hold."""

from __future__ import annotations

import numpy as np
import pytest

from byol_core.data.pixels import AS_STORED, SIGNED, SIXTEEN_BIT, UNIT, Scale
from byol_core.data.ranges import FOURTEEN_BIT, INT8, TEN_BIT, TWELVE_BIT, Survey, edges_of_each, find_scale, words
from byol_core.errors import InputError

RANDOM = np.random.default_rng(0)
GRAY = RANDOM.random((20, 28, 28)).astype(np.float32)


def scale_of(images: np.ndarray, wanted: str = "auto") -> Scale:
    """The scale of images of one data type."""
    survey = Survey()
    for edges in edges_of_each(images):
        survey.add(edges)
    (scale,) = survey.scales(wanted, "x").values()
    return scale


@pytest.mark.parametrize(
    ("dtype", "low", "high", "scale"),
    [
        ("float", 0.0, 1.0, UNIT),
        ("float", -0.04, 1.06, UNIT),
        ("float", 0.3, 0.6, UNIT),
        ("float", 0.0, 0.0, UNIT),
        ("float", -1.0, 1.0, SIGNED),
        ("float", -1.04, 1.06, SIGNED),
        ("float", 0.0, 255.0, AS_STORED),
        ("float", -12.0, 270.0, AS_STORED),
        ("uint8", 0, 255, AS_STORED),
        ("uint8", 0, 1, UNIT),
        ("bool", 0, 1, UNIT),
        ("uint16", 0, 200, AS_STORED),
        ("uint16", 0, 256, TEN_BIT),
        ("uint16", 0, 1023, TEN_BIT),
        ("int32", 0, 1024, TWELVE_BIT),
        ("uint16", 0, 4095, TWELVE_BIT),
        ("uint16", 0, 10_000, FOURTEEN_BIT),
        ("uint16", 0, 65535, SIXTEEN_BIT),
        ("int8", -128, 127, INT8),
    ],
)
def test_a_usual_range_is_recognized(dtype: str, low: float, high: float, scale: Scale) -> None:
    assert find_scale(dtype, low, high, "x") is scale


@pytest.mark.parametrize(
    ("dtype", "low", "high", "black", "white"),
    [
        ("float", -0.4242, 2.8215, -0.4242, 2.8215),  # MNIST as torchvision normalizes it
        ("float", -2.118, 2.64, -2.118, 2.64),  # ImageNet
        ("float", 0.0, 0.0625, 0.0, 0.0625),
        ("float", 0.01, 0.02, 0.0, 0.02),
        ("float", 250.0, 320.0, 250.0, 320.0),
        ("float", -20.0, 100.0, -20.0, 100.0),
        ("int16", -1000, 2000, -1000, 2000),
        ("uint32", 5, 100_000, 5, 100_000),
    ],
)
def test_any_other_range_is_the_sets_own(dtype: str, low: float, high: float, black: float, white: float) -> None:
    scale = find_scale(dtype, low, high, "x")
    assert scale(np.array([low - 9, black, white, high + 9])).tolist() == [0, 0, 255, 255]
    assert scale(np.array([(black + white) / 2]))[0] in (127, 128)


@pytest.mark.parametrize(
    ("images", "outlier", "scale"),
    [
        (GRAY, 300, UNIT),
        (GRAY, -1, UNIT),
        (GRAY * 2 - 1, 5, SIGNED),
        (GRAY * 255, 70_000, AS_STORED),
        ((GRAY * 4000).astype(np.uint16), 65535, TWELVE_BIT),
        ((GRAY * 4000).astype(np.int32), -1, TWELVE_BIT),
        ((GRAY * 250).astype(np.int64), 256, AS_STORED),
    ],
)
@pytest.mark.parametrize("places", [[0], [3, 600]])
def test_hot_pixels_do_not_decide(images: np.ndarray, outlier: float, scale: Scale, places: list[int]) -> None:
    images = images.copy()
    images.reshape(20, -1)[:, places] = outlier
    assert scale_of(images) is scale


def test_one_odd_image_of_a_hundred_does_not_decide() -> None:
    images = RANDOM.random((150, 8, 8))
    images[7] *= 1000
    assert scale_of(images) is UNIT


def test_a_rare_bright_spot_is_seen_where_all_else_is_black() -> None:
    images = np.zeros((4, 20, 20), np.uint16)
    images[:, 3, 3] = 4000
    assert scale_of(images) is TWELVE_BIT


def test_each_data_type_has_its_own_range() -> None:
    survey = Survey()
    for images in (GRAY, (GRAY * 4000).astype(">u2"), GRAY.astype(np.float16)):
        for edges in edges_of_each(images):
            survey.add(edges)
    scales = survey.scales("auto", "x")
    assert scales == {"float": UNIT, "uint16": TWELVE_BIT}
    assert words(scales) == "values from 0 to 1, 12-bit values"


@pytest.mark.parametrize(
    ("wanted", "white"),
    [
        ("0-1", 1),
        ("0-255", 255),
        ("10-bit", 1023),
        ("12-bit", 4095),
        ("14-bit", 16383),
        ("16-bit", 65535),
        ("5,80", 80),
    ],
)
def test_a_chosen_range_is_taken_as_it_is(wanted: str, white: float) -> None:
    scale = scale_of(GRAY * 3000, wanted)
    assert scale(np.array([white, 0.0])).tolist() == [255, 0]


def test_min_max_stretches_the_set() -> None:
    scale = scale_of(np.linspace(0.3, 0.6, 20_000).reshape(2, 100, 100), "min-max")
    assert scale(np.array([0.3, 0.6])).tolist() == [0, 255]
    assert scale(np.array([0.45]))[0] in (127, 128)


def test_values_that_are_all_the_same_are_refused() -> None:
    with pytest.raises(InputError, match=r"All values of x are -7, .* set data.range"):
        scale_of(np.full((4, 8, 8), -7.0))
