"""Writing: whole or not there, one sentence for whatever is wrong, and in a process of its own for a server."""

from __future__ import annotations

import io
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from byol_core import export
from byol_core.errors import InputError, LabError
from byol_core.export.jobs import EXPORT, write_apart
from byol_core.jobs import own_process

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("format", "name", "sentence"),
    [
        ("pickle", "a.pkl", "There is no format 'pickle'; the formats are safetensors, torchvision, timm"),
        ("card", "a.txt", r"The file 'a.txt' should end with \.md"),
        ("card", "folder.md", "is a folder"),
        ("card", "file/a.md", "cannot be written"),
    ],
)
def test_a_wrong_wish_is_one_sentence(store, finished, tmp_path, format, name, sentence):
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match=sentence):
        export.write(store, finished(), format, tmp_path / name)


def test_a_missing_extra_is_named_with_its_command(store, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None if name == "onnxruntime" else object())
    with pytest.raises(InputError, match=r"needs more than is installed: pip install 'byol-lab\[onnx\]'\."):
        export.write(store, finished(), "onnx", tmp_path / "a.onnx")


def test_a_failed_export_keeps_the_old_file_and_no_partial_one(store, finished, tmp_path, monkeypatch):
    def half(store, run, target, lang):
        target.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("byol_core.export.card.write_card", half)
    file = tmp_path / "README.md"
    file.write_text("old")
    with pytest.raises(LabError, match=r"cannot be written \(No space left on device\)"):
        export.write(store, finished(), "card", file)
    assert file.read_text() == "old"
    assert not list(tmp_path.glob(".*.tmp"))


def test_every_format_has_a_writer_and_every_extra_is_declared():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for form in export.FORMATS.values():
        module, _, name = form.maker.partition(":")
        assert callable(getattr(import_module(f"byol_core.export.{module}"), name))
        assert form.purpose.endswith(".") and bool(form.needs) == bool(form.packages)
        assert not form.needs or set(extras[form.needs]) <= set(extras["test"])


def test_what_that_process_refuses_is_its_sentence(store, finished):
    with pytest.raises(LabError, match=r"^The encoder 'conv-quarter' of this run is no model of timm: .*instead\.$"):
        write_apart(store, finished(), "timm", io.BytesIO())


def test_a_process_that_takes_too_long_is_ended(store, finished):
    with pytest.raises(LabError, match="took longer than 0 s and was ended; 'byol export"):
        write_apart(store, finished(), "safetensors", io.BytesIO(), seconds=0.05)


@pytest.mark.parametrize("code", ["import os; os.kill(os.getpid(), 9)", "raise KeyError('x')"])
def test_a_process_that_dies_is_one_sentence(store, finished, tmp_path, monkeypatch, code):
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\n{code}\n")
    program.chmod(0o755)
    monkeypatch.setattr(own_process.sys, "executable", str(program))
    run = finished()
    said = f"exported the run {run.run_id} as safetensors ended without reporting an error"
    with pytest.raises(LabError, match=said):
        write_apart(store, run, "safetensors", io.BytesIO())


def test_what_nobody_expected_in_that_process_is_one_sentence(tmp_path):
    own_process.start(EXPORT, tmp_path, "made", {})
    job = own_process.wait(tmp_path, "made", 60)
    assert (job.state, job.message) == ("failed", "The computation failed unexpectedly (KeyError: 'run_id').")
