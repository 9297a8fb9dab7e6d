"""Sets on the disk: built once, opened at once, built again when they must be, whole or not there at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from byol_core.data import cache, imageset
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet, blocks, content_digest
from byol_core.errors import InputError
from byol_core.events import StopAsked

Photos = Callable[..., Path]
CLASSES = [f"{name}/{number}.png" for name in ("cats", "dogs") for number in range(5)]
READING, OPENING, WAITING = "reading the images", "reading the images from the cache", "waiting for another run"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of a test."""
    monkeypatch.setenv("BYOL_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Words(list[str]):
    """What was told while a set was loaded, each text once."""

    def __bool__(self) -> bool:
        return True  # it listens before it has heard anything

    def __call__(self, text: str, share: float) -> None:
        assert 0 <= share <= 1
        if text not in self:
            self.append(text)


def told(source: Path | str, images: Any = "disk") -> tuple[ImageSet, Words]:
    words = Words()
    return load(str(source), 8, images=images, progress=words), words


def same(one: ImageSet, other: ImageSet) -> bool:
    labels = (one.labels is None and other.labels is None) or torch.equal(one.labels, other.labels)
    parts = (torch.equal(getattr(one, key), getattr(other, key)) for key in ("images", "train", "test"))
    words = (getattr(one, key) == getattr(other, key) for key in ("name", "class_names", "account"))
    return labels and all(parts) and all(words)


def files(home: Path) -> list[str]:
    """The kinds of files in the cache; locks are left out, which only say who builds."""
    return sorted(path.name.rsplit(".", 1)[1] for path in home.glob("*") if not path.name.startswith("."))


@pytest.fixture
def source(request: pytest.FixtureRequest, photos: Photos, tmp_path: Path) -> str:
    """A set of each kind."""
    random = np.random.default_rng(0)
    if request.param == "folder":
        return str(photos({**dict.fromkeys(CLASSES), "cats/notes.doc": b"", "dogs/broken.png": b"no"}))
    if request.param == "npz":
        arrays = {
            "x_train": random.random((9, 12, 10)),
            "y_train": list("abcabcabc"),
            "x_test": random.random((2, 8, 8)),
        }
        np.savez(tmp_path / "set.npz", **arrays, y_test=["a", "b"])
        return str(tmp_path / "set.npz")
    if request.param == "npy":
        np.save(tmp_path / "set.npy", random.integers(0, 256, (50, 3, 8, 8), np.uint8))
        return str(tmp_path / "set.npy")
    return "eurosat"


@pytest.mark.parametrize("source", ["folder", "npz", "npy", "embedded"], indirect=True)
def test_a_set_on_the_disk_is_the_set_in_memory(source: str, home: Path) -> None:
    here = load(source, 8, images="memory")
    assert not home.exists()
    built, words = told(source)
    opened, again = told(source)
    assert (here.on_disk, built.on_disk, opened.on_disk) == (False, True, True)
    assert same(here, built)
    assert same(here, opened)
    assert READING in words
    assert READING not in again
    assert opened.fingerprint == built.fingerprint == content_digest(blocks(here.images), here.train, here.test)
    assert files(home) == ["images", "json"]


def test_size_and_limit_are_sets_of_their_own(photos: Photos, home: Path) -> None:
    root = str(photos(CLASSES))
    shapes = [
        load(root, size, images="disk", limit=limit).images.shape for size, limit in ((8, None), (9, None), (8, 4))
    ]
    assert shapes == [(10, 3, 8, 8), (10, 3, 9, 9), (6, 3, 8, 8)]
    assert files(home) == ["images"] * 3 + ["json"] * 3
    assert cache.cache_size() == sum(path.stat().st_size for path in home.iterdir()) > 0


def test_an_empty_cache_has_no_size() -> None:
    assert cache.cache_size() == 0


def _add(root: Path, png: Callable[..., bytes]) -> None:
    (root / "cats/new.png").write_bytes(png("blue"))


def _change(root: Path, png: Callable[..., bytes]) -> None:
    (root / "cats/0.png").write_bytes(png("blue", (20, 20)))


def _touch(root: Path, png: Callable[..., bytes]) -> None:
    os.utime(root / "cats/0.png", (1, 1))


@pytest.mark.parametrize("change", [_add, _change, _touch])
def test_a_changed_source_is_read_again(
    photos: Photos, png: Callable[..., bytes], home: Path, change: Callable[..., None]
) -> None:
    root = photos(CLASSES)
    old, _ = told(root)
    before = old.images.clone()
    change(root, png)
    new, words = told(root)
    assert READING in words
    assert same(new, load(str(root), 8, images="memory"))
    assert torch.equal(old.images, before)  # who had it open keeps it
    assert files(home) == ["images", "json"]


def test_a_file_that_is_no_picture_changes_nothing(photos: Photos) -> None:
    root = photos(CLASSES)
    told(root)
    (root / "cats/notes.doc").write_text("hello")
    assert READING not in told(root)[1]


def _cut(images: Path, index: Path) -> None:
    os.truncate(images, 100)


def _grow(images: Path, index: Path) -> None:
    with images.open("ab") as file:
        file.write(b"more")


def _lose(images: Path, index: Path) -> None:
    images.unlink()


def _cut_index(images: Path, index: Path) -> None:
    os.truncate(index, 100)


def _wrong_labels(images: Path, index: Path) -> None:
    index.write_text(json.dumps(json.loads(index.read_text()) | {"labels": [7] * 10}))


def _elsewhere(images: Path, index: Path) -> None:
    index.write_text(json.dumps(json.loads(index.read_text()) | {"file": f"../{images.parent.name}/{images.name}"}))


def _of_another_version(images: Path, index: Path) -> None:
    index.write_text(json.dumps(json.loads(index.read_text()) | {"version": 0}))


DAMAGE = [_cut, _grow, _lose, _cut_index, _wrong_labels, _elsewhere, _of_another_version]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("images", ["memory", "disk"])
def test_a_damaged_cache_is_noticed_and_the_set_read_again(
    photos: Photos, home: Path, damage: Callable[..., None], images: Any
) -> None:
    root = photos(CLASSES)
    right = load(str(root), 8, images="memory")
    told(root)
    damage(next(home.glob("*.images")), next(home.glob("*.json")))
    found, words = told(root, images)
    assert READING in words
    assert same(found, right)
    if images == "disk":
        assert files(home) == ["images", "json"]
        assert READING not in told(root)[1]


def test_a_build_that_is_stopped_leaves_nothing(photos: Photos, home: Path) -> None:
    def stop(text: str, share: float) -> None:
        raise StopAsked

    root = photos(CLASSES)
    with pytest.raises(StopAsked):
        load(str(root), 8, images="disk", progress=stop)
    assert files(home) == []
    assert len(told(root)[0]) == 10


def python(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    start = "import os, signal, sys\nfrom byol_core.data.catalog import load\nfrom byol_core.errors import LabError\n"
    command = [sys.executable, "-c", start + code]
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], **options)


def test_a_set_without_a_usable_picture_leaves_nothing(photos: Photos, home: Path) -> None:
    with pytest.raises(InputError, match=r"holds 0 usable images, .* 2 files were not used"):
        load(str(photos({"a.png": b"no", "b.png": b"no"})), 8, images="disk")
    assert files(home) == []


def test_what_a_killed_build_leaves_is_removed_by_the_next(photos: Photos, tmp_path: Path, home: Path) -> None:
    root = photos(CLASSES)
    np.save(tmp_path / "other.npy", np.zeros((5, 8, 8), np.uint8))
    code = "load(sys.argv[0] or {!r}, 8, images='disk', progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL))"
    assert python(code.format(str(root)).replace("sys.argv[0] or ", "")).returncode == -signal.SIGKILL
    assert files(home) == ["images"]
    told(tmp_path / "other.npy")  # of another set
    assert files(home) == ["images", "json"]
    assert len(told(root)[0]) == 10


def test_two_builders_build_once(photos: Photos, home: Path) -> None:
    root, waits, found = photos(CLASSES), threading.Event(), []
    first, second = Words(), Words()

    def slowly(text: str, share: float) -> None:
        first(text, share)
        if text == READING:
            assert waits.wait(60)

    def late(text: str, share: float) -> None:
        second(text, share)
        waits.set()

    threads = [
        threading.Thread(target=lambda words=words: found.append(load(str(root), 8, images="disk", progress=words)))
        for words in (slowly, late)
    ]
    threads[0].start()
    while READING not in first:
        assert threads[0].is_alive()
    threads[1].start()
    for thread in threads:
        thread.join()
    assert [word.startswith(WAITING) for word in second] == [True]
    assert same(*found)
    assert files(home) == ["images", "json"]


