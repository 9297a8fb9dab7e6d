"""A checkpoint from anywhere: numbers and plain values are read, and nothing else is."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch

from byol_core.weights import checkpoint

shared = torch.arange(6.0)
PLAIN = {
    "model": OrderedDict(weight=torch.nn.Parameter(torch.ones(2, 3)), half=torch.ones(3, dtype=torch.bfloat16)),
    "views": [shared, shared[2:4]],
    "values": (1, 2**40, -0.5, None, True, "text", {3: []}),
    "generator": torch.get_rng_state(),
}


class Command:
    """What it is unpickled to is the result of a command."""

    def __reduce__(self):
        return os.system, ("touch ran",)


def rewritten(path, change, compression=zipfile.ZIP_STORED):
    """The same checkpoint with another index."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, change(data) if name.endswith("data.pkl") else data)
    return path


def test_what_a_training_saves_is_read(tmp_path):
    path = checkpoint.save(tmp_path, 1, PLAIN)
    assert checkpoint.is_sound(path)
    found = checkpoint.read(path)
    assert found["values"] == PLAIN["values"]
    assert all(torch.equal(found["model"][key], PLAIN["model"][key]) for key in PLAIN["model"])
    assert found["views"][1].untyped_storage().data_ptr() == found["views"][0].untyped_storage().data_ptr()


def test_what_was_read_needs_its_file_no_more(tmp_path):
    path = checkpoint.save(tmp_path, 1, PLAIN)
    found = checkpoint.read(path)
    with path.open("rb+") as file:
        file.write(bytes(path.stat().st_size))
    assert torch.equal(found["views"][0], shared)


@pytest.mark.parametrize("protocol", [2, 4])
def test_code_is_refused_and_not_run(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    torch.save({"model": Command()}, "a.pt", pickle_protocol=protocol)
    assert not checkpoint.is_sound(tmp_path / "a.pt")
    assert not (tmp_path / "ran").exists()


def test_an_index_that_is_nothing_but_a_command_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = rewritten(checkpoint.save(tmp_path, 1, PLAIN), lambda _: pickle.dumps(Command(), 2))
    assert checkpoint.read(path) is None
    assert not (tmp_path / "ran").exists()


def test_numbers_that_are_not_there_are_refused(tmp_path):
    """Torch would read on, behind the end of the file's part, in the memory of this process."""
    path = checkpoint.save(tmp_path, 1, {"weight": torch.arange(300.0)})
    asked = b"M\x2c\x01"  # 300, and then 65,535
    assert path.read_bytes().count(asked) >= 2  # of the storage and of the tensor
    assert checkpoint.read(rewritten(path, lambda index: index.replace(asked, b"M\xff\xff"))) is None


def test_what_is_packed_more_tightly_is_refused(tmp_path):
    """Torch packs nothing; something else may be small here and large in memory."""
    path = rewritten(checkpoint.save(tmp_path, 1, PLAIN), lambda index: index, zipfile.ZIP_DEFLATED)
    assert not checkpoint.is_sound(path)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), pickle.dumps({"a": 1})])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    assert not checkpoint.is_sound(tmp_path / "a.pt")


def test_a_list_is_no_checkpoint(tmp_path):
    assert not checkpoint.is_sound(checkpoint.save(tmp_path, 1, [1, 2]))
