"""A checkpoint from elsewhere: numbers and plain values come in, and nothing else does."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch

from byol_core.errors import InputError
from byol_core.runs.pickle_check import check_checkpoint
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


def rewritten(path, change):
    """The same checkpoint with another index."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, change(data) if name.endswith("data.pkl") else data)
    return path


def refused(path):
    with pytest.raises(InputError, match="is broken, or holds more than numbers"):
        check_checkpoint(path)


def test_what_a_training_saves_comes_in(tmp_path):
    check_checkpoint(checkpoint.save(tmp_path, 1, PLAIN))


@pytest.mark.parametrize("protocol", [2, 4])
def test_code_is_refused_and_not_run(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    torch.save({"model": Command()}, "a.pt", pickle_protocol=protocol)
    refused(tmp_path / "a.pt")
    assert not (tmp_path / "ran").exists()


def test_an_index_that_is_nothing_but_a_command_is_refused(tmp_path):
    refused(rewritten(checkpoint.save(tmp_path, 1, PLAIN), lambda _: pickle.dumps(Command(), 2)))


def test_numbers_that_are_not_there_are_refused(tmp_path):
    """Torch would read on, behind the end of the file's part."""
    path = checkpoint.save(tmp_path, 1, {"weight": torch.arange(200.0)})
    asked = b"K\xc8"  # 200, and then 250
    refused(rewritten(path, lambda index: index.replace(asked, b"K\xfa")))


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), pickle.dumps({"a": 1})])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(InputError):
        check_checkpoint(tmp_path / "a.pt")


def test_a_part_that_torch_does_not_write_is_refused(tmp_path):
    path = checkpoint.save(tmp_path, 1, PLAIN)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/constants.pkl", pickle.dumps(None))
    refused(path)
