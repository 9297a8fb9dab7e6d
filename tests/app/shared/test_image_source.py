"""Uploads under safe names, and paths as they are pasted."""

from __future__ import annotations

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


@pytest.mark.parametrize("name", ["a.TAR.GZ", "a.tgz", "a.tar.bz2", "a.tar.xz", "a.txz"])
def test_a_packed_tar_keeps_its_whole_ending(tmp_path: Path, name: str) -> None:
    kept = image_source.keep(name, b"content", tmp_path).name
    assert kept.startswith("a-") and kept.endswith(name.lower().removeprefix("a"))
    assert len(kept) == len("a-") + 8 + len(name) - 1


def test_the_same_name_with_another_content_is_another_file(tmp_path: Path) -> None:
    assert image_source.keep("a.zip", b"1", tmp_path) != image_source.keep("a.zip", b"2", tmp_path)


@pytest.mark.parametrize("name", ["a.exe", "zip", "", "a.zip.pkl", "a.gz", "tar.gz"])
def test_a_foreign_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not one of"):
        image_source.keep(name, b"", tmp_path)


@pytest.mark.parametrize("name", ["photo.PNG", "IMG_0001.HEIC", "a.zip.jpg"])
def test_of_a_single_image_it_is_said_what_to_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' is a single image: pack all images as a .zip"):
        image_source.keep(name, b"", tmp_path)


def test_a_pasted_path_is_kept_without_its_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my photos").mkdir()
    (tmp_path / "eurosat").mkdir()
    monkeypatch.chdir(tmp_path)
    wanted = str(tmp_path / "my photos")
    for text in (f'"{wanted}"', f"file://{tmp_path}/my%20photos\n", "my photos "):
        assert image_source.meant(text) == wanted
        assert not image_source.problem(text)
    assert image_source.meant("./eurosat") == str(tmp_path / "eurosat")  # and not the set of that name
    assert [image_source.meant(text) for text in ("eurosat", " ", "/none ")] == ["eurosat", "", "/none"]
