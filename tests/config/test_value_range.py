"""The setting for the range of values: names and pairs."""

from __future__ import annotations

import pytest

from byol_core.config import build
from byol_core.config.parsing import parse_assignments
from byol_core.config.value_range import NAMED, limits
from byol_core.errors import InputError


@pytest.mark.parametrize("text", ["auto", "min-max"])
def test_some_ranges_are_found_from_the_images(text: str) -> None:
    assert limits(text) is None


@pytest.mark.parametrize(("text", "expected"), [*NAMED.items(), ("100,4000", (100, 4000)), ("-1.5, 2e3", (-1.5, 2000))])
def test_a_range_is_a_name_or_a_pair(text: str, expected: tuple[float, float]) -> None:
    assert limits(text) == expected
    assert build({}, parse_assignments([f"data.range={text}"])).data.range == text


@pytest.mark.parametrize("text", ["", "bright", "1", "1,2,3", "5,5", "9,1", "nan,1", "0,inf", "8-bit"])
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InputError, match=r"data.range.* auto, 0-1, .*100,4000"):
        build({}, {"data.range": text})
