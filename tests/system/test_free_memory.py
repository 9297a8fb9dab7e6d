"""The memory that is free under the limits of a container and of the process itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from byol_core.system import free_memory as memory
from byol_core.system.free_memory import _left_in_groups, free_memory

NAMES = {
    "v2": ("memory.max", "memory.current", "inactive_file", "", "0::/a/b"),
    "v1": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory", "5:cpu,memory:/a/b"),
}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_tightest_group_counts_and_its_page_cache_is_free(tmp_path: Path, version: str) -> None:
    limit, used, spare, folder, own = NAMES[version]
    for group, most in (("a", "1000"), ("a/b", "max" if version == "v2" else str(2**63))):
        here = tmp_path / folder / group
        here.mkdir(parents=True)
        (here / limit).write_text(most)
        (here / used).write_text("600\n")
        (here / "memory.stat").write_text(f"anon 1\n{spare} 250\nfile 3\n")
    (tmp_path / "cgroup").write_text(f"7:pids:/\n{own}\n")
    assert min(_left_in_groups(tmp_path, tmp_path / "cgroup")) == 650


def test_where_there_are_no_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert list(_left_in_groups(tmp_path, tmp_path / "cgroup")) == []


def test_it_is_at_most_what_the_machine_has_free() -> None:
    assert 0 < free_memory() <= psutil.virtual_memory().total


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits on data are counted on Linux")
def test_a_limit_of_the_process_counts() -> None:
    code = (
        "import psutil, resource; from byol_core.system.free_memory import free_memory; "
        "limit = psutil.Process().memory_info().data + 50_000_000; "
        "resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)); print(free_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert 0 < int(done.stdout) <= 50_000_000


def test_processes_that_load_at_once_have_a_share_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=4_000))
    memory.shared_by(4)
    try:
        assert memory.free_memory() == 1_000
    finally:
        memory.shared_by(1)
