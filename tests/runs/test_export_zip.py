"""A run leaves as a table or as a zip, and comes back as it was."""

from __future__ import annotations

import csv
import io
import json
import math
import threading

import pandas as pd
import pytest
import torch

from byol_core.errors import InputError, LabError
from byol_core.events import Alarm, MetricRow
from byol_core.runs import demo, export_zip, library, unsaved
from byol_core.runs.store import RunStore
from byol_core.system import paths
from byol_core.system.processes import identity
from tests.rows import put_summary, start_from

COLUMNS = ["run_id", "run", "key", "step", "epoch", "seconds", "value"]
VALUES = [0.1 + 0.2, math.nan, math.inf]


@pytest.fixture
def run(store, config):
    """A finished run with all that a run may have."""
    run = store.create(config, name='the "one", = él', preset="classroom", here=True)
    store.move(run.run_id, "running")
    rows = [MetricRow(step, step / 3, step * 0.1, {"loss": value}) for step, value in enumerate(VALUES)]
    store.add_metrics(run.run_id, 1, [*rows, MetricRow(2, 0.7, 0.2, {"knn_accuracy": 0.5})])
    put_summary(store, run.run_id, {"steps": 2, "knn_accuracy": 0.5, "seconds": 1.25})
    library.annotate(store, run.run_id, tags=["good"], notes="two\nlines")
    store.set_alarm(run.run_id, Alarm("It has collapsed.", "collapsed", "projection"))
    for name, content in FILES.items():
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_bytes(content)
    return store.move(run.run_id, "finished", message="all done")


def checkpoint(step):
    """As a training writes one."""
    buffer = io.BytesIO()
    torch.save({"step": step}, buffer)
    return buffer.getvalue()


FILES = {
    "log.txt": b"a line\n",
    "summary.json": b"{}",
    "account.json": b"{}",
    "encoder.safetensors": b"weights",
    "checkpoints/step-00000001.pt": checkpoint(1),
    "checkpoints/step-00000002.pt": checkpoint(2),
    "checkpoints/step-00000003.pt": checkpoint(3)[:-5],
    "embeddings/step-00000000.safetensors": b"vectors",
    "embeddings/secret.txt": b"not a file of a run",
}


def again(store, run):
    """A second attempt that takes back all after step 0."""
    store.move(run.run_id, "stopped")
    store.resume(run.run_id)
    store.claim(run.run_id, identity())
    start_from(store, run.run_id, 2, 0)
    store.add_metrics(run.run_id, 2, [MetricRow(1, 0.0, 0.0, {"loss": 7.0})])


# Tables


def metrics_csv(store, run_id):
    buffer = io.BytesIO()
    export_zip.write_csv(store, [run_id], buffer)
    return buffer.getvalue()


def metrics_parquet(store, run_id):
    buffer = io.BytesIO()
    export_zip.write_parquet(store, [run_id], buffer)
    return buffer.getvalue()


def test_csv_has_every_number_to_the_last_digit(store, run):
    found = list(csv.DictReader(io.StringIO(metrics_csv(store, run.run_id).decode())))
    assert list(found[0]) == COLUMNS
    assert [row["key"] for row in found] == ["knn_accuracy", "loss", "loss", "loss"]
    assert float(found[1]["value"]) == VALUES[0] and math.isnan(float(found[2]["value"]))
    assert (found[1]["run_id"], found[1]["run"], found[3]["value"]) == (run.run_id, run.name, "inf")


def test_a_name_that_looks_like_a_formula_is_text(store, config, elsewhere, tmp_path):
    run = store.create(config, name="=cmd|' /C calc'!A0", here=True)
    store.add_metrics(run.run_id, 1, [MetricRow(1, 0.0, 0.0, {"@key": -1.0})])
    (line,) = csv.DictReader(io.StringIO(metrics_csv(store, run.run_id).decode()))
    assert (line["run"], line["key"], line["value"]) == (f"'{run.name}", "'@key", "-1.0")
    found = export_zip.unpack(elsewhere, export_zip.pack(store, run.run_id, tmp_path / "run.zip"))
    assert (found.name, elsewhere.metric_keys(found.run_id)) == (run.name, ["@key"])


