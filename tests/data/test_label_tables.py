"""Labels from tables: what is found, what is said of the others, and that hostile tables do no harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from byol_core.data import label_files, label_tables
from byol_core.data.account import Remark
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from tests.data.accounts import left_out, remark

Photos = Callable[..., Path]
IMAGES = dict.fromkeys([f"images/{number}.png" for number in range(8)])
GOOD = b"image,label\n" + b"".join(b"%d.png,%s\n" % (n, (b"cat", b"dog")[n // 4]) for n in range(8))


def loaded(photos: Photos, **tables: bytes) -> ImageSet:
    return load(str(photos({**IMAGES, **{name.replace("__", "."): content for name, content in tables.items()}})), 8)


def test_the_table_is_named(photos: Photos) -> None:
    found = loaded(photos, labels__csv=GOOD)
    assert (found.class_names, remark(found, Remark.LABELS_FROM)) == (("cat", "dog"), {"name": "labels.csv"})
    assert found.account.left_out == ()


@pytest.mark.parametrize(
    "table",
    [
        GOOD.replace(b",", b";"),
        GOOD.replace(b",", b"\t"),
        GOOD.replace(b".png", b""),
        GOOD.replace(b".png", b".PNG"),
        GOOD.replace(b".png", b".jpg"),
        GOOD.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        b"".join(b"%s,%s,9\n" % (line.split(b",")[0], line.split(b",")[1]) for line in GOOD.splitlines()),
        b"".join(b"row %d,%s\n" % (n, line) for n, line in enumerate(GOOD.splitlines())),
        b"\n".join(b"images/" + line for line in GOOD.splitlines()[1:]),
    ],
    ids=["semicolon", "tab", "stem", "case", "suffix", "crlf", "bom", "utf-16", "third", "first", "no header"],
)
def test_tables_are_read_however_they_are_written(photos: Photos, table: bytes) -> None:
    found = loaded(photos, labels__csv=table)
    assert [(each.name, each.train + each.test) for each in found.account.classes] == [("cat", 4), ("dog", 4)]


@pytest.mark.parametrize(
    "table",
    [b"", b"a,b\n1", b"image,label\nx.png,cat\ny.png,dog\n", b"\0\0\0,\0\n" * 9, b'"' + b"x," * 100_000, b"\xff" * 99],
)
def test_a_table_that_cannot_be_used_is_said(photos: Photos, table: bytes) -> None:
    found = loaded(photos, labels__csv=table)
    assert (found.labels, left_out(found)) == (None, {"unusable_labels": ("labels.csv",)})


@pytest.mark.parametrize(
    "table",
    [
        b"[" * 100_000,
        b"{}",
        b"[1, 2]",
        b"null",
        b"9" * 10_000,
        b'{"images": [[], 1, {}], "annotations": [{"image_id": [], "category_id": {}}], "categories": 3}',
        b'{"images": [{"id": {}, "file_name": []}], "annotations": [null]}',
        b'{"labels": [[1, 2], [[], {}], ["0.png"]]}',
        b'{"0.png": {"a": []}, "1.png": null}',
        json.dumps([{"file_name": f"{n}.png", "label": n / 7} for n in range(8)]).encode(),
    ],
)
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_a_foreign_json_does_no_harm(photos: Photos, table: bytes, suffix: str) -> None:
    assert loaded(photos, **{f"labels__{suffix}": table}).labels is None


def test_a_table_that_is_too_large_is_not_read(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_tables, "MOST_TABLE", 50)
    assert left_out(loaded(photos, labels__csv=GOOD)) == {"unusable_labels": ("labels.csv",)}


def test_a_field_without_end_is_refused(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_files, "MOST_FIELD", 100)
    assert loaded(photos, labels__csv=GOOD + b"8.png," + b"x" * 200).labels is None


def test_folders_go_before_tables(photos: Photos) -> None:
    files = [f"{name}/{number}.png" for name in "ab" for number in range(4)]
    found = load(str(photos({**dict.fromkeys(files), "labels.csv": GOOD})), 8)
    assert (found.class_names, left_out(found)) == (("a", "b"), {"other_kind": ("labels.csv",)})


def test_an_example_of_what_to_hand_in_tells_no_labels(photos: Photos) -> None:
    assert loaded(photos, sample_submission__csv=GOOD).labels is None


def test_several_labels_an_image_are_counted(photos: Photos) -> None:
    found = loaded(photos, labels__csv=GOOD + b"0.png,dog\n1.png,dog\n")
    assert remark(found, Remark.SEVERAL_LABELS) == {"n": 2}
    assert found.account.unlabeled == 2


def test_a_changed_table_is_read_anew(photos: Photos) -> None:
    root = photos({**IMAGES, "labels.csv": GOOD})
    assert load(str(root), 8, images="disk").class_names == ("cat", "dog")
    (root / "labels.csv").write_bytes(GOOD.replace(b"dog", b"eel!"))
    assert load(str(root), 8, images="disk").class_names == ("cat", "eel!")
