"""Each home has a store of its own, whatever its path holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
