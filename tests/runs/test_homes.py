"""Each home has a store of its own, whatever its path holds; what an earlier release kept elsewhere comes home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from byol_core.config import RunConfig
from byol_core.runs.store import RunStore
from tests.homes import ODD

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no folder may be called like that there")


@pytest.fixture(autouse=True)
def _no_other_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)


def one_run(home: Path) -> str:
    """Make a home with one run in it."""
    store = RunStore(home)
    run = store.create(RunConfig(steps=3)).run_id
    store.engine.dispose()
    return run


def ids(home: Path) -> list[str]:
    store = RunStore(home)
    found = [run.run_id for run in store.runs()]
    store.engine.dispose()
    return found


def test_fifteen_odd_homes_have_fifteen_stores(tmp_path: Path) -> None:
    for plain in ("my lab", "A", "a"):  # what some of the names would be in a URL
        (tmp_path / plain).mkdir()
    made = {name: one_run(tmp_path / name) for name in ODD}
    assert {name: ids(tmp_path / name) for name in ODD} == {name: [run] for name, run in made.items()}
    assert all((tmp_path / name / "lab.sqlite").is_file() for name in ODD)
    assert {path.name for path in tmp_path.iterdir()} == {*ODD, "my lab", "A", "a"}
    assert not any((tmp_path / plain / "lab.sqlite").exists() for plain in ("my lab", "A", "a"))


@pytest.mark.parametrize(("name", "kept"), [("my%20lab", "my lab/lab.sqlite"), ("what?", "what"), ("a%20?b", "a ")])
def test_runs_that_an_earlier_release_kept_elsewhere_come_home(tmp_path: Path, name: str, kept: str) -> None:
    home, elsewhere = tmp_path / name, tmp_path / kept
    mine = one_run(home)
    elsewhere.parent.mkdir(exist_ok=True)
    (home / "lab.sqlite").rename(elsewhere)  # where that release had it
    shared = RunStore(tmp_path / "other", f"sqlite:///{elsewhere}")
    foreign = shared.create(RunConfig(steps=3)).run_id
    shared.engine.dispose()
    assert ids(home) == [mine]
    with create_engine(f"sqlite:///{elsewhere}").connect() as still:
        assert {row[0] for row in still.exec_driver_sql("SELECT run_id FROM runs")} == {mine, foreign}


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "what").write_text("a letter")
    run = one_run(tmp_path / "what?")
    assert ids(tmp_path / "what?") == [run]
    assert (tmp_path / "what").read_text() == "a letter"


def test_a_limit_on_the_size_of_files_is_said_as_one(tmp_path: Path) -> None:
    code = f"""
import resource, sys
from pathlib import Path
from byol_core.config import RunConfig
from byol_core.errors import LabError
from byol_core.runs.store import RunStore
store = RunStore(Path({str(tmp_path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    for _ in range(500):
        run = store.create(RunConfig())
except LabError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "The run store cannot be used (a file may have at most 0.2 MB here, the limit of 'ulimit -f').\n"
    )
