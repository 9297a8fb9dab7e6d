"""Names and paths: what is found, and what is said when nothing is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from byol_core.data import account_words
from byol_core.data.account import Account, Found, Remark
from byol_core.data.catalog import entries, find, load, survey
from byol_core.data.remote import MAKERS
from byol_core.errors import InputError
from tests.data.conftest import encoded


def test_the_embedded_set_comes_first_and_names_are_single() -> None:
    names = [entry.name for entry in entries()]
    assert (names[0], len(set(names))) == ("eurosat", len(names))
    assert set(names[1:]) == set(MAKERS)
    assert all(entry.title and entry.sentence and entry.license and entry.images for entry in entries())


@pytest.mark.parametrize(("source", "name"), [("CIFAR-10", "cifar10"), ("FashionMNIST", "fashion-mnist"), ("x", None)])
def test_names_are_found_however_they_are_written(source: str, name: str | None) -> None:
    entry = find(source)
    assert (entry and entry.name) == name


def test_listing_needs_no_torch() -> None:
    code = "import sys; from byol_core.data import catalog; catalog.entries(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("eurosatt", "There is no image set and no path 'eurosatt'; did you mean 'eurosat'"),
        ("cifar", "did you mean 'cifar10' or 'cifar100'"),
        ("qqqq", "the sets are eurosat, cifar10, .*flowers102.$"),
        ("", "There is no image set and no path ''; the sets are"),
        ("a\0b", "There is no image set and no path"),
        ("~nobody-of-this-name/x", "There is no image set and no path"),
    ],
)
def test_an_unknown_source_is_answered_with_near_names(source: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load(source, 32)


@pytest.fixture
def namesake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of images beside us that is called as a set is."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        (tmp_path / "EuroSAT").mkdir(exist_ok=True)
        (tmp_path / "EuroSAT" / f"{number}.png").write_bytes(encoded())


def namesakes(account: Account) -> list[Found]:
    return [each for each in account.warnings if each.remark == Remark.CATALOG_NAME]


@pytest.mark.usefixtures("namesake")
@pytest.mark.parametrize("read", [survey, lambda source: load(source, 8, limit=10).account])
def test_a_set_says_that_a_path_here_has_its_name(read: Callable[[str], Account]) -> None:
    (found,) = namesakes(read("EuroSAT"))
    assert account_words.remark(found) == (
        "The named set 'eurosat' is used. For what is here under that name, give './EuroSAT'."
    )
    assert read("./EuroSAT").images == 3 and not namesakes(read("./EuroSAT"))
    assert not namesakes(read("eurosat"))  # nothing here is spelled like that


def test_a_pasted_path_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "my photos").mkdir()
    for number in range(3):
        (tmp_path / "my photos" / f"{number}.png").write_bytes(encoded())
    for text in (f'"{tmp_path}/my photos"', f"file://{tmp_path}/my%20photos\n"):
        assert len(load(text, 8)) == 3
    with pytest.raises(InputError, match="no path"):
        load('""', 8)


def test_a_missing_path_is_answered_with_what_lies_beside(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(InputError, match=r"did you mean '.*/photos'"):
        load(str(tmp_path / "photo"), 32)


def test_a_single_image_is_no_set(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"")
    with pytest.raises(InputError, match="is a single image: give the folder"):
        load(str(tmp_path / "cat.png"), 32)


@pytest.mark.parametrize("source", ["x" * 5000, "/dev/null"])
def test_odd_paths_are_answered_too(source: str) -> None:
    with pytest.raises(InputError, match=r"cannot be read|neither a file nor a folder"):
        load(source, 32)


def test_a_name_is_taken_before_a_path_and_a_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "data.npy", np.zeros((4, 8, 8), np.uint8))
    assert len(load("~/data.npy", 8)) == 4