def test_a_full_disk_is_said_before_anything_is_read(
    photos: Photos, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")(0, 0, 1000)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: usage)
    words = Words()
    with pytest.raises(InputError, match=r"^10 images of 8 pixels need .* GB on the disk, .*set BYOL_LAB_CACHE to"):
        load(str(photos(CLASSES)), 8, images="disk", progress=words)
    assert READING not in words
    assert files(home) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_file_size_limit_gives_one_sentence_and_leaves_nothing(tmp_path: Path, home: Path) -> None:
    np.save(tmp_path / "set.npy", np.zeros((5000, 8, 8), np.uint8))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))\n"
    code = "try:\n    load({!r}, 8, images='disk')\nexcept LabError as error:\n    sys.exit(str(error))"
    done = python(limit + code.format(str(tmp_path / "set.npy")))
    assert done.stderr.startswith(
        f"The cache '{home}' cannot be written (a file may have at most 0.5 MB here, the limit"
    )
    assert (done.returncode, done.stderr.count("\n"), files(home)) == (1, 1, [])


def test_a_cache_that_cannot_be_written_is_one_sentence(photos: Photos, home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(InputError, match=r"^The cache '.*' cannot be written \(.*\): set BYOL_LAB_CACHE to"):
        load(str(photos(CLASSES)), 8, images="disk")
    assert len(load(str(photos(CLASSES)), 8)) == 10


def test_auto_takes_the_disk_when_the_memory_does_not_do(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    root = photos(CLASSES)
    monkeypatch.setattr(imageset, "MEMORY_SHARE", 0.0)
    assert told(root, "auto")[0].on_disk
    assert told(root, "auto")[0].on_disk
    with pytest.raises(InputError, match=r"set runtime.images=disk"):
        told(root, "memory")


def test_auto_keeps_what_took_long_and_reads_it_back(
    photos: Photos, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = photos(CLASSES)
    assert not told(root, "auto")[0].on_disk
    assert not home.exists()  # it was quick
    monkeypatch.setattr(cache, "SLOW_SECONDS", 0.0)
    slow, words = told(root, "auto")
    quick, again = told(root, "auto")
    assert (slow.on_disk, quick.on_disk) == (False, False)
    assert (READING in words, READING in again, OPENING in again) == (True, False, True)
    assert same(slow, quick)
    assert slow.fingerprint == quick.fingerprint is not None


@pytest.mark.parametrize("obstacle", ["full", "no folder"])
def test_what_took_long_is_not_kept_at_any_price(
    photos: Photos, home: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    monkeypatch.setattr(cache, "SLOW_SECONDS", 0.0)
    if obstacle == "full":
        monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: namedtuple("usage", "free")(3000))
    else:
        home.write_text("")
    found, _ = told(photos(CLASSES), "auto")
    assert (len(found), found.fingerprint) == (10, None)
    assert files(home) == []


def test_a_relative_path_is_the_same_set(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    root = photos(CLASSES)
    told(root)
    monkeypatch.chdir(root.parent)
    assert READING not in told("photos")[1]
