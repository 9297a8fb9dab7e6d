from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from byol_core.system import files
from byol_core.system.files import clear_leftovers, write_atomic, write_json


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "file"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert [(found.name, found.read_bytes()) for found in path.parent.iterdir()] == [("file", b"two")]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    write_json(path, {"name": "Grüße"})
    with pytest.raises(TypeError):
        write_atomic(path, "not bytes")  # type: ignore[arg-type]
    assert [found.name for found in tmp_path.iterdir()] == ["file"]
    assert "Grüße" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("refusals", [2, 99])
def test_replacing_a_file_in_use_is_retried_and_then_given_up(tmp_path, monkeypatch, refusals):
    def replace(temporary, path):
        tries.append(path)
        if len(tries) <= refusals:
            raise PermissionError
        return temporary.rename(path)

    tries: list[Path] = []
    monkeypatch.setattr(files, "_REPLACE_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(Path, "replace", replace)
    if refusals == 2:
        write_atomic(tmp_path / "file", b"one")
        assert [found.name for found in tmp_path.iterdir()] == ["file"]
    else:
        with pytest.raises(PermissionError):
            write_atomic(tmp_path / "file", b"one")
        assert list(tmp_path.iterdir()) == []


def test_only_partial_files_of_dead_processes_are_removed(tmp_path):
    (tmp_path / "below").mkdir()
    dead = tmp_path / "below" / ".step-1.pt.4194305-0123abcd.tmp"  # larger than any pid
    kept = [tmp_path / f".config.json.{os.getpid()}-0123abcd.tmp", tmp_path / ".notes.tmp", tmp_path / "file"]
    for path in (dead, *kept):
        path.write_bytes(b"half")
    clear_leftovers(tmp_path)
    assert not dead.exists()
    assert all(path.exists() for path in kept)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_limit_on_the_size_of_files_is_said_as_one(tmp_path: Path) -> None:
    code = f"""
import resource, sys
from pathlib import Path
from byol_core.system.files import because, write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
try:
    write_atomic(Path({str(tmp_path)!r}, "large"), bytes(2_000_000))
except OSError as error:
    print(because(error))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a file may have at most 1.5 MB here, the limit of 'ulimit -f'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of open files")
def test_more_files_may_be_open_as_far_as_the_system_allows() -> None:
    code = """
import resource
from byol_core.system.files import raise_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300))
print(raise_open_files(250), raise_open_files(1000), raise_open_files(100), resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "250 300 300 (300, 300)\n"
