"""Archives are read in place, like the folder they hold; hostile ones are refused whole, in one sentence."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from byol_core.data import archive
from byol_core.data.catalog import load
from byol_core.errors import InputError
from tests.data.accounts import left_out

Png = Callable[..., bytes]


def make_zip(path: Path, files: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return str(path)


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w", **special: bytes) -> str:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if name.endswith("/"):
                entry.type = tarfile.DIRTYPE
            tar.addfile(entry, io.BytesIO(content))
        for name, kind in special.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    return str(path)


@pytest.fixture
def pictures(png: Png) -> dict[str, bytes]:
    """Two classes in a wrapper, as people pack them, with what macOS adds and a foreign file."""
    files = {f"set/{name}/{number}.png": png((number, 0, 0)) for number in range(5) for name in ("cats", "dogs")}
    return files | {"__MACOSX/set/cats/._0.png": b"litter", "set/eels/": b"", "set/cats/text.png": b"text"}


def check(source: str) -> None:
    found = load(source, 8)
    assert (found.class_names, len(found), len(found.test)) == (("cats", "dogs", "eels"), 10, 2)
    assert left_out(found) == {"not_an_image": ("set/cats/text.png",)}
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1] * 5
    assert found.images[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_zip_is_read_like_its_folder(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    check(make_zip(tmp_path / "set.zip", pictures))


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar.bz2", "w:bz2"), ("a.txz", "w:xz")],
)
def test_a_tar_is_read_like_its_folder(tmp_path: Path, pictures: dict[str, bytes], name: str, mode: str) -> None:
    check(make_tar(tmp_path / name, pictures, mode))


def test_leading_dots_and_long_names(tmp_path: Path, png: Png) -> None:
    name = "n" * 200
    found = load(make_tar(tmp_path / "a.tar", {f"./a/{name}.png": png(), f"./b/{name}.png": png()}), 8)
    assert found.class_names == ("a", "b")


def test_nothing_is_written_to_the_disk(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    source = make_zip(tmp_path / "set.zip", pictures)
    load(source, 8)
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/evil.png", "C:\\evil.png", "..\\evil.png"])
def test_paths_that_leave_the_archive_are_refused(tmp_path: Path, png: Png, name: str) -> None:
    files = {"a.png": png(), "b.png": png(), name: png()}
    for source in (make_zip(tmp_path / "set.zip", files), make_tar(tmp_path / "set.tar", files)):
        with pytest.raises(InputError, match=r"is refused: it holds '.*evil.png', which points outside of it.$"):
            load(source, 8)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_in_a_tar_are_refused(tmp_path: Path, png: Png, kind: bytes) -> None:
    source = make_tar(tmp_path / "set.tar", {"a.png": png(), "b.png": png()}, special=kind)
    with pytest.raises(InputError, match="refused: it holds 'special', which is a device"):
        load(source, 8)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_out_of_a_tar_are_left_out(tmp_path: Path, png: Png, kind: bytes) -> None:
    found = load(make_tar(tmp_path / "set.tar", {"a.png": png(), "b.png": png()}, special=kind), 8)
    assert (len(found), left_out(found)) == (2, {"link": ("special",)})


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_hard_links_in_a_tar_are_read(tmp_path: Path, png: Png, mode: str) -> None:
    source = make_tar(tmp_path / "set.tar", {"cat/1.png": png((9, 0, 0)), "dog/2.png": png((5, 0, 0))}, mode)
    with tarfile.open(source, mode) as tar:  # type: ignore[call-overload]
        for name, content in {"train/cat/1.png": (9, 0, 0), "train/dog/2.png": (5, 0, 0)}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(png(content))
            tar.addfile(entry, io.BytesIO(png(content)))
        for name, target in {"test/dog/3.png": "./train/dog/2.png", "test/cat/4.png": "train/cat/1.png"}.items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.LNKTYPE, target
            tar.addfile(link)
    found = load(source, 8)
    assert found.labels is not None
    named = [(found.class_names[found.labels[row]], int(found.images[row, 0, 0, 0])) for row in found.test.tolist()]
    assert sorted(named) == [("cat", 9), ("dog", 5)]


def test_the_content_of_hard_links_counts_as_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_TOTAL", 1_000_000)
    monkeypatch.setattr(archive, "MOST_RATIO", 1)
    source = make_tar(tmp_path / "set.tar", {"a.bin": bytes(50_000)})
    with tarfile.open(source, "a") as tar:
        for number in range(40):
            link = tarfile.TarInfo(f"{number}.bin")
            link.type, link.linkname = tarfile.LNKTYPE, "a.bin"
            tar.addfile(link)
    with pytest.raises(InputError, match="refused: it holds more than 1 MB"):
        load(source, 8)


def test_a_link_in_a_zip_is_left_out(tmp_path: Path, png: Png) -> None:
    source = make_zip(tmp_path / "set.zip", {"a.png": png(), "b.png": png()})
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(source, "a") as zipped:
        zipped.writestr(link, "/etc/passwd")
    found = load(source, 8)
    assert (len(found), left_out(found)) == (2, {"link": ("link.png",)})


def test_names_of_a_windows_zip(tmp_path: Path, png: Png) -> None:
    files = {f"set\\{name}\\{number}.png": png() for name in ("cat", "dog") for number in (1, 2)}
    found = load(make_zip(tmp_path / "set.zip", {**files, "set\\eel\\": b""}), 8)
    assert (found.class_names, len(found)) == (("cat", "dog", "eel"), 4)


def test_utf8_names_that_are_not_marked_as_such(tmp_path: Path, png: Png) -> None:
    source = Path(make_zip(tmp_path / "set.zip", {f"cafXX/{n}.png": png() for n in "12"} | {"dog/1.png": png()}))
    source.write_bytes(source.read_bytes().replace(b"cafXX", "café".encode()))
    assert load(str(source), 8).class_names == ("café", "dog")


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBER", 100_000)
    monkeypatch.setattr(archive, "MOST_TOTAL", 1_000_000)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("make", [make_zip, lambda path, files: make_tar(path, files, "w:gz")])
def test_bombs_are_refused(tmp_path: Path, make: Callable[..., str]) -> None:
    many = {f"{number}.bin": bytes(50_000) for number in range(40)}
    with pytest.raises(InputError, match="refused: it holds more than 1 MB, far more than its size on the disk allows"):
        load(make(tmp_path / "many", many), 8)
    with pytest.raises(InputError, match=r"refused: it holds 'large.png' of 0 MB, and 0 MB are the most for an image"):
        load(make(tmp_path / "large", {"large.png": bytes(200_000)}), 8)


@pytest.mark.usefixtures("small_limits")
def test_a_tar_header_that_asks_for_too_much_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 500_000
    (tmp_path / "set.tar.gz").write_bytes(gzip.compress(header.tobuf() + bytes(600_000)))
    with pytest.raises(InputError, match="holds an entry that is far too large"):
        load(str(tmp_path / "set.tar.gz"), 8)


def test_a_password_is_said_to_be_the_reason(tmp_path: Path, png: Png) -> None:
    source = Path(make_zip(tmp_path / "set.zip", {"a.png": png()}))
    content = bytearray(source.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    source.write_bytes(content)
    with pytest.raises(InputError, match="locked with a password"):
        load(str(source), 8)


def test_a_damaged_member_is_named_and_skipped(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    source = Path(make_zip(tmp_path / "set.zip", pictures))
    content = bytearray(source.read_bytes())
    content[content.index(b"set/cats/0.png") + 14 + 20] ^= 255
    source.write_bytes(content)
    found = load(str(source), 8)
    assert (len(found), left_out(found)["broken_in_archive"]) == (9, ("set/cats/0.png",))


@pytest.mark.parametrize("name", ["set.zip", "set.tar", "set.tar.gz", "set.xyz"])
@pytest.mark.parametrize("content", [b"this is no archive", b"\x1f\x8bhalf", b"PK\x03\x04half"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"The archive '{name}' (cannot be read|is empty)"):
        load(str(tmp_path / name), 8)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_cut_short_is_refused(tmp_path: Path, pictures: dict[str, bytes], mode: str) -> None:
    source = Path(make_tar(tmp_path / "set.tar", pictures, mode))
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 3])
    with pytest.raises(InputError, match=r"The archive 'set.tar' cannot be read: it is cut short\.$"):
        load(str(source), 8)


def test_an_archive_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The archive 'set.zip' is empty"):
        load(make_zip(tmp_path / "set.zip", {}), 8)
