"""``byol data``: what is used of a set and what is not, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.photos import photos


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = photos(tmp_path / "photos", 30)
    for number in range(200):
        (folder / "beach" / f"clip_{number}.mp4").write_bytes(b"no image")
    return folder


def test_the_account_is_told_in_lines(byol, source):
    status, out, _ = byol("data", source)
    lines = out.splitlines()
    assert (status, lines[0]) == (0, "30 images in 3 classes: 24 for training, 6 for testing.")
    assert [line.split() for line in lines[1:5]] == [
        ["class", "training", "test"],
        ["beach", "8", "2"],
        ["forest", "8", "2"],
        ["town", "8", "2"],
    ]
    (total,) = (line for line in lines if "200 of 230 files were not used" in line)
    assert total.count("clip_") == 3 and len(lines) < 10


def test_the_account_is_one_object(byol, source):
    status, out, _ = byol("data", f'"{source}"', "--size", 16, "--json")
    seen = json.loads(out)
    assert (status, seen["name"], seen["image_size"]) == (0, "photos", 16)
    assert (seen["images"], seen["train"], seen["test"], seen["skipped"], seen["decoded"]) == (30, 24, 6, 200, True)
    assert seen["classes"][0] == {"name": "beach", "train": 8, "test": 2}
    assert [(each["count"], each["unit"]) for each in seen["left_out"]] == [(200, "files")]


def test_a_set_without_labels_has_no_classes(byol, tmp_path):
    out = byol("data", photos(tmp_path / "photos", 5, labels=False))[1]
    assert out.startswith("5 images without labels: 4 for training, 1 for testing.\n") and "training  test" not in out


@pytest.mark.parametrize("source", ["none", "photos"])
def test_what_is_no_set_is_one_sentence(byol, tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    status, out, err = byol("data", source, "--json")
    assert (status, out, err.count("\n")) == (2, "", 1) and source in err
