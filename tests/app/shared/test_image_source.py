"""Uploads under safe names, and how many images there are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from app.shared import image_source
from byol_core.errors import InputError


@pytest.mark.parametrize(
    ("name", "stem"),
    [("../../etc/passwd.npy", "passwd"), ("..\\x\\a b.NPZ", "a-b"), ("…ü.zip", ""), (".hidden.tar", "hidden")],
)
def test_a_kept_upload_stays_in_its_folder(tmp_path: Path, name: str, stem: str) -> None:
    path = image_source.keep(name, b"content", tmp_path)
    assert path.parent == tmp_path / "uploads"
    assert path.name.startswith(f"{stem or 'upload'}-")
    assert path.read_bytes() == b"content"


def test_the_same_name_with_another_content_is_another_file(tmp_path: Path) -> None:
    assert image_source.keep("a.zip", b"1", tmp_path) != image_source.keep("a.zip", b"2", tmp_path)


@pytest.mark.parametrize("name", ["a.exe", "zip", "", "a.zip.pkl"])
def test_a_foreign_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not one of"):
        image_source.keep(name, b"", tmp_path)


def test_images_are_counted_without_reading_them(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    for name in ("a.png", "cat/b.png"):
        (tmp_path / name).touch()
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("x/", "")
        archive.writestr("x/1.png", "")
        archive.writestr("x/2.png", "")
    assert image_source.count(str(tmp_path / "two.zip")) == 2
    (tmp_path / "two.zip").unlink()
    assert image_source.count(str(tmp_path)) == 2
    assert image_source.count("eurosat") == 5000
    assert image_source.count_training("eurosat") == 4000
    assert image_source.count_training(str(tmp_path)) == 1  # one of the two is held out
    assert image_source.count(str(tmp_path / "none.npz")) is None
