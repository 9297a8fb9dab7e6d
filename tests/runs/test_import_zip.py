"""A zip from anywhere: whatever is wrong with it, it is one sentence, and nothing of it stays."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import stat
import time
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from byol_core.config import RunConfig
from byol_core.errors import InputError, LabError
from byol_core.runs import folder, import_zip, unzip
from byol_core.runs.folder import shutil as folder_shutil
from byol_core.runs.import_zip import unpack, unpack_all
from tests.rows import looking_on

HEADER = "run_id,run,key,step,epoch,seconds,value\n"
TOLD = {"run_id": "abcdef01", "name": "mine", "state": "finished", "created": 1.0, "attempt": 1}
SHEET = {"source": "eurosat", "image_size": 8, "indices": [1, 2], "columns": 2, "cell": 8, "class_names": []}


def packed(path, files=None, told=None, manifest=None):
    """A zip as ``pack`` writes it, with some of it another."""
    content = {"config.json": RunConfig().model_dump_json(), "metrics.csv": HEADER + "a,b,loss,1,0.5,0.1,0.25\n"}
    content = {
        name: data.encode() if isinstance(data, str) else data for name, data in {**content, **(files or {})}.items()
    }
    content = {name: data for name, data in content.items() if data is not None}
    parts = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in content.items()}
    whole = {
        "format": "byol-lab run",
        "version": 1,
        "run": {**TOLD, **(told or {})},
        "files": parts,
        **(manifest or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(whole))
    return path


def nothing_stays(store):
    rest = [path.name for path in store.home.iterdir() if not path.name.startswith("lab.sqlite")]
    return (store.runs(archived=None), store.metric_keys(TOLD["run_id"]), rest) == ([], [], [])


def refused(store, file, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        unpack(store, file)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert nothing_stays(store)


def test_a_zip_of_ours_comes_in(store, tmp_path):
    run = unpack(store, packed(tmp_path / "run.zip"))
    assert (run.run_id, run.name, run.state) == ("abcdef01", "mine", "finished")
    assert store.series(run.run_id, "loss") == [(1, 0.5, 0.1, 0.25)]


def test_an_account_that_cannot_be_told_is_not_shown(store, tmp_path):
    odd = {"remarks": [{"remark": "held_out", "values": {}}]}
    run = unpack(store, packed(tmp_path / "run.zip", files={"account.json": json.dumps(odd).encode()}))
    assert (run.folder / "account.json").exists() and folder.read_account(run.folder) is None


@pytest.mark.parametrize("run_id", ["cache", "..", "../up", "ABCDEF01", "x" * 64, "lab.sqlite"])
def test_an_id_that_is_none_of_ours_is_another(store, tmp_path, run_id):
    run = unpack(store, packed(tmp_path / "run.zip", told={"run_id": run_id}))
    assert run.run_id != run_id and run.folder.parent == store.home


# What is no zip of a run


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x05\x06", b"PK\x03\x04" + bytes(200), bytes(1000)])
def test_a_file_that_is_no_zip_is_refused(store, tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    refused(store, tmp_path / "a.zip", "'a.zip' cannot be imported as a run")


def test_a_file_that_is_not_there_is_refused(store, tmp_path):
    refused(store, tmp_path / "a.zip", "it cannot be read")
    refused(store, tmp_path, "it cannot be read")


def test_a_foreign_zip_is_refused(store, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("config.json", "{}")
    refused(store, tmp_path / "a.zip", "was not packed by BYOL Lab")
    refused(store, packed(tmp_path / "b.zip", manifest={"format": "other"}), "was not packed by BYOL Lab")


def test_a_zip_of_a_newer_release_is_refused(store, tmp_path):
    refused(store, packed(tmp_path / "a.zip", manifest={"version": 3}), "newer release")


@pytest.mark.parametrize(
    "told",
    [
        {"state": "cooking"},
        {"created": -1},
        {"created": 1e300},
        {"step": 2**31},
        {"epoch": "many"},
        {"attempt": -1},
        {"name": 5},
        {"summary": []},
        {"message": "x" * 10_001},
    ],
)
def test_a_manifest_that_tells_nonsense_is_refused(store, tmp_path, told):
    refused(store, packed(tmp_path / "a.zip", told=told), f"manifest is wrong at 'run.{next(iter(told))}'")


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"name": "two\nlines"}, "name of a run"),
        ({"group": "x" * 200}, "at most 120 characters"),
        ({"tags": ["x" * 50]}, "tag should have at most"),
        ({"notes": "x" * 20_000}, "Notes should have at most"),
        ({"notes": "nul \0"}, "cannot be read"),
        ({"notes": "half \ud83d"}, "cannot be read"),
        ({"summary": {"knn_accuracy": "high"}}, "'knn_accuracy' should be a number"),
        ({"summary": {"steps": True}}, "'steps' should be a number"),
        ({"summary": {"stopped": 1}}, "'stopped' should be yes or no"),
    ],
)
def test_what_people_write_is_checked_as_if_they_wrote_it_here(store, tmp_path, told, sentence):
    refused(store, packed(tmp_path / "a.zip", told=told), sentence)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e300", "1e999", f"1{'0' * 400}", "-1"])
def test_a_number_that_no_page_can_show_is_refused(store, tmp_path, value):
    summary = json.dumps({"seconds": "@"}).replace('"@"', value)
    with zipfile.ZipFile(packed(tmp_path / "a.zip", {"summary.json": "{}"})) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["manifest.json"] = parts["manifest.json"].replace(b'"attempt": 1', b'"summary": ' + summary.encode())
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    refused(store, tmp_path / "b.zip", "cannot be read")


def test_of_a_summary_only_what_is_known_comes_in(store, tmp_path):
    told = {"summary": {"knn_accuracy": 0.5, "stopped": False, "loss": None, "more": {"a": [1]}}}
    found = unpack(store, packed(tmp_path / "a.zip", told=told))
    assert found.summary == {"knn_accuracy": 0.5, "stopped": False, "loss": None}


# What is in it


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "/etc/evil",
        "C:\\evil",
        "embeddings/../../evil",
        "evil.py",
        "checkpoints/",
        "log.txt/x",
        "LOG.TXT",
        "checkpoints/step-1.pt",
        "embeddings/maps/x.json",
        "checkpoints/step-00000001.pkl",
        "metrics.csv\n",
    ],
)
def test_a_file_that_no_run_has_is_refused(store, tmp_path, name):
    refused(store, packed(tmp_path / "a.zip", {name: "x"}), "which is no file of a run")
    assert not (store.home.parent / "evil.txt").exists()


def entry(**values):
    info = zipfile.ZipInfo("log.txt")
    for key, value in values.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        (entry(external_attr=(stat.S_IFLNK | 0o777) << 16), "is a link"),
        (entry(external_attr=stat.S_IFIFO << 16), "special file"),
        (entry(compress_type=zipfile.ZIP_BZIP2), "packed in a way that is not read"),
        (entry(compress_type=zipfile.ZIP_LZMA), "packed in a way that is not read"),
    ],
)
def test_a_link_and_an_odd_packing_are_refused(store, tmp_path, info, sentence):
    file = packed(tmp_path / "a.zip")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(store, file, sentence)


def test_a_file_that_the_manifest_does_not_tell_is_refused(store, tmp_path):
    file = packed(tmp_path / "a.zip")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("log.txt", "more")
    refused(store, file, "does not hold the files that its manifest tells")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(store, tmp_path):
    file = packed(tmp_path / "a.zip")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("config.json", "{}")
    refused(store, file, "does not hold the files that its manifest tells")


@pytest.mark.parametrize("name", ["config.json", "metrics.csv"])
def test_a_run_without_settings_or_curves_is_refused(store, tmp_path, name):
    refused(store, packed(tmp_path / "a.zip", {name: None}), "are missing")


def test_a_file_that_was_changed_is_refused(store, tmp_path):
    wrong = {"config.json": {"bytes": 1, "sha256": "0" * 64}, "metrics.csv": {"bytes": 1, "sha256": "0" * 64}}
    refused(store, packed(tmp_path / "a.zip", manifest={"files": wrong}), "is not as it was packed")


def test_a_bomb_is_refused_before_it_is_unpacked(store, tmp_path, monkeypatch):
    monkeypatch.setattr(unzip, "_ALWAYS", 2**20)
    file = packed(tmp_path / "a.zip", {"log.txt": bytes(2**24)})
    assert file.stat().st_size < 2**16
    refused(store, file, "far more than its size allows")


def test_a_file_that_is_too_large_is_refused(store, tmp_path):
    refused(store, packed(tmp_path / "a.zip", {"summary.json": b" " * (2**20 + 1)}), "'summary.json', which is far too")


def test_a_zip_that_lies_about_a_length_is_refused(store, tmp_path):
    """The list at the end says 10 bytes where the file unpacks to many more."""
    file = packed(tmp_path / "a.zip", {"log.txt": bytes(5000)})
    data = bytearray(file.read_bytes())
    at = data.rindex(b"log.txt") - 46 + 24  # the length in the entry of the list
    data[at : at + 4] = (10).to_bytes(4, "little")
    file.write_bytes(data)
    refused(store, file, "cut short|not as it was packed")


def test_a_list_that_would_fill_the_memory_is_refused_unread(store, tmp_path, monkeypatch):
    file = packed(tmp_path / "a.zip")
    with monkeypatch.context() as patch:
        patch.setattr(unzip, "_MOST_LIST", 100)
        refused(store, file, "far too many files")
    data = bytearray(file.read_bytes())
    data[-10:-6] = (2**31).to_bytes(4, "little")  # the length of the list, more than the file has
    file.write_bytes(data)
    refused(store, file, "cut short")


def test_there_must_be_space_for_all_of_it(store, tmp_path, monkeypatch):
    usage = type(folder_shutil.disk_usage(tmp_path))
    monkeypatch.setattr(unzip.shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**6, 10**6))
    refused(store, packed(tmp_path / "a.zip"), "There is no space for the run")


@pytest.mark.parametrize(
    "config",
    ["[]", "{", '{"nonsense": 1}', '{"views": {"strength": 99}}', "[" * 100_000, '{"data": {"source": "\\u0000"}}'],
)
def test_settings_that_do_not_do_are_refused(store, tmp_path, config):
    refused(store, packed(tmp_path / "a.zip", {"config.json": config}), "cannot be read|no setting|should be less")


@pytest.mark.parametrize(
    "line",
    [
        "a,b,loss,1,0.5,0.1",
        "a,b,loss,x,0.5,0.1,1",
        "a,b,loss,-1,0,0,1",
        "a,b,loss,2147483648,0,0,1",
        "\udcff,b",
        "a,b,loss,1,nan,0.1,1",
        "a,b,,1,0,0,1",
        f"a,b,{'k' * 65},1,0,0,1",
        "a,b,two words,1,0,0,1",
        "a,b,loss,1,0,0,",
    ],
)
def test_a_wrong_point_is_refused(store, tmp_path, line):
    text = (HEADER + "a,b,loss,1,0,0,1\n" + line + "\n").encode(errors="surrogateescape")
    refused(store, packed(tmp_path / "a.zip", {"metrics.csv": text}), "curves of this run cannot be read")


def test_too_many_points_are_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr(import_zip, "_MOST_ROWS", 1)
    text = HEADER + "a,b,loss,1,0,0,1\n" * 2
    refused(store, packed(tmp_path / "a.zip", {"metrics.csv": text}), "more than 1 points")


def sheet(width, height):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "WEBP")
    return buffer.getvalue()


def with_map(path, index, pictures):
    files = {"embeddings/probe.json": json.dumps({**SHEET, **index}), "embeddings/thumbnails.webp": pictures}
    return packed(path, files)


def test_a_map_comes_in(store, tmp_path):
    entry = {"step": 0, "epoch": 0.0, "file": "step-00000000.safetensors"}
    run = unpack(store, with_map(tmp_path / "a.zip", {"evaluations": [entry]}, sheet(16, 8)))
    assert (run.folder / "embeddings" / "thumbnails.webp").is_file()


@pytest.mark.parametrize(("second", "comes"), [(sheet(16, 8), True), (sheet(16, 16), False), (b"RIFF no", False)])
def test_a_map_with_several_sheets_comes_in_when_each_is_as_told(store, tmp_path, second, comes):
    index = {"evaluations": [], "indices": [0, 1, 2, 3], "splits": [2, 2, 0, 1], "per_sheet": 2, "labels": None}
    files = {"embeddings/thumbnails.webp": sheet(16, 8), "embeddings/thumbnails-1.webp": second}
    file = packed(tmp_path / "a.zip", {"embeddings/probe.json": json.dumps({**SHEET, **index}), **files})
    if comes:
        assert (unpack(store, file).folder / "embeddings" / "thumbnails-1.webp").is_file()
    else:
        refused(store, file, "images of this run's map")


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ({"evaluations": [{"step": 0, "epoch": 0.0, "file": "../../lab.sqlite"}]}, "evaluations.0.file"),
        ({"evaluations": 5}, "'evaluations' is wrong"),
        ({"evaluations": [], "cell": 10**6}, "'cell' is wrong"),
        ({"evaluations": [], "indices": list(range(9))}, "images of this run's map"),
    ],
)
def test_a_map_that_names_other_files_or_pictures_is_refused(store, tmp_path, index, sentence):
    refused(store, with_map(tmp_path / "a.zip", index, sheet(16, 8)), sentence)


def test_pictures_that_are_none_are_refused(store, tmp_path):
    refused(store, with_map(tmp_path / "a.zip", {"evaluations": []}, b"RIFF no"), "images of this run's map")


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def test_a_checkpoint_that_holds_code_is_refused(store, tmp_path):
    good, bad = saved({"step": 1}), saved({"step": os.system})
    assert unpack(store, packed(tmp_path / "a.zip", {"checkpoints/step-00000001.pt": good})).folder.is_dir()
    store.delete(TOLD["run_id"])
    refused(store, packed(tmp_path / "b.zip", {"checkpoints/step-00000001.pt": bad}), "holds more than numbers")


# Several at once


def bundle(path, *files):
    with zipfile.ZipFile(path, "w") as archive:
        for number, file in enumerate(files):
            archive.write(file, f"{number}.zip")
    return path


def test_a_zip_of_zips_is_several_runs(store, tmp_path):
    one, other = packed(tmp_path / "a.zip"), packed(tmp_path / "b.zip", told={"run_id": "abcdef02"})
    found = list(unpack_all(store, bundle(tmp_path / "all.zip", one, other)))
    assert [run.run_id for run in found] == ["abcdef01", "abcdef02"]
    assert [path.name for path in store.home.glob(".*")] == []
    (again,) = unpack_all(store, one)
    assert again.run_id not in ("abcdef01", "abcdef02")


def test_a_bundle_within_a_bundle_is_refused(store, tmp_path):
    outer = bundle(tmp_path / "b.zip", bundle(tmp_path / "a.zip", packed(tmp_path / "run.zip")))
    with pytest.raises(InputError, match="not packed by BYOL Lab"):
        list(unpack_all(store, outer))
    assert nothing_stays(store)


# All or nothing


def test_others_write_while_a_run_comes_in(store, tmp_path, monkeypatch):
    def read(path):
        for row in rows(path):
            with store.writing(patience=0.0):
                pass
            yield row

    rows = import_zip._read
    monkeypatch.setattr(import_zip, "_BATCH", 2)
    monkeypatch.setattr(import_zip, "_read", read)
    text = HEADER + "".join(f"a,b,loss,{step},0,0,1\n" for step in range(5))
    run = unpack(store, packed(tmp_path / "a.zip", {"metrics.csv": text}))
    assert len(store.series(run.run_id, "loss")) == 5


def test_a_wrong_point_after_many_leaves_none_of_them(store, tmp_path, monkeypatch):
    monkeypatch.setattr(import_zip, "_BATCH", 2)
    monkeypatch.setattr(import_zip, "_REMOVED", 2)
    text = HEADER + "".join(f"a,b,loss,{step},0,0,1\n" for step in range(5)) + "no point\n"
    refused(store, packed(tmp_path / "a.zip", {"metrics.csv": text}), "line 7 is wrong")
    assert unpack(store, packed(tmp_path / "b.zip")).run_id == TOLD["run_id"]


def test_curves_of_a_failed_import_are_removed_after_a_day(store, tmp_path, monkeypatch):
    def dies(*_):
        raise LabError("gone")

    with monkeypatch.context() as patch, pytest.raises(LabError, match="gone"):
        patch.setattr(import_zip, "_insert", dies)
        patch.setattr(import_zip, "_forget", dies)
        unpack(store, packed(tmp_path / "a.zip"))
    assert store.metric_keys(TOLD["run_id"]) == ["loss"]
    assert unpack(store, packed(tmp_path / "a.zip")).run_id != TOLD["run_id"]  # it may be coming in
    monkeypatch.setattr(import_zip, "_LEFT_SECONDS", 0.0)
    assert unpack(store, packed(tmp_path / "a.zip")).run_id == TOLD["run_id"]


def test_malformed_zips_never_leave_anything(store, tmp_path):
    """A few hundred zips with bytes changed, cut or doubled: each comes in whole, or is one sentence."""
    good, chance = packed(tmp_path / "good.zip", {"log.txt": os.urandom(300)}).read_bytes(), random.Random(0)
    whole = 0
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice((0, 1, 4))] = chance.randbytes(chance.choice((0, 1, 4)))
        (tmp_path / "bad.zip").write_bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
        try:
            run = unpack(store, tmp_path / "bad.zip")
        except LabError as error:
            assert "\n" not in str(error)
        else:
            whole += 1
            store.delete(run.run_id)
    assert whole < 100
    assert nothing_stays(store)


def test_a_failing_store_leaves_nothing(store, tmp_path, monkeypatch):
    def broken(*_):
        raise LabError("The run store cannot be used (disk full).")

    monkeypatch.setattr(import_zip.queries, "one", broken)
    with pytest.raises(LabError, match="disk full"):
        unpack(store, packed(tmp_path / "a.zip"))
    assert nothing_stays(store)


def test_whoever_may_only_look_imports_nothing(store, tmp_path):
    refused(looking_on(store, "Only a teacher may import runs."), packed(tmp_path / "a.zip"), "Only a teacher")


def test_what_a_dead_import_left_is_removed_after_a_day(store, tmp_path):
    old, new = store.home / ".arriving-1", store.home / ".arriving-2"
    for left in (old, new):
        left.mkdir()
    os.utime(old, (time.time() - 90_000,) * 2)
    unpack(store, packed(tmp_path / "a.zip"))
    assert (old.exists(), new.exists()) == (False, True)


def test_nothing_is_ever_written_outside_of_the_home(store, tmp_path):
    unpack(store, packed(Path(tmp_path / "a.zip")))
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "home"}