def test_parquet_is_the_same_table(store, run):
    frame = pd.read_parquet(io.BytesIO(metrics_parquet(store, run.run_id)))
    text = pd.read_csv(io.BytesIO(metrics_csv(store, run.run_id)))
    assert list(frame.columns) == COLUMNS
    assert frame["step"].dtype == "int64"
    pd.testing.assert_frame_equal(frame, text, check_dtype=False)


def test_a_run_without_curves_is_an_empty_table(store, config):
    run = store.create(config)
    assert metrics_csv(store, run.run_id).decode() == ",".join(COLUMNS) + "\n"
    frame = pd.read_parquet(io.BytesIO(metrics_parquet(store, run.run_id)))
    assert (list(frame.columns), len(frame)) == (COLUMNS, 0)


def test_only_what_is_visible_is_exported(store, config):
    run = store.create(config, here=True)
    store.add_metrics(run.run_id, 1, [MetricRow(step, 0.0, 0.0, {"loss": 1.0}) for step in range(5)])
    again(store, run)
    text = metrics_csv(store, run.run_id).decode()
    assert [(row["step"], row["value"]) for row in csv.DictReader(io.StringIO(text))] == [("0", "1.0"), ("1", "7.0")]


def test_metrics_are_saved_in_the_format_of_the_name(store, run, tmp_path):
    assert export_zip.save_metrics(store, run.run_id, tmp_path / "new" / "a.CSV").read_bytes().startswith(b"run_id,")
    assert export_zip.save_metrics(store, run.run_id, tmp_path / "a.parquet").read_bytes().startswith(b"PAR1")
    with pytest.raises(InputError, match=r"should end with \.csv or \.parquet"):
        export_zip.save_metrics(store, run.run_id, tmp_path / "a.txt")


# There and back


@pytest.fixture
def elsewhere(tmp_path, url, monkeypatch):
    """Another home, always with a database of its own."""
    store = RunStore(tmp_path / "elsewhere", f"sqlite:///{tmp_path}/elsewhere.sqlite")
    yield store
    store.engine.dispose()


def test_a_run_comes_into_another_home_as_it_was(store, run, elsewhere, tmp_path):
    found = export_zip.unpack(elsewhere, export_zip.pack(store, run.run_id, tmp_path / "run.zip"))
    same = ("run_id", "name", "state", "config", "preset", "created", "started", "ended", "summary", "tags", "notes")
    same += ("alarm", "alarm_kind", "alarm_space")
    assert {key: getattr(found, key) for key in same} == {key: getattr(run, key) for key in same}
    assert (found.message, found.attempt, found.demo) == ("all done", 1, False)
    assert metrics_csv(elsewhere, found.run_id) == metrics_csv(store, run.run_id)
    kept = set(FILES) - {f"checkpoints/step-0000000{step}.pt" for step in (1, 3)} - {"embeddings/secret.txt"}
    assert {path.relative_to(found.folder).as_posix() for path in found.folder.rglob("*") if path.is_file()} == {
        "config.json",
        *kept,
    }
    assert all((found.folder / name).read_bytes() == FILES[name] for name in kept)


def test_a_run_whose_id_is_taken_gets_another(store, run, tmp_path):
    found = export_zip.unpack(store, export_zip.pack(store, run.run_id, tmp_path / "run.zip"))
    assert found.run_id != run.run_id and found.folder != run.folder
    assert (found.name, len(store.runs())) == (run.name, 2)
    library.throw(store, [found.run_id])
    assert export_zip.unpack(store, tmp_path / "run.zip").run_id not in (run.run_id, found.run_id)


@pytest.mark.parametrize(("before", "after"), [("queued", "stopped"), ("running", "interrupted")])
def test_a_run_that_was_not_over_can_be_resumed_elsewhere(store, config, elsewhere, tmp_path, before, after):
    run = store.create(config, here=before == "running")
    if before == "running":
        store.move(run.run_id, "running")
    found = export_zip.unpack(elsewhere, export_zip.pack(store, run.run_id, tmp_path / "run.zip"))
    assert (found.state, found.pid, found.ended, found.stop_requested) == (after, None, None, False)
    elsewhere.resume(found.run_id)
    assert elsewhere.claim(found.run_id, identity()).attempt == (2 if before == "running" else 1)


