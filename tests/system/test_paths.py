"""Homes in paths, and paths as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from byol_core.system import paths


def test_a_known_home_is_put_in_and_an_unknown_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.expand("~/photos") == tmp_path / "photos"
    assert paths.expand("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


def test_the_cache_lies_in_the_home_unless_it_is_said_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BYOL_LAB_CACHE", raising=False)
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path))
    assert paths.cache() == tmp_path / "cache"
    monkeypatch.setenv("BYOL_LAB_CACHE", str(tmp_path / "elsewhere"))
    assert paths.cache() == tmp_path / "elsewhere"


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "my photos"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "around",
    ['"{}"', "'{}'", "\u201c{}\u201d", "\u2018{}\u2019", "'\"{}\"'", "\u202a{}", " {}  ", "\t{}\r\n", '" {} "\n'],
)
def test_what_is_around_a_typed_path_is_taken_off(photos: Path, around: str) -> None:
    assert paths.typed(around.format(photos)) == photos
    assert paths.typed(around.format("~/my photos")) == photos


@pytest.mark.parametrize("start", ["file://", "file://localhost", "file:", "FILE://"])
def test_a_file_url_is_its_path(photos: Path, start: str) -> None:
    assert paths.typed(f"{start}{photos.parent}/my%20photos") == photos
    assert paths.typed(f"'{start}{photos.parent}/my%20photos'\n") == photos


@pytest.mark.parametrize("name", [r"my\ photos", r"my\photos"])
def test_a_backslash_is_read_so_that_the_path_exists(photos: Path, name: str) -> None:
    wanted = photos if " " in name else photos.parent / "my" / "photos"
    wanted.mkdir(parents=True, exist_ok=True)
    assert paths.typed(f"{photos.parent}/{name}") == wanted


@pytest.mark.parametrize("name", ["'a'", "a ", r"a\ b", "file:", "a%20b"])
def test_a_path_that_exists_as_typed_wins(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    for other in ("a", "a b"):
        (tmp_path / other).touch()
    assert paths.typed(str(tmp_path / name)) == tmp_path / name


@pytest.mark.parametrize(
    "text", ["", "  ", '""', "file://", "file:///", "x\0y", "a" * 5000, "file://[x]y", "/none/such place "]
)
def test_a_path_to_nothing_raises_nothing(text: str) -> None:
    assert paths.typed(text) == Path(text.strip() or text)
