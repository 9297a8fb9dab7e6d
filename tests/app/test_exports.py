"""What is made for a download: not too much, one at a time, for who may have it, and kept until it is fetched."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from app import access, exports
from byol_core.errors import LabError
from byol_core.runs import portable
from byol_core.runs.model import Run
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open
from tests.app.test_access import WORD, attempt, shared  # noqa: F401 (a fixture)


def export(store: RunStore, kind: str, *runs: Run, permit: access.Permit | None = None) -> exports.Export:
    """The download of these runs, of somebody at the machine unless told otherwise."""
    return exports.Export(store, runs, kind, f"file.{kind}", permit or access.permit())


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
    assert portable.unpack(store, tmp_path / whole.namelist()[0]).name == runs[0].name


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_has_fewer_points_made_than_a_teacher(
    make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("finished")
    points = portable.count_points(store, [run.run_id], 10_000)
    monkeypatch.setattr(exports, "MOST_POINTS_TO_LOOK_ON", points - 1)
    monkeypatch.setattr(exports, "MOST_POINTS", points)
    teacher = access.Permit((access.DOOR.enter(WORD, access.passphrase_hash()),))
    assert export(store, "csv", run, permit=teacher).make()
    with pytest.raises(LabError, match=f"more than {points - 1} points.*byol export-metrics"):
        export(store, "csv", run, permit=access.Permit()).make()


def test_a_zip_that_is_too_large_is_neither_offered_nor_made(
    open_page: Open, make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("finished")
    monkeypatch.setattr(exports, "MOST_BYTES", 10)
    page = open_page("runs", run=run.run_id)
    page.session_state["export"] = True
    page.run()
    assert {button.key for button in page.download_button} == {"export-csv", "export-parquet"}
    assert "'byol pack RUN --out FILE.zip'" in page.warning[0].value
    with pytest.raises(LabError, match="too much for the browser"):
        export(store, "zip", run).make()


@pytest.mark.usefixtures("shared")
def test_a_zip_is_refused_to_who_has_signed_out_since_it_was_offered(make: Make, store: RunStore) -> None:
    token = access.DOOR.enter(WORD, access.passphrase_hash())
    offered: list[exports.Export] = []
    run = make("finished")
    attempt(lambda: offered.append(export(store, "zip", run)), token=token)
    assert offered[0].make().startswith(b"PK")
    access.DOOR.leave(token)
    with pytest.raises(LabError, match="Only a teacher may export whole runs"):
        offered[0].make()


def test_one_is_made_at_a_time(make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PATIENCE_SECONDS", 0.05)
    begun, go_on = threading.Event(), threading.Event()

    def write(*_: object) -> None:
        begun.set()
        assert go_on.wait(30)

    monkeypatch.setitem(exports.KINDS, "csv", ("text/csv", write))
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
    monkeypatch.setattr(exports.runtime, "exists", lambda: True)
    monkeypatch.setattr(exports.runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=files))
    mine = export(store, "csv", make("finished"))
    asked = files.add_deferred(mine.make, "text/csv", "a button", mine.name)
    made = files.execute_deferred(asked).rpartition("/")[2]
    for _ in range(40):
        files.remove_orphaned_files()
    assert storage.get_file(made).content.startswith(b"run_id")
    exports._let_go(files, exports._newest)
    for _ in range(2):
        files.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(made)
