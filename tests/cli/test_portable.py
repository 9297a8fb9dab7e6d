from __future__ import annotations

import json
import zipfile
from pathlib import Path


def test_curves_are_written_as_a_table(byol, finished, tmp_path):
    run = finished()
    out = json.loads(byol("export-metrics", "done", "--out", tmp_path / "a.csv", "--json")[1])
    assert (out["run_id"], out["bytes"]) == (run.run_id, (tmp_path / "a.csv").stat().st_size)
    assert (tmp_path / "a.csv").read_text().splitlines()[1] == f"{run.run_id},done,loss,3,0.3,1.5,0.25"
    assert byol("export-metrics", "done", "--out", tmp_path / "a.parquet")[0] == 0
    status, _, err = byol("export-metrics", "done", "--out", tmp_path / "a.xlsx")
    assert (status, err) == (2, "The file 'a.xlsx' should end with .csv or .parquet.\n")


def test_a_run_is_packed_and_unpacked(byol, store, finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = finished()
    assert f"Run {run.run_id} 'done' is in {run.run_id}.zip" in byol("pack", "done")[1]
    byol("delete", "done", "--now")
    back = json.loads(byol("unpack", f"{run.run_id}.zip", "--json")[1])
    assert (back["run_id"], back["state"], back["loss"], back["knn_accuracy"]) == (run.run_id, "finished", 0.25, 0.7)
    assert byol("unpack", f"{run.run_id}.zip")[1].startswith("Run ")
    assert len(store.runs()) == 2


def test_several_runs_in_one_file_come_in_together(byol, store, finished, tmp_path):
    ids = [finished(name).run_id for name in ("one", "two")]
    with zipfile.ZipFile(tmp_path / "runs.zip", "w") as archive:
        for run_id in ids:
            byol("pack", run_id, "--out", tmp_path / f"{run_id}.zip")
            archive.write(tmp_path / f"{run_id}.zip", f"{run_id}.zip")
    byol("delete", *ids, "--now")
    assert [run["run_id"] for run in json.loads(byol("unpack", tmp_path / "runs.zip", "--json")[1])] == ids
    assert byol("unpack", tmp_path / "runs.zip")[1].count("is here, finished") == 2


def test_a_foreign_file_is_one_sentence(byol, store, tmp_path):
    Path(tmp_path / "a.zip").write_text("text")
    status, out, err = byol("unpack", tmp_path / "a.zip")
    assert (status, out, err.count("\n"), store.runs()) == (2, "", 1, [])
