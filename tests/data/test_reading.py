"""Images of more than 8 bits in a folder: scaled by what the whole set holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from byol_core.data.account import Remark
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.errors import ArgumentError, InputError
from tests.data.accounts import left_out, remark
from tests.data.pictures import files, plane, png16, tiff
from tests.data.test_archive import make_tar, make_zip

RANDOM = np.random.default_rng(0)


def noisy(level: float, spread: float, dtype: type) -> np.ndarray:
    """An image around a value, (40, 40, 1)."""
    return (level + RANDOM.normal(0, spread, (40, 40, 1))).astype(dtype)


def folder_of(root: Path, images: dict[str, np.ndarray]) -> str:
    """A folder of TIFF files."""
    for name, values in images.items():
        (root / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "set" / name).write_bytes(tiff(values))
    return str(root / "set")


def levels(found: ImageSet) -> dict[str, list[int]]:
    """The mean brightness of the images of each class."""
    assert found.labels is not None
    means = found.images.float().mean((1, 2, 3)).round().int()
    return {name: means[found.labels == label].tolist() for label, name in enumerate(found.class_names)}


def two_classes(low: float, high: float, spread: float, dtype: type, outlier: float) -> dict[str, np.ndarray]:
    """Six images of either class; every other one has a single pixel with another value."""
    images = {
        f"{name}/{i}.tif": noisy(level, spread, dtype) for name, level in (("a", low), ("b", high)) for i in range(6)
    }
    for name, values in images.items():
        if name.endswith(("1.tif", "3.tif", "5.tif")):
            values[0, 0] = outlier
    return images


@pytest.mark.parametrize(
    ("low", "high", "spread", "dtype", "outlier", "expected", "words"),
    [
        (0.3, 0.6, 0.02, np.float32, 1.2, (76, 153), "values from 0 to 1"),
        (0.3, 0.6, 0.02, np.float32, -1, (76, 153), "values from 0 to 1"),
        (800, 1600, 20, np.int32, -1, (50, 100), "12-bit values"),
        (1000, 3000, 100, np.uint16, 65535, (62, 187), "12-bit values"),
        (200, 700, 20, np.uint16, 0, (50, 174), "10-bit values"),
        (10_000, 50_000, 900, np.uint16, 0, (39, 195), "16-bit values"),
    ],
)
def test_a_pixel_does_not_decide_for_its_image(
    tmp_path: Path,
    low: float,
    high: float,
    spread: float,
    dtype: type,
    outlier: float,
    expected: tuple[int, int],
    words: str,
) -> None:
    found = load(folder_of(tmp_path, two_classes(low, high, spread, dtype, outlier)), 32)
    assert remark(found, Remark.RANGE) == {"range": words}
    for level, means in zip(expected, levels(found).values(), strict=True):
        assert max(abs(mean - level) for mean in means) <= 2


def test_odd_values_keep_their_order(tmp_path: Path) -> None:
    found = load(folder_of(tmp_path, two_classes(-800, 1200, 30, np.int16, 30_000)), 32)
    low, high = levels(found).values()
    assert max(low) < 20
    assert min(high) > 235


def test_constant_floats_are_no_broken_files(tmp_path: Path) -> None:
    images = {f"{i}.tif": plane(value, dtype=np.float32) for i, value in enumerate((300, 0.5, 0.6))}
    found = load(folder_of(tmp_path, images), 8)
    assert (len(found), left_out(found)) == (3, {})


def test_a_set_of_one_odd_value_is_refused(tmp_path: Path) -> None:
    images = {f"{i}.tif": plane(-3.0, dtype=np.float32) for i in range(3)}
    with pytest.raises(InputError, match=r"All values of the images of 'set' are -3, .* set data.range"):
        load(folder_of(tmp_path, images), 8)


def test_every_file_shows_its_colors_beside_all_others(tmp_path: Path) -> None:
    beside = [file for file in files() if not file.alone]
    for file in beside:
        (tmp_path / file.name).write_bytes(file.content)
    found = load(str(tmp_path), 8)
    assert left_out(found) == {}
    for file, image in zip(beside, found.images.permute(0, 2, 3, 1).numpy().astype(int), strict=True):
        corners = image[[1, 1, 6, 6], [1, 6, 1, 6]]
        assert np.abs(corners - np.array(file.corners)).max() <= file.tolerance, file.name
    assert remark(found, Remark.FOURTH_BAND) == {"n": 4}
    assert remark(found, Remark.RANGE) == {"range": "16-bit values, values from 0 to 1"}


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_an_archive_is_surveyed_too(tmp_path: Path, make: Callable[..., str], png: Callable[..., bytes]) -> None:
    deep = {f"{i}.png": png16(np.full((9, 9, 3), 400 * i, np.uint16)) for i in range(1, 10)}
    found = load(make(tmp_path / "set", {"0.png": png("white"), **deep, "x.png": png("black")}), 8)
    assert found.images[:, 0, 0, 0].tolist() == [255, *(round(400 * i / 4095 * 255) for i in range(1, 10)), 0]


@pytest.mark.parametrize(("values", "expected"), [("16-bit", 4), ("12-bit", 62), ("0,2000", 128), ("min-max", 0)])
def test_the_range_can_be_chosen(tmp_path: Path, values: str, expected: int) -> None:
    source = folder_of(tmp_path, {f"{i}.tif": plane(1000 + 100 * i) for i in range(4)})
    found = load(source, 8, values=values, images="disk")
    assert found.images[0].unique().tolist() == [expected]


def test_another_range_is_another_set_in_the_cache(tmp_path: Path) -> None:
    source = folder_of(tmp_path, {f"{i}.tif": plane(1000 + 100 * i) for i in range(4)})
    seen = [load(source, 8, values=values, images="disk").images[0, 0, 0, 0].item() for values in ("auto", "16-bit")]
    assert seen == [62, 4]


def test_bytes_are_as_they_are_whatever_the_range(photos: Callable[..., Path]) -> None:
    root = str(photos({}.fromkeys(("a.png", "b.png", "c.png"))))
    assert (load(root, 8, values="0-1").images == load(root, 8).images).all()


def test_an_unknown_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="'values' should be auto, 0-1, -1-1, 0-255, 10-bit"):
        load(str(tmp_path), 8, values="bright")


def test_a_file_that_changes_meanwhile_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder_of(tmp_path, {f"{i}.tif": plane(1000 + 100 * i) for i in range(4)})
    opened = Image.open

    def once(path: Path, **options: object) -> Image.Image:
        found = opened(path, **options)  # type: ignore[arg-type]
        found.load()
        Path(path).write_bytes(b"other")
        return found

    monkeypatch.setattr(Image, "open", once)
    with pytest.raises(InputError, match=r"'0.tif' has changed while the set was read"):
        load(source, 8)
