"""What is made for a download: not too much, one at a time, for who may have it, and kept until it is fetched."""

from __future__ import annotations

import io
import shutil
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from safetensors.torch import load, load_file
from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from app.shared import access, downloads
from byol_core.errors import LabError
from byol_core.runs import export_zip
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system.paths import bundled
from tests.app.conftest import Make, Open, text
from tests.app.shared.test_access import WORD, attempt, shared  # noqa: F401 (a fixture)


def export(store: RunStore, kind: str, *runs: Run, permit: access.Permit | None = None) -> downloads.Export:
    """The download of these runs, of somebody at the machine unless told otherwise."""
    return downloads.Export(store, runs, kind, f"file.{kind}", permit or access.permit())


def test_curves_of_several_runs_are_one_table(make: Make, store: RunStore) -> None:
    import pandas as pd

    runs = [make("finished"), make("stopped")]
    lines = export(store, "csv", *runs).make().decode().splitlines()
    assert [line for line in lines if line.startswith("run_id")] == [lines[0]]
    table = pd.read_parquet(io.BytesIO(export(store, "parquet", *runs).make()))
    assert len(table) == len(lines) - 1
    assert set(table["run_id"]) == {line.split(",")[0] for line in lines[1:]} == {run.run_id for run in runs}


def test_several_runs_are_a_zip_of_zips_that_import(make: Make, store: RunStore, tmp_path: Path) -> None:
    runs = [make("finished"), make("stopped")]
    whole = zipfile.ZipFile(io.BytesIO(export(store, "zip", *runs).make()))
    assert whole.namelist() == [f"{run.run_id}.zip" for run in runs]
    whole.extractall(tmp_path)
    assert export_zip.unpack(store, tmp_path / whole.namelist()[0]).name == runs[0].name


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_has_fewer_points_made_than_a_teacher(
    make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("finished")
    points = export_zip.count_points(store, [run.run_id], 10_000)
    monkeypatch.setattr(downloads, "MOST_POINTS_TO_LOOK_ON", points - 1)
    monkeypatch.setattr(downloads, "MOST_POINTS", points)
    teacher = access.Permit((access.TOKENS.issue(WORD, access.passphrase_hash()),))
    assert export(store, "csv", run, permit=teacher).make()
    with pytest.raises(LabError, match=f"more than {points - 1} points.*byol export-metrics"):
        export(store, "csv", run, permit=access.Permit()).make()


def test_a_zip_that_is_too_large_is_neither_offered_nor_made(
    open_page: Open, make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("finished")
    monkeypatch.setattr(downloads, "MOST_BYTES", 10)
    page = open_page("runs", run=run.run_id)
    page.session_state["export"] = True
    page.run()
    assert {button.key for button in page.download_button} == {"export-csv", "export-parquet", "export-run"}
    assert "'byol pack RUN --out FILE.zip'" in page.warning[0].value
    with pytest.raises(LabError, match="too much for the browser"):
        export(store, "zip", run).make()


@pytest.mark.usefixtures("shared")
def test_a_zip_is_refused_to_who_has_signed_out_since_it_was_offered(make: Make, store: RunStore) -> None:
    token = access.TOKENS.issue(WORD, access.passphrase_hash())
    offered: list[downloads.Export] = []
    run = make("finished")
    attempt(lambda: offered.append(export(store, "zip", run)), token=token)
    assert offered[0].make().startswith(b"PK")
    access.TOKENS.revoke(token)
    with pytest.raises(LabError, match="Only a teacher may export whole runs"):
        offered[0].make()


def test_one_is_made_at_a_time(make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PATIENCE_SECONDS", 0.05)
    begun, go_on = threading.Event(), threading.Event()

    def write(*_: object) -> None:
        begun.set()
        assert go_on.wait(30)

    monkeypatch.setitem(downloads.KINDS, "csv", ("text/csv", write))
    mine = export(store, "csv", make("finished"))
    first = threading.Thread(target=mine.make)
    first.start()
    assert begun.wait(30)
    with pytest.raises(LabError, match="Another export is being made"):
        mine.make()
    go_on.set()
    first.join()
    assert mine.make() == b""


def test_a_class_that_polls_does_not_take_a_file_away_before_it_is_fetched(
    make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = MemoryMediaFileStorage("/media")
    files = MediaFileManager(storage)
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=files))
    mine = export(store, "csv", make("finished"))
    asked = files.add_deferred(mine.make, "text/csv", "a button", mine.name)
    made = files.execute_deferred(asked).rpartition("/")[2]
    for _ in range(40):
        files.remove_orphaned_files()
    assert storage.get_file(made).content.startswith(b"run_id")
    downloads._let_go(lambda: files.clear_session_refs(downloads._HOLDER), downloads._newest)
    for _ in range(2):
        files.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(made)


def trained(run: Run) -> Run:
    """The run with the weights of the demo."""
    for name in ("encoder.safetensors", "config.json"):
        shutil.copy(bundled("assets/byol-tiny") / name, run.folder / name)
    return run


def test_a_run_without_weights_offers_its_card_and_its_script(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished").run_id)
    page.session_state["export"] = True
    page.run()
    assert page.selectbox(key="export-format").options == ["Model card", "Python script"]
    assert "neither an encoder nor a checkpoint" in text(page)


def test_a_run_with_weights_offers_what_its_encoder_can_be(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=trained(make("finished")).run_id)
    page.session_state["export"] = True
    page.run()
    options = page.selectbox(key="export-format").options
    assert "Encoder as ONNX" in options and "Embeddings as Parquet" in options
    assert not [title for title in options if "torchvision" in title or "timm" in title]  # it is no ResNet
    page.selectbox(key="export-format").set_value("onnx").run()
    assert "onnxruntime" in text(page)


def test_an_encoder_is_made_by_a_process_of_its_own(make: Make, store: RunStore) -> None:
    made = load(export(store, "run-safetensors", trained(make("finished"))).make())
    expected = load_file(bundled("assets/byol-tiny/encoder.safetensors"))
    assert made.keys() == expected.keys()
    assert all(value.equal(expected[key]) for key, value in made.items())


def test_a_missing_extra_is_said_with_its_command(
    open_page: Open, make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("byol_core.export.find_spec", lambda name: None)
    run = trained(make("finished"))
    page = open_page("runs", run=run.run_id)
    page.session_state["export"] = True
    page.run()
    page.selectbox(key="export-format").set_value("onnx").run()
    assert "pip install 'byol-lab[onnx]'" in page.warning[0].value
    assert "export-run" not in {button.key for button in page.download_button}
    with pytest.raises(LabError, match="pip install"):
        export(store, "run-onnx", run).make()


def test_a_set_that_is_too_large_to_embed_here_names_the_command(
    make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST_PICTURES", 4_599)
    run = trained(make("finished"))
    with pytest.raises(LabError, match=f"4,600 images.*'byol export {run.run_id} --format parquet'"):
        export(store, "run-parquet", run).make()


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_gets_the_card_and_not_the_weights(make: Make, store: RunStore) -> None:
    run = trained(make("finished"))
    assert export(store, "run-card", run, permit=access.Permit()).make().startswith(b"---")
    with pytest.raises(LabError, match="Only a teacher may export whole runs"):
        export(store, "run-safetensors", run, permit=access.Permit()).make()
