""".npz and .npy: every layout and range is read, and what is not an honest array is refused in one sentence."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byol_core.data import arrays, tables
from byol_core.data.account import Remark
from byol_core.data.catalog import load
from byol_core.errors import InputError, LabError
from byol_core.system.out_of_memory import is_out_of_memory
from tests.data.accounts import left_out, remark

RANDOM = np.random.default_rng(0)
COLOR = RANDOM.integers(0, 256, (10, 8, 8, 3), np.uint8)


def npz(folder: Path, **arrays: Any) -> str:
    np.savez_compressed(folder / "set.npz", **arrays)
    return str(folder / "set.npz")


def npy(folder: Path, array: Any) -> str:
    np.save(folder / "data.npy", array)
    return str(folder / "data.npy")


def in_order(path: str) -> np.ndarray:
    """All images of a set in the order of the file, (N, 8, 8, 3)."""
    images = load(path, 8).images.permute(0, 2, 3, 1).numpy()
    return images[np.lexsort(images.reshape(len(images), -1).T)]


def sorted_color(values: np.ndarray = COLOR) -> np.ndarray:
    return values[np.lexsort(values.reshape(len(values), -1).T)]


def test_the_benchmark_keys_with_names(tmp_path: Path) -> None:
    names = np.array(["cat", "dog"])
    path = npz(tmp_path, x_train=COLOR[:6], y_train=[0, 1] * 3, x_test=COLOR[6:], y_test=[1] * 4, class_names=names)
    found = load(path, 8)
    assert (found.name, found.class_names, found.account.left_out) == ("set.npz", ("cat", "dog"), ())
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1, 0, 1, 0, 1, 1, 1, 1, 1]
    assert (found.train.tolist(), found.test.tolist()) == ([0, 1, 2, 3, 4, 5], [6, 7, 8, 9])
    assert (found.images.permute(0, 2, 3, 1).numpy() == COLOR).all()
    assert remark(found, Remark.HELD_OUT) is None


def test_images_and_labels_without_a_test_split(tmp_path: Path) -> None:
    found = load(npz(tmp_path, images=COLOR, labels=["a", "b"] * 5), 8)
    assert (len(found.train), len(found.test), found.class_names) == (8, 2, ("a", "b"))
    assert found.labels is not None
    assert sorted(found.labels[found.test].tolist()) == [0, 1]
    assert remark(found, Remark.HELD_OUT) == {"n": 2}


@pytest.mark.parametrize("key", ["images", "x_train", "arr_0"])
def test_labels_are_optional(tmp_path: Path, key: str) -> None:
    found = load(npz(tmp_path, **{key: COLOR}), 8)
    assert (found.labels, found.class_names, len(found)) == (None, (), 10)


def test_training_images_may_lack_labels(tmp_path: Path) -> None:
    found = load(npz(tmp_path, x_train=COLOR[:6], x_test=COLOR[6:], y_test=[0, 1, 0, 1]), 8)
    assert found.labels is not None
    assert found.labels.tolist() == [-1] * 6 + [0, 1, 0, 1]


def test_medmnist_keys(tmp_path: Path) -> None:
    labels = np.zeros((5, 1), np.uint8)
    path = npz(tmp_path, train_images=COLOR[:5], train_labels=labels, test_images=COLOR[5:], test_labels=labels)
    assert len(load(path, 8).test) == 5


@pytest.mark.parametrize(
    "stored",
    [
        COLOR,
        np.asfortranarray(COLOR),
        COLOR.transpose(0, 3, 1, 2),
        COLOR.astype(np.int64),
        COLOR.astype(np.uint16) * 257,
        COLOR.astype(">u2") * 257,
        (COLOR / 255).astype(np.float32),
        COLOR / 255,
        COLOR.astype(np.float16),
        COLOR.astype(np.float64),
        (COLOR / 127.5 - 1).astype(">f4"),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape[1]}-{'F' if array.flags.f_contiguous else 'C'}",
)
@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_layouts_and_ranges_are_read_alike(
    tmp_path: Path, stored: np.ndarray, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "CHUNK", 2048)  # several chunks
    path = npy(tmp_path, stored) if kind == "npy" else npz(tmp_path, images=stored)
    assert np.abs(in_order(path).astype(int) - sorted_color()).max() <= 0


def test_gray_and_alpha(tmp_path: Path) -> None:
    gray = load(npy(tmp_path, COLOR[..., 0]), 8)
    assert (gray.images == gray.images[:, :1]).all()
    assert load(npy(tmp_path, np.zeros((4, 8, 8, 4), np.uint8) + np.uint8([9, 9, 9, 0])), 8).images.unique() == 255
    assert load(npy(tmp_path, np.eye(8, dtype=bool)[None].repeat(4, 0)), 8).images.unique().tolist() == [0, 255]


def test_the_range_of_training_and_test_is_one(tmp_path: Path) -> None:
    dark = np.full((4, 8, 8), 0.5)
    found = load(npz(tmp_path, x_train=np.linspace(-1, 1, 256).reshape(4, 8, 8), x_test=dark), 8)
    assert found.images[found.test].unique().tolist() == [191]
    assert remark(found, Remark.RANGE) == {"range": "values from -1 to 1"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((COLOR / 255 - 0.1307) / 0.3081, "values from -0.424 to 2.82"),
        ((COLOR / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225], "values from -2.12 to 2.64"),
        (COLOR * 16.0, "values from 0 to 4080"),
    ],
    ids=["mnist", "imagenet", "12-bit"],
)
def test_floats_of_another_range_are_scaled_by_it(tmp_path: Path, values: np.ndarray, words: str) -> None:
    images = np.concatenate([values, values])
    images[:10].reshape(10, -1)[:, :3], images[10:].reshape(10, -1)[:, :3] = values.min(), values.max()
    found = load(npy(tmp_path, images), 8)
    assert remark(found, Remark.RANGE) == {"range": words}
    original = np.tile(COLOR, (2, 1, 1, 1)).reshape(20, -1)[:, 3:].astype(int)
    rows = found.images.permute(0, 2, 3, 1).numpy().reshape(20, -1)[:, 3:].astype(int)
    assert np.corrcoef(rows[np.lexsort(rows.T)].ravel(), original[np.lexsort(original.T)].ravel())[0, 1] > 0.9


def test_bytes_and_floats_of_one_set_have_ranges_of_their_own(tmp_path: Path) -> None:
    found = load(npz(tmp_path, x_train=COLOR, x_test=(COLOR / 255).astype(np.float32)), 8)
    assert (found.images[found.train] == found.images[found.test]).all()
    assert remark(found, Remark.RANGE) == {"range": "values from 0 to 255, values from 0 to 1"}


def test_a_few_bright_bytes_are_bytes(tmp_path: Path) -> None:
    dots = np.zeros((3, 20, 20), np.uint8)
    dots[:, 4, 4], dots[2, 5, 5] = 1, 200
    assert load(npy(tmp_path, dots), 20).images.unique().tolist() == [0, 1, 200]


def test_the_range_of_arrays_can_be_chosen(tmp_path: Path) -> None:
    path = npy(tmp_path, np.full((4, 8, 8), 0.5))
    assert [load(path, 8, values=values).images[0, 0, 0, 0].item() for values in ("auto", "-1-1", "0.5,2")] == [
        128,
        191,
        0,
    ]


def test_other_sizes_are_resized(tmp_path: Path) -> None:
    assert load(npy(tmp_path, np.zeros((4, 28, 20), np.uint8)), 16).images.shape == (4, 3, 16, 16)


def test_limit_and_progress(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    path = npz(tmp_path, x_train=COLOR[:6], y_train=[0, 1] * 3, x_test=COLOR[6:], y_test=[1] * 4)
    found = load(path, 8, limit=4, progress=lambda text, share: told.append((text, share)))
    assert (len(found), len(found.train), len(found.test)) == (8, 4, 4)
    assert found.labels is not None
    assert torch.bincount(found.labels[found.train]).tolist() == [2, 2]
    assert told[-1] == ("reading the images", 1.0)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"images": np.array([None, {}])}, "'images' in 'set.npz' is an array of Python objects"),
        ({"images": np.zeros((10, 784), np.uint8)}, r"has the shape \(10, 784\)"),
        ({"images": np.zeros((10, 8, 8, 2), np.uint8)}, "C of 1, 3 or 4"),
        ({"images": np.full((4, 8, 8), np.nan)}, "not numbers"),
        ({"images": np.full((4, 8, 8), np.inf)}, "infinite"),
        ({"images": np.full((4, 8, 8), -7.0)}, "All values of 'images' in 'set.npz' are -7"),
        ({"images": np.full((4, 8, 8), "x")}, "holds text"),
        ({"images": np.full((4, 8, 8), 1j)}, "numbers or text"),
        ({"images": COLOR[:1]}, "'set.npz' holds 1 usable image, and two are the least"),
        ({"images": COLOR[:0]}, "'set.npz' holds 0 usable images"),
        ({"left": COLOR, "right": COLOR}, r"several arrays that may be the images \(left, right\): call the right one"),
        ({"left": np.zeros(4), "right": np.zeros(4)}, "'set.npz' holds left, right, and should hold x_train"),
        ({}, "'set.npz' holds no arrays"),
    ],
)
def test_a_wrong_npz_is_refused(tmp_path: Path, arrays: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        load(npz(tmp_path, **arrays), 8)
    assert "\n" not in str(caught.value)


CLASSES = np.arange(10) % 2


@pytest.mark.parametrize(
    "names",
    [
        *("images y", "images label", "images targets", "data target", "x label", "X y", "image label", "imgs lbls"),
        *("x_train Y_train", "X_train y_train", "train_data train_labels", "trainX trainY", "xtrain ytrain"),
        *("train_images train_y", "arr_0 arr_1", "Images Class", "train-x train-y", "X_tr y_tr", "pixels category"),
    ],
)
def test_labels_under_their_usual_names(tmp_path: Path, names: str) -> None:
    images, labels = names.split()
    found = load(npz(tmp_path, **{images: COLOR, labels: CLASSES}), 8)
    assert (found.class_names, found.account.left_out) == (("0", "1"), ())
    assert remark(found, Remark.LABELS_FROM) == {"name": labels}


@pytest.mark.parametrize(
    "names",
    [
        "x_train y_train x_val y_val x_test y_test",
        "train_images train_labels val_images val_labels test_images test_labels",
        "X_train y_train X_valid y_valid X_test y_test",
        "train_x train_y dev_x dev_y test_x test_y",
        "trX trY vaX vaY teX teY",
        "arr_0 arr_1 arr_2 arr_3 arr_4 arr_5",
    ],
)
def test_validation_joins_training_beside_a_test(tmp_path: Path, names: str) -> None:
    parts = [COLOR[:5], CLASSES[:5], COLOR[5:8], CLASSES[5:8], COLOR[8:], CLASSES[8:]]
    found = load(npz(tmp_path, **dict(zip(names.split(), parts, strict=True))), 8)
    assert (len(found.train), len(found.test), found.class_names) == (8, 2, ("0", "1"))
    assert remark(found, Remark.VALIDATION_JOINS_TRAINING) == {"n": 3}
    assert found.images[found.test].permute(0, 2, 3, 1).numpy().tolist() == COLOR[8:].tolist()


def test_validation_is_the_test_where_there_is_no_other(tmp_path: Path) -> None:
    path = npz(tmp_path, x_train=COLOR[:6], y_train=CLASSES[:6], x_val=COLOR[6:], y_val=CLASSES[6:])
    assert len(load(path, 8).test) == 4


@pytest.mark.parametrize(
    "labels",
    [
        np.linspace(0, 1, 10),
        np.array(["a", 1] * 5, object),
        np.zeros(9, int),
        np.zeros((10, 4)) + 7,
        np.zeros((10, 8, 8)),
        np.array([np.nan] * 10),
        np.full(10, -5),
        np.array(1),
    ],
    ids=["regression", "objects", "too few", "boxes", "masks", "nan", "negative", "one"],
)
def test_images_are_read_without_labels_that_are_none(tmp_path: Path, labels: np.ndarray) -> None:
    found = load(npz(tmp_path, images=COLOR, labels=labels), 8)
    assert (len(found), found.labels) == (10, None)
    assert left_out(found) == {"unusable_labels": ("labels",)}


def test_images_of_several_labels_are_read_without(tmp_path: Path) -> None:
    several = np.eye(14, dtype=np.uint8)[np.arange(10) % 3]
    several[[2, 5], 9] = 1
    found = load(npz(tmp_path, images=COLOR, labels=several), 8)
    assert (found.labels, remark(found, Remark.SEVERAL_LABELS)) == (None, {"n": 2})


def test_arrays_that_are_not_used_are_named(tmp_path: Path) -> None:
    found = load(npz(tmp_path, images=COLOR, labels=CLASSES, ids=np.arange(10), masks=COLOR[..., 0]), 8)
    assert (len(found.class_names), left_out(found)) == (2, {"unused_array": ("ids", "masks")})


def test_class_names_of_other_labels_are_not_used(tmp_path: Path) -> None:
    found = load(npz(tmp_path, images=COLOR, labels=CLASSES + 5, class_names=np.array(["a", "b"])), 8)
    assert (found.class_names, left_out(found)) == (("5", "6"), {"unused_array": ("class_names",)})


def test_the_digits_of_scikit_learn(tmp_path: Path) -> None:
    found = load(npz(tmp_path, data=np.zeros((10, 64)), images=COLOR[..., 0], target=CLASSES), 8)
    assert (len(found), found.classes) == (10, 2)


def test_a_listing_of_arrays_reads_no_image(tmp_path: Path) -> None:
    path = npz(tmp_path, x_train=COLOR[:6], y_train=CLASSES[:6], x_test=COLOR[6:], y_test=CLASSES[6:], more=CLASSES)
    before, after = arrays.listed(Path(path)), load(path, 8).account
    assert (before.train, before.test, before.classes) == (after.train, after.test, after.classes)
    assert (before.left_out, before.decoded) == (after.left_out, False)


def test_an_npy_of_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'data.npy' is an array of Python objects, which is not read"):
        load(npy(tmp_path, np.array([{"a": 1}], object)), 8)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x80\x04pickle", b"\x93NUMPY\x01\x00\xff\xff{"])
@pytest.mark.parametrize("name", ["data.npy", "data.npz"])
def test_files_that_hold_no_array_are_refused(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"'{name}'"):
        load(str(tmp_path / name), 8)


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_a_file_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    path = Path(npy(tmp_path, COLOR) if kind == "npy" else npz(tmp_path, images=COLOR))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=path.name):
        load(str(path), 8)


def test_a_damaged_npz_is_refused(tmp_path: Path) -> None:
    path = Path(npz(tmp_path, images=COLOR))
    content = bytearray(path.read_bytes())
    content[300:400] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"'set.npz' cannot be read"):
        load(str(path), 8)


def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path: Path) -> None:
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 1000, 1000)}\n"
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
    (tmp_path / "data.npy").write_bytes(array)
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("images.npy", array)
    with pytest.raises(InputError, match="cut short"):
        load(str(tmp_path / "data.npy"), 8)
    with pytest.raises(InputError, match="size is not what its header says"):
        load(str(tmp_path / "data.npz"), 8)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory")])
def test_a_full_memory_is_not_the_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    path = npz(tmp_path, images=COLOR)
    monkeypatch.setattr(arrays, "_fill", full)
    with pytest.raises(LabError, match="not enough memory to read the images") as caught:
        load(path, 8)
    assert is_out_of_memory(caught.value)


def test_an_error_without_words_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wordless(*_: object, **__: object) -> None:
        raise IndexError

    path = npz(tmp_path, images=COLOR)
    monkeypatch.setattr(arrays, "_fill", wordless)
    with pytest.raises(InputError, match="cannot be read: IndexError"):
        load(path, 8)


def test_an_npz_that_is_packed_in_a_rare_way_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", COLOR)
    with zipfile.ZipFile(tmp_path / "set.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.write(tmp_path / "images.npy", "images.npy")
    with pytest.raises(InputError, match="packed in a rare way"):
        load(str(tmp_path / "set.npz"), 8)
