"""What can go wrong, read in Chinese on the page, while the log and ``--json`` have it in English."""

from __future__ import annotations

import errno
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from app.shared.language import speaking
from byol_core import cli, language
from byol_core.config import presets
from byol_core.errors import InputError
from byol_core.health import signs
from byol_core.runs import folder, worker
from byol_core.runs.run import Run
from byol_core.runs.schema import runs
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, listed

CHINESE = re.compile("[\u4e00-\u9fff]")
FULL = OSError(errno.ENOSPC, "No space left on device")


def banners(page: AppTest) -> str:
    """What the page says of a fault, all in one."""
    assert not page.exception
    return "\n".join(banner.value for banner in (*page.error, *page.warning))


@pytest.fixture
def ended(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], Run]:
    """A run whose training raised this."""
    monkeypatch.setattr(worker, "largest_batch", lambda *given: 64)

    def ended(error: BaseException) -> Run:
        def train(*given: Any, **more: Any) -> Any:
            raise error

        run = store.create(presets.get("classroom").config(), here=True)
        worker.main([run.run_id], train)
        return store.get(run.run_id)

    return ended


def in_json(run: Run, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``byol --lang zh show RUN --json`` says of it."""
    with pytest.raises(SystemExit):
        cli.main(["--lang", "zh", "show", run.run_id, "--json"])
    cli.language.settle(language.ENGLISH)
    return str(json.loads(capsys.readouterr().out)["message"])


@pytest.mark.parametrize(
    ("error", "english", "chinese"),
    [
        (MemoryError(), "The memory was not enough for a batch of", "内存不足"),
        (FULL, "The disk of '", "磁盘已满"),
        (InputError("There is no run '{run}'; 'byol runs' lists them.", run="x"), "There is no run", "没有"),
    ],
)
def test_a_run_that_failed(
    ended: Callable[[BaseException], Run],
    open_page: Open,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    english: str,
    chinese: str,
) -> None:
    run = ended(error)
    said = banners(open_page("runs", run=run.run_id, lang="zh"))
    assert chinese in said and english not in said
    assert english in in_json(run, capsys) and english in (run.folder / folder.LOG).read_text()
    assert english in banners(open_page("runs", run=run.run_id, lang="en"))


def test_a_run_that_was_killed(
    open_page: Open, make: Make, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make("running")
    with store.writing() as connection:
        gone = {"pid": 2**22 + 1, "pid_created": 1.0, "heartbeat": time.time() - 3600}
        connection.execute(update(runs).where(runs.c.run_id == run.run_id).values(**gone))
    page = open_page("runs", run=run.run_id, lang="zh")
    assert "进程" in banners(page) and "process" not in banners(page)
    assert not CHINESE.search(in_json(store.get(run.run_id), capsys))


def test_a_collapse(open_page: Open, make: Make, store: RunStore) -> None:
    config = presets.get("classroom").config().changed(**{"method.stop_gradient": False})
    alarm = signs.verdict({"std_ratio": 0.05, "projection_std_ratio": 0.03}, {"std_ratio": 0.7}, config)
    run = make("running", alarm=alarm, **{"method.stop_gradient": False})
    assert "坍塌" in banners(open_page("runs", run=run.run_id, lang="zh"))
    assert "collapsed" in banners(open_page("runs", run=run.run_id, lang="en"))
    assert not CHINESE.search(store.get(run.run_id).alarm)


def test_a_wrong_setting(open_page: Open, make: Make) -> None:
    make("running")
    said = banners(open_page("train", lang="zh", epochs="0"))
    assert "epochs" in said and CHINESE.search(said) and "should" not in said


def test_a_broken_archive(open_page: Open, make: Make, tmp_path: Path) -> None:
    make("running")
    source = tmp_path / "a.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("1.png", b"no image")
    source.write_bytes(source.read_bytes()[:40])
    with speaking("zh_CN"):  # AppTest asks for the labels of choices outside of the session
        page = listed(open_page("train", lang="zh", **{"data.source": str(source)}), source)
    assert CHINESE.search(banners(page)) and "archive" not in banners(page)
