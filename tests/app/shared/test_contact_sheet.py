"""The contact sheet: a row for each class, its numbers, and names that are no markup."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from app.shared import contact_sheet
from app.shared.contact_sheet import EACH, SIZE, UNLABELED, Row, as_html, rows
from byol_core.data.account import ClassCount
from byol_core.data.catalog import sample, survey
from tests.photos import CLASSES, photos


def test_each_class_has_its_row_and_numbers(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", 60)
    found = list(rows(sample(source, SIZE, EACH), survey(source)))
    assert [(row.name, len(row.images)) for row in found] == [(name, EACH) for name in CLASSES]
    assert found[0].count == ClassCount("beach", 16, 4)


def test_images_are_those_of_their_class(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", 30)
    forest = list(rows(sample(source, SIZE, EACH), survey(source)))[1]
    for url in forest.images:
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
            red, green, blue = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))
        assert green > red and green > blue


def test_a_set_without_labels_is_one_row(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", 60, labels=False)
    (row,) = rows(sample(source, SIZE, EACH), survey(source))
    assert (row.name, row.count) == ("", None)
    assert "<b>Without a label</b>" in as_html(row) and len(row.images) == UNLABELED


def test_the_embedded_set_has_its_numbers() -> None:
    found = list(rows(sample("eurosat", 16, EACH), survey("eurosat")))
    assert len(found) == 10 and {len(row.images) for row in found} == {EACH}
    assert found[0].count is not None and found[0].count.train > found[0].count.test > 0


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=y>'])
def test_the_name_of_a_class_is_no_markup(name: str) -> None:
    made = as_html(Row(name, ("data:image/webp;base64,x",), None))
    assert not re.search("<script|<img src=x", made)


def test_a_class_of_which_nothing_is_read_says_so() -> None:
    assert "None of its images could be read." in contact_sheet.as_html(Row("a", (), None))
