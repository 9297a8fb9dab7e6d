"""Folders in every shape people keep them: classes, splits, wrappers, foreign files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from byol_core.data.account import Remark
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.errors import InputError
from tests.data.accounts import left_out, remark

Photos = Callable[..., Path]
CLASSES = [f"{name}/{number}.png" for name in ("cats", "dogs") for number in range(5)]


def labels(found: ImageSet) -> list[int]:
    assert found.labels is not None
    return found.labels.tolist()


def test_class_folders(photos: Photos) -> None:
    found = load(str(photos(CLASSES)), 8)
    assert (found.name, found.class_names, found.images.shape) == ("photos", ("cats", "dogs"), (10, 3, 8, 8))
    assert labels(found) == [0] * 5 + [1] * 5
    assert found.labels is not None
    assert torch.bincount(found.labels[found.test]).tolist() == [1, 1]
    assert remark(found, Remark.HELD_OUT) == {"n": 2}
    assert found.images[:, 0, 0, 0].tolist() == list(range(10))  # every image with its own label


def test_a_flat_folder_has_no_labels(photos: Photos) -> None:
    found = load(str(photos(["a.png", "b.png", "c.png"])), 8)
    assert (found.labels, found.class_names, len(found.train), len(found.test)) == (None, (), 2, 1)


@pytest.mark.parametrize("test", ["test", "val", "Validation"])
def test_train_and_test_above_the_classes(photos: Photos, test: str) -> None:
    found = load(
        str(photos([f"{side}/{name}/{i}.png" for side in ("train", test) for name in "ab" for i in (1, 2)])), 8
    )
    assert (found.class_names, remark(found, Remark.HELD_OUT)) == (("a", "b"), None)
    assert labels(found) == [0, 0, 1, 1] * 2
    assert len(found.test) == 4
    sides = {int(value) for value in found.images[found.test][:, 0, 0, 0]}
    assert sides in ({4, 5, 6, 7}, {0, 1, 2, 3})


def test_train_is_train(photos: Photos) -> None:
    found = load(str(photos({"train/1.png": None, "train/2.png": None, "test/3.png": None})), 8)
    assert found.images[found.test][:, 0, 0, 0].tolist() == [2]
    assert found.labels is None


def test_val_joins_training_beside_test(photos: Photos) -> None:
    root = photos(["train/a/1.png", "train/b/1.png", "val/a/2.png", "test/b/3.png", "stray.png", "more/x.png"])
    found = load(str(root), 8)
    assert (len(found.train), len(found.test)) == (3, 1)
    assert left_out(found) == {"outside_of_splits": ("stray.png", "more/x.png")}


def test_test_images_may_lack_class_folders(photos: Photos) -> None:
    found = load(str(photos(["train/a/1.png", "train/b/1.png", "test/2.png"])), 8)
    assert sorted(labels(found)) == [-1, 0, 1]


def test_a_wrapper_is_not_a_class(photos: Photos) -> None:
    found = load(str(photos(["set/all/a/1.png", "set/all/b/1.png"])), 8)
    assert found.class_names == ("a", "b")


def test_one_folder_of_images_has_no_labels(photos: Photos) -> None:
    assert load(str(photos(["holiday/1.png", "holiday/2.png"])), 8).labels is None


def test_deeper_folders_belong_to_their_class(photos: Photos) -> None:
    assert labels(load(str(photos(["a/x/1.png", "a/y/2.png", "b/3.png"])), 8)) == [0, 0, 1]


def test_an_image_beside_the_classes_is_unlabeled(photos: Photos) -> None:
    assert sorted(labels(load(str(photos(["a/1.png", "b/2.png", "stray.png"])), 8))) == [-1, 0, 1]


def test_a_class_folder_without_images_is_fine(photos: Photos) -> None:
    found = load(str(photos(["cats/1.png", "cats/2.png", "dogs/1.png", "eels/"])), 8)
    assert found.class_names == ("cats", "dogs", "eels")
    assert labels(found) == [0, 0, 1]


def test_foreign_and_broken_files_are_named_and_never_fatal(photos: Photos, png: Callable[..., bytes]) -> None:
    whole = png(size=(200, 200), kind="JPEG")
    files = {
        **dict.fromkeys(["a/1.png", "a/2.png", "b/1.png"]),
        "a/notes.txt": b"hello",
        "a/text.png": b"hello",
        "b/half.jpg": whole[: len(whole) // 2],
        "b/.DS_Store": b"litter",
        "b/Thumbs.db": b"litter",
        "annotations/a.xml": b"<xml/>",
    }
    found = load(str(photos(files)), 8)
    assert left_out(found) == {
        "not_an_image": ("a/notes.txt", "annotations/a.xml", "a/text.png"),
        "cut_short": ("b/half.jpg",),
    }
    assert (len(found), found.class_names, labels(found)) == (3, ("a", "b"), [0, 0, 1])
    assert len(found.train) + len(found.test) == 3


def test_a_picture_without_a_suffix_is_read(photos: Photos) -> None:
    assert len(load(str(photos(["1", "2"])), 8)) == 2


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "The folder '.*photos' is empty: there are no images in it."),
        ({"a/": None}, "The folder '.*photos' is empty"),
        ({"a.png": None}, "'photos' holds 1 usable image, and two are the least."),
        (
            {"a.png": None, "b.png": b"text"},
            r"1 usable image, .* 1 file was not used \(not an image\): b.png\.",
        ),
        (
            {"a.txt": b"", "b.txt": b""},
            r"0 usable images, .* 2 files were not used \(not images\): a.txt, b.txt\.",
        ),
    ],
)
def test_too_few_images_are_refused_in_one_sentence(photos: Photos, files: dict[str, bytes], sentence: str) -> None:
    root = photos(files)
    root.mkdir(exist_ok=True)
    with pytest.raises(InputError, match=sentence) as caught:
        load(str(root), 8)
    assert "\n" not in str(caught.value)


def test_when_the_held_out_images_are_broken_others_are_held_out(photos: Photos) -> None:
    root = photos({"train/1.png": None, "train/2.png": None, "test/3.png": b"broken"})
    found = load(str(root), 8)
    assert (len(found.train), len(found.test)) == (1, 1)
    assert remark(found, Remark.HELD_OUT) == {"n": 1}


def test_mixed_sizes_and_kinds(photos: Photos, png: Callable[..., bytes]) -> None:
    files = {
        "gray.jpg": png(40, (30, 50), "L", "JPEG"),
        "clear.webp": png((0, 0, 0, 0), (9, 70), "RGBA", "WEBP"),
        "ink.jpg": png((0, 0, 0, 0), (64, 64), "CMYK", "JPEG"),
        "deep.png": png(257 * 9, (5, 5), "I;16"),
    }
    found = load(str(photos(files)), 16)
    assert found.images.shape == (4, 3, 16, 16)
    assert sorted(found.images[:, 0, 8, 8].tolist()) == [9, 40, 255, 255]


def test_limit_thins_training_before_decoding(photos: Photos) -> None:
    told: list[float] = []
    found = load(str(photos(CLASSES)), 8, limit=4, progress=lambda text, share: told.append(share))
    assert (len(found.train), len(found.test)) == (4, 2)
    assert found.labels is not None
    assert torch.bincount(found.labels[found.train]).tolist() == [2, 2]
    assert told == [1.0]


def test_links_are_followed_once_and_what_is_no_file_is_named(photos: Photos, tmp_path: Path) -> None:
    root = photos(["a/1.png", "a/2.png", "b/1.png"])
    (tmp_path / "elsewhere").mkdir()
    (root / "a/1.png").rename(tmp_path / "elsewhere/1.png")
    (root / "a/1.png").symlink_to(tmp_path / "elsewhere/1.png")
    (root / "b/loop").symlink_to(root)
    (root / "b/gone.png").symlink_to(root / "nowhere.png")
    os.mkfifo(root / "b/pipe.png")
    found = load(str(root), 8)
    assert len(found) == 3
    assert left_out(found) == {"not_a_file": ("b/gone.png", "b/pipe.png")}


@pytest.mark.skipif(os.name != "posix", reason="names of files are text")
def test_names_that_are_no_text_are_spelt_out(photos: Photos) -> None:
    root = photos(CLASSES)
    (root / "cats").rename(root / "ca\udcff")
    (root / "dogs" / "bad\udcff.png").write_bytes(b"nonsense")
    found = load(str(root), 8)
    assert (found.class_names, left_out(found)) == (("ca\\udcff", "dogs"), {"not_an_image": ("dogs/bad\\udcff.png",)})
