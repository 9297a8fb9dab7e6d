"""How much a file may ask for: entries, names, memory to unpack, pixels at once."""

from __future__ import annotations

import lzma
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from byol_core.data import archive, arrays, decode
from byol_core.data.catalog import load
from byol_core.errors import InputError
from tests.data.test_archive import make_tar, make_zip


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_an_archive_of_too_many_entries_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[..., str]
) -> None:
    monkeypatch.setattr(archive, "LEAST_ENTRIES", 20)
    monkeypatch.setattr(archive, "BYTES_AN_ENTRY", 10**9)
    with pytest.raises(InputError, match="more than 20 entries"):
        load(make(tmp_path / "set", {f"{number}.png": b"" for number in range(21)}), 8)


def test_the_list_of_a_zip_is_not_read_when_it_is_far_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LEAST_ENTRIES", 20)
    monkeypatch.setattr(archive, "BYTES_AN_ENTRY", 10**9)
    with pytest.raises(InputError, match="an entry that is far too large to be read"):
        load(make_zip(tmp_path / "set.zip", {f"{number:200}.png": b"" for number in range(20)}), 8)


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", ["a" * 2000 + ".png", "a/" * 100 + "b.png"])
def test_a_name_without_end_is_refused(tmp_path: Path, make: Callable[..., str], name: str) -> None:
    with pytest.raises(InputError, match="a name that is far too long"):
        load(make(tmp_path / "set", {name: b""}), 8)


def test_a_zip_that_is_packed_in_a_rare_way_is_refused(tmp_path: Path, png: Callable[..., bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("a.png", png())
    with pytest.raises(InputError, match="pack it with plain zip"):
        load(str(tmp_path / "set.zip"), 8)


def test_an_xz_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    tar = Path(make_tar(tmp_path / "set.tar", {"a.png": b"", "b.png": b""})).read_bytes()
    greedy = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**29}]
    (tmp_path / "set.tar.xz").write_bytes(lzma.compress(tar, filters=greedy))
    with pytest.raises(InputError, match="cannot be read"):
        load(str(tmp_path / "set.tar.xz"), 8)


def test_an_npz_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_TOTAL", 100_000)
    np.savez_compressed(tmp_path / "set.npz", x_train=np.zeros((400, 32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="far more than its size on the disk allows"):
        load(str(tmp_path / "set.npz"), 8)


def test_large_pictures_are_unpacked_one_at_a_time(png: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LARGE", 10)
    content = png()
    found: list[decode.Picture] = []
    with decode._one_large:
        waiting = threading.Thread(target=lambda: found.append(decode.decode(content, 8)))
        waiting.start()
        waiting.join(0.2)
        assert not found
    waiting.join()
    assert len(found) == 1
