"""Layouts of real sets: the right classes, splits and counts, as a folder and as a .zip, decoded or only listed."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.data.listing import listed
from tests.data.accounts import reasons
from tests.data.layouts.building import Layout
from tests.data.layouts.habits import HABITS
from tests.data.layouts.sets import SETS

LAYOUTS = [*SETS, *HABITS]

COLORS = {"red": (220, 30, 30), "blue": (30, 30, 220), "green": (30, 200, 30), "gray": (128, 128, 128)}


@cache
def picture(color: str, number: int, kind: str) -> bytes:
    noise = np.random.default_rng(number).integers(-20, 21, (10, 10, 3))
    content = io.BytesIO()
    Image.fromarray(np.clip(np.array(COLORS[color]) + noise, 0, 255).astype(np.uint8)).save(content, kind)
    return content.getvalue()


def contents(layout: Layout) -> dict[str, bytes]:
    return {
        path: content
        if isinstance(content, bytes)
        else picture(content, number, "PNG" if path.endswith("png") else "JPEG")
        for number, (path, content) in enumerate(layout.files.items())
    }


def as_folder(layout: Layout, place: Path) -> Path:
    for name in layout.empty:
        (place / "set" / name).mkdir(parents=True)
    for path, content in contents(layout).items():
        (place / "set" / path).parent.mkdir(parents=True, exist_ok=True)
        (place / "set" / path).write_bytes(content)
    return place / "set"


def as_zip(layout: Layout, place: Path) -> Path:
    with zipfile.ZipFile(place / "set.zip", "w") as archive:
        for path, content in [*((f"{name}/", b"") for name in layout.empty), *contents(layout).items()]:
            archive.writestr(path, content)
    return place / "set.zip"


def color_of(found: ImageSet, row: int) -> str:
    mean = found.images[row].float().mean((1, 2)).tolist()
    return min(COLORS, key=lambda name: sum((a - b) ** 2 for a, b in zip(COLORS[name], mean, strict=True)))


def labels_and_colors(found: ImageSet) -> set[tuple[str, str]]:
    assert found.labels is not None
    labels = found.labels.tolist()
    return {(found.class_names[label], color_of(found, row)) for row, label in enumerate(labels) if label >= 0}


@pytest.mark.parametrize("pack", [as_folder, as_zip])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_layout_is_read_rightly(tmp_path: Path, layout: Layout, pack) -> None:
    found = load(str(pack(layout, tmp_path)), 8, images="memory")
    account = found.account
    assert found.class_names == tuple(layout.classes)
    assert reasons(account) == layout.left_out
    assert (account.images, account.unlabeled) == (layout.train + (layout.test or 0), layout.unlabeled)
    if layout.test is not None:
        assert (account.train, account.test) == (layout.train, layout.test)
    if layout.classes:
        assert labels_and_colors(found) <= set(layout.classes.items())
        assert {each.name for each in account.classes if each.train or each.test} >= {*layout.classes} - {*layout.empty}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_listing_tells_what_is_read(tmp_path: Path, layout: Layout) -> None:
    source = as_folder(layout, tmp_path)
    before, after = listed(source), load(str(source), 8, images="memory").account
    assert not before.decoded
    assert (before.train, before.test, before.unlabeled) == (after.train, after.test, after.unlabeled)
    assert (before.classes, before.left_out) == (after.classes, after.left_out) or layout.left_out.get("not_an_image")


def test_there_are_at_least_forty_layouts() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS) >= 40
