"""What is told of a source before it is loaded: the same account as after, and a few images of each class."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from byol_core.data import decode
from byol_core.data.account import Account, ClassCount, Reason, Remark
from byol_core.data.catalog import load, sample, stamp, survey
from byol_core.errors import InputError

Photos = Callable[..., Path]
SET = {f"train/{name}/{i}.png": None for name in ("cat", "dog") for i in range(10)}
SET |= {f"test/{name}/{i}.png": None for name in ("cat", "bird") for i in range(3)}
SET |= {"train/cat/notes.txt": b"x", "extra/a.png": None}


@pytest.fixture(params=["folder", "zip", "tar.gz"])
def source(request: pytest.FixtureRequest, photos: Photos, tmp_path: Path) -> Path:
    folder, kind = photos(SET), request.param
    if kind == "folder":
        return folder
    packed = tmp_path / f"photos.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
    else:
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(folder, ".")
    return packed


@pytest.mark.parametrize("limit", [None, 6])
def test_a_survey_is_the_account_of_the_load(source: Path, limit: int | None) -> None:
    loaded = load(source, 8, limit=limit).account
    told = tuple(each for each in loaded.remarks if each.remark not in (Remark.NEAR_CONSTANT, Remark.DUPLICATES))
    assert loaded.train == (limit or 20) and loaded.thinned == 20 - loaded.train
    assert survey(source, limit) == replace(loaded, decoded=False, remarks=told)


def test_a_survey_opens_no_image(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("an image was opened"))
    found = survey(photos(SET))
    assert found.classes == (ClassCount("bird", 0, 3), ClassCount("cat", 10, 3), ClassCount("dog", 10, 0))
    assert {each.reason: each.count for each in found.left_out} == {
        Reason.OTHER_KIND: 1,
        Reason.OUTSIDE_OF_SPLITS: 1,
    }
    assert [each.remark for each in found.warnings] == [Remark.CLASSES_ONLY_IN_TRAINING, Remark.CLASSES_ONLY_IN_TEST]


@pytest.mark.parametrize("limit", [None, 5])
def test_arrays_are_surveyed_by_their_labels(tmp_path: Path, limit: int | None) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (20, 8, 8, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(20) % 2)
    np.save(tmp_path / "a.npy", images)
    for name in ("a.npz", "a.npy"):
        found, loaded = survey(tmp_path / name, limit), load(tmp_path / name, 8, limit=limit).account
        without_range = tuple(each for each in loaded.remarks if each.remark != Remark.RANGE)
        assert found == replace(loaded, remarks=without_range, decoded=False)
        assert found.train == (limit or 16)


def test_of_a_named_set_the_catalog_tells_how_many() -> None:
    assert survey("cifar10") == Account(train=50_000, test=10_000, decoded=False)
    assert survey("eurosat", 100) == Account(train=100, test=1000, decoded=False, thinned=3900)


@pytest.mark.parametrize("read", [survey, lambda path: sample(path, 8, 2), stamp])
def test_what_cannot_be_surveyed_is_one_sentence(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(InputError, match="There is no image set and no path"):
        read(tmp_path / "none")
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match="is a single image"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize("read", [survey, lambda path: sample(path, 8, 2), lambda path: load(path, 8)])
def test_too_few_images_are_one_sentence(photos: Photos, read: Callable[[Path], object]) -> None:
    with pytest.raises(InputError, match=r"holds 1 usable image, .* 1 file was not used \(a text\): b\.txt\."):
        read(photos({"a.png": None, "b.txt": b"x"}))


def test_a_stamp_changes_with_the_images(photos: Photos) -> None:
    folder = photos(["a.png", "b.png"])
    before = stamp(folder)
    assert stamp(f'"{folder}"') == before
    (folder / "c.png").touch()
    assert stamp(folder) != before


def test_a_sample_holds_a_few_images_of_each_class(source: Path) -> None:
    found = sample(source, 8, 4)
    assert found.labels is not None
    counts = dict(zip(found.class_names, np.bincount(found.labels.numpy()).tolist(), strict=True))
    assert counts == {"bird": 3, "cat": 4, "dog": 4}
    assert found.images.shape[1:] == (3, 8, 8)


def test_a_sample_is_spread_over_the_class(photos: Photos) -> None:
    found = sample(photos([f"{name}/{i:02}.png" for name in "ab" for i in range(11)]), 8, 3)
    assert sorted(found.images[:, 0, 0, 0].tolist()) == [0, 5, 10, 11, 16, 21]


def test_more_images_are_sampled_where_there_are_no_labels(photos: Photos) -> None:
    found = sample(photos([f"{i:02}.png" for i in range(30)]), 8, 3)
    assert found.labels is None and len(found) == 15


def test_a_sample_of_arrays_and_of_a_named_set(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(40) % 2)
    assert len(sample(tmp_path / "a.npz", 8, 4).train) == 8
    assert len(sample("eurosat", 8, 2).train) == 4000  # which is at hand