def test_a_resumed_run_travels_as_one_line_and_goes_on_as_one(store, config, elsewhere, tmp_path):
    run = store.create(config, here=True)
    store.add_metrics(run.run_id, 1, [MetricRow(step, 0.0, 0.0, {"loss": 1.0}) for step in range(5)])
    again(store, run)
    found = export_zip.unpack(elsewhere, export_zip.pack(store, run.run_id, tmp_path / "run.zip"))
    elsewhere.resume(found.run_id)
    elsewhere.claim(found.run_id, identity())
    start_from(elsewhere, found.run_id, 2, 1)
    elsewhere.add_metrics(found.run_id, 2, [MetricRow(2, 0.0, 0.0, {"loss": 9.0})])
    assert [point[::3] for point in elsewhere.series(found.run_id, "loss")] == [(0, 1.0), (1, 7.0), (2, 9.0)]


def test_exporting_a_run_in_progress_leaves_no_gap_in_its_curve(store, config, elsewhere, tmp_path, monkeypatch):
    def save(step):
        (run.folder / "checkpoints").mkdir(exist_ok=True)
        store.add_metrics(run.run_id, 1, [MetricRow(step - 1, 0.0, 0.0, {"loss": 1.0})])
        unsaved.append(run.folder, 1, [MetricRow(step, 0.0, 0.0, {"loss": 1.0})])
        (run.folder / "checkpoints" / f"step-{step:08d}.pt").write_bytes(checkpoint(step))

    def going_on(*given):
        before = add(*given)
        save(4)
        return before

    run, add = store.create(config, here=True), export_zip._add
    save(2)
    monkeypatch.setattr(export_zip, "_add", going_on)
    found = export_zip.unpack(elsewhere, export_zip.pack(store, run.run_id, tmp_path / "run.zip"))
    steps = [point[0] for point in elsewhere.series(found.run_id, "loss")]
    kept = [int(path.stem[5:]) for path in (found.folder / "checkpoints").iterdir()]
    assert kept and steps == list(range(1, steps[-1] + 1)) and steps[-1] >= kept[0]


def test_the_demo_travels_with_its_map(store, elsewhere, tmp_path):
    shipped = demo.ensure(store)
    found = export_zip.unpack(elsewhere, export_zip.pack(store, shipped.run_id, tmp_path / "demo.zip"))
    index = json.loads((found.folder / "embeddings" / "probe.json").read_text())
    assert all((found.folder / "embeddings" / entry["file"]).is_file() for entry in index["evaluations"])
    assert found.summary == shipped.summary
    assert paths.bundled("assets/byol-tiny").is_dir()


def test_more_points_than_one_batch(store, config, elsewhere, tmp_path):
    run = store.create(config, here=True)
    store.add_metrics(run.run_id, 1, [MetricRow(step, step / 7, 0.0, {"loss": 1 / (step + 1)}) for step in range(6000)])
    found = export_zip.unpack(elsewhere, export_zip.pack(store, run.run_id, tmp_path / "run.zip"))
    assert metrics_csv(elsewhere, found.run_id).count(b"\n") == 6001


def test_one_file_that_comes_in_twice_at_once_is_two_runs(store, run, tmp_path):
    file, other, found = export_zip.pack(store, run.run_id, tmp_path / "a.zip"), RunStore(store.home), []
    store.delete(run.run_id)
    threads = [threading.Thread(target=lambda s=s: found.append(export_zip.unpack(s, file))) for s in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.engine.dispose()
    assert len({run.run_id for run in found}) == 2
    assert all(store.series(run.run_id, "loss") and run.folder.is_dir() for run in found)


def test_a_pack_that_cannot_be_written_leaves_nothing(store, run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="cannot be written"):
        export_zip.pack(store, run.run_id, tmp_path / "file" / "run.zip")
    with pytest.raises(LabError, match="cannot be written"):
        export_zip.pack(store, run.run_id, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []
