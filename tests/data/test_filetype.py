"""What a file is that is no image, and what is said of it: as a source, and among images."""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from byol_core.data import account_words, filetype
from byol_core.data.account import Reason
from byol_core.data.catalog import load
from byol_core.errors import InputError
from tests.data.test_archive import make_tar, make_zip

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12345\n"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50)


def packed(names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return buffer.getvalue()


CONTENTS: list[tuple[bytes, str]] = [
    (b"", "empty"),
    (LFS, "lfs"),
    (HEIC, "heic"),
    (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "heic"),
    (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "picture"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1", "raw"),
    (b"II\x2a\0\x10\0\0\0CR\x02\0", "raw"),
    (b"\0\0\0\x20ftypisom\0\0\2\0", "video"),
    (b"\0\0\0\x14ftypqt  ", "video"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"RIFF\0\0\0\0AVI LIST", "video"),
    (b"RIFF\0\0\0\0WAVEfmt ", "sound"),
    (bytes(128) + b"DICM", "dicom"),
    (bytes(344) + b"n+1\0", "nifti"),
    (b"PAR1" + bytes(9), "parquet"),
    (b"ARROW1\0\0", "arrow"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"MATLAB 5.0 MAT-file", "matlab"),
    (b"MATLAB 7.3 MAT-file", "matlab"),
    (packed({"archive/data.pkl": b"", "archive/version": b"3"}), "torch"),
    (b"\x80\x04\x95pickle", "pickle"),
    (b"\x80\x02}q\x00", "pickle"),
    (b"\x93NUMPY\1\0", "numpy"),
    (b"\0\0\x08\x03\0\0\xea\x60", "idx"),
    (b"SQLite format 3\0", "database"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07\1\0", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (packed({"a.png": b""}), "archive"),
    (gzip.compress(b"x", mtime=0), "archive"),
    (b"BZh9", "archive"),
    (bytes(257) + b"ustar\0", "archive"),
    (b"%PDF-1.7", "pdf"),
    (b"8BPS\0\1", "photoshop"),
    (b"<svg xmlns=''>", "svg"),
    (b"\xef\xbb\xbf <!DOCTYPE html><html>", "html"),
    (b"<?xml version='1.0'?>", "data"),
    (b"v/1\1", "picture"),
    (b"II\x2b\0", "tiff"),
    (b"just some text", ""),
    (b"\xff\xd8\xff\xe0", ""),
]


@pytest.mark.parametrize(("start", "code"), CONTENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_first_bytes_tell_what_a_file_is(start: bytes, code: str) -> None:
    assert filetype.of_content(start[: filetype.HEAD]) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("IMG_1.HEIC", "heic"),
        ("a.b/scan.nii.gz", "nifti"),
        ("x.csv", "table"),
        ("x.csv.gz", "archive"),
        ("x.tar.zst", "zstd"),
        ("x.NEF", "raw"),
        ("x.xlsx", "office"),
        ("slide.svs", "microscope"),
        ("LICENSE", ""),
        ("x.unknown", ""),
    ],
)
def test_a_name_tells_what_a_file_is(name: str, code: str) -> None:
    assert filetype.of_name(name) == code


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("photo.dng", b"II\x2a\0", "raw"),
        ("table.xlsx", b"PK\x03\x04", "office"),
        ("scan.nii.gz", gzip.compress(b"x", mtime=0), "nifti"),
        ("images.zip", LFS, "lfs"),
        ("labels.csv", b"<!doctype html>", "html"),
        ("drawing.svg", b"<?xml version='1.0'?>", "svg"),
        ("data.parquet", b"<?xml version='1.0'?>", "parquet"),
    ],
)
def test_bytes_and_name_together(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert filetype.of_file(tmp_path / name) == code


def test_every_kind_has_words_of_its_own() -> None:
    assert len({filetype.words(code) for code in filetype.KINDS}) == len(filetype.KINDS)
    assert all(code in filetype.KINDS for _, code in CONTENTS if code)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("labels.csv", b"image,label\n", "is a table, and no set of images: give the folder of the images"),
        ("x.parquet", b"PAR1", "is a Parquet table, .*: save the images as an .npz"),
        ("x.h5", b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        ("x.mat", b"MATLAB 5.0 MAT-file", "is a MATLAB file"),
        ("x.pt", packed({"x/data.pkl": b""}), "is a PyTorch file"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c", "is a 7z archive, .*: unpack it first"),
        ("x.rar", b"Rar!\x1a\x07", "is a RAR archive"),
        ("x.tar.zst", b"\x28\xb5\x2f\xfd", "is a Zstandard archive"),
        ("x.zip", LFS, "is a pointer of Git LFS, .*git lfs pull"),
        ("x.zip", b"<html><body>Sign in", "is a web page, .*download again"),
        ("x.zip", b"", "is an empty file"),
        ("x.HEIC", HEIC, "is a HEIC photo"),
        ("x.mp4", b"\0\0\0\x20ftypisom", "is a video, .*: save its frames"),
        (
            "labels.csv.gz",
            gzip.compress(b"image,label\n" * 99, mtime=0),
            "is a single compressed file, .*unpack it first",
        ),
    ],
)
def test_a_source_that_is_no_archive_says_what_it_is(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"^'{name}' {sentence}"):
        load(str(tmp_path / name), 8)


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("archive.zip", packed({"a.png": b""}), r"\(archives; give the archive itself"),
        ("train-00000.parquet", b"PAR1", r"\(Parquet tables; save the images as an .npz"),
        ("0.jpg", LFS, r"\(pointers of Git LFS; .*git lfs pull\)"),
        ("0.jpg", HEIC, r"\(HEIC photos; save as JPEG"),
        ("0.HEIC", HEIC, r"\(HEIC photos; save as JPEG"),
        ("0.tar", bytes(1024), r"\(archives; "),
        ("0.jpg", b"<!DOCTYPE html>", r"\(web pages; "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_folder_without_images_says_what_is_in_it(
    photos: Callable[..., Path], path: str, content: bytes, why: str
) -> None:
    with pytest.raises(InputError, match=f"'photos' holds 0 usable images, .* 2 files were not used {why}"):
        load(str(photos({f"cat/{path}": content, f"dog/{path}": content})), 8)


def test_the_only_archive_in_a_folder_is_named(photos: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"1 file was not used \(an archive; give .*\): archive.zip"):
        load(str(photos({"archive.zip": packed({"a.png": b""})})), 8)


def test_two_hundred_files_are_one_sentence(photos: Callable[..., Path], png: Callable[..., bytes]) -> None:
    images = {f"{i}.png": png((i, 0, 0)) for i in range(4)}
    found = load(str(photos(images | {f"IMG_{i:03}.HEIC": HEIC for i in range(200)})), 8)
    (left,) = found.account.left_out
    assert (left.reason, left.kind, left.count) == (Reason.OTHER_KIND, "heic", 200)
    assert account_words.left_out(left) == (
        "200 files were not used (HEIC photos; save as JPEG, or install the reader: pip install 'byol-lab[heic]'): "
        "IMG_000.HEIC, IMG_001.HEIC, IMG_002.HEIC and more."
    )


def test_what_is_read_goes_by_content_and_not_by_name(tmp_path: Path, png: Callable[..., bytes]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)
    np.savez(tmp_path / "set.npz", images=images, labels=[0, 1] * 3)
    np.save(tmp_path / "x.npy", images)
    files = {f"{name}/{i}.png": png((i, 0, 0)) for i in range(3) for name in ("cat", "dog")}
    shutil.move(tmp_path / "set.npz", tmp_path / "arrays.zip")
    shutil.move(tmp_path / "x.npy", tmp_path / "x.dat")
    make_zip(tmp_path / "bare", files)
    make_tar(tmp_path / "tar.zip", files, "w:gz")
    found = [load(str(tmp_path / name), 8) for name in ("arrays.zip", "x.dat", "bare", "tar.zip")]
    assert [(len(each), each.class_names) for each in found] == [
        (6, ("0", "1")),
        (6, ()),
        (6, ("cat", "dog")),
        (6, ("cat", "dog")),
    ]


def test_a_single_image_without_a_suffix_is_no_set(tmp_path: Path, png: Callable[..., bytes]) -> None:
    (tmp_path / "cat").write_bytes(png())
    with pytest.raises(InputError, match="is a single image: give the folder"):
        load(str(tmp_path / "cat"), 8)
