"""``byol export``: a file in a format, and one sentence for whatever is wrong."""

from __future__ import annotations

import json
import shutil

from byol_core.system.paths import bundled


def test_an_encoder_is_written_and_told_as_json(byol, finished, tmp_path):
    run = finished()
    for name in ("encoder.safetensors", "config.json"):
        shutil.copy(bundled("assets/byol-tiny") / name, run.folder / name)
    out = json.loads(byol("export", "done", "--out", tmp_path / "a.safetensors", "--json")[1])
    expected = {"run_id": run.run_id, "name": "done", "format": "safetensors"}
    assert out == {
        **expected,
        "file": str(tmp_path / "a.safetensors"),
        "bytes": (tmp_path / out["file"]).stat().st_size,
    }


def test_without_a_name_the_file_is_called_after_run_and_format(byol, finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = finished()
    said = byol("export", "done", "--format", "card")[1]
    assert said.startswith(f"Run {run.run_id} 'done' is in {run.run_id}-card.md (1.7 kB): Model card.\n")
    assert (tmp_path / f"{run.run_id}-card.md").read_text().startswith("---\nlibrary_name: byol-lab\n")


def test_what_is_wrong_is_one_sentence(byol, finished, tmp_path):
    finished()
    known = "safetensors, torchvision, timm, onnx, export, parquet, card, python"
    sentence = f"There is no format 'keras'; the formats are {known}.\n"
    assert byol("export", "done", "--format", "keras")[::2] == (2, sentence)
    status, _, said = byol("export", "done", "--out", tmp_path / "a.safetensors")
    assert (status, said.count("\n")) == (1, 1) and "neither an encoder nor a checkpoint" in said
