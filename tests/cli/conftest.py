"""A home of its own, and ``byol`` called in this process."""

from __future__ import annotations

import pytest

from byol_core import cli, language
from byol_core.config import RunConfig
from byol_core.events import MetricRow
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.store import RunStore
from tests.rows import put_summary


@pytest.fixture(autouse=True)
def in_english(monkeypatch):
    """Whatever the locale is; a command that was asked to speak otherwise does not make the next test do so."""
    monkeypatch.setenv(language.VARIABLE, language.ENGLISH)
    yield
    cli.language.settle(language.ENGLISH)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


@pytest.fixture
def config():
    return RunConfig(steps=20)


@pytest.fixture
def store(home):
    store = RunStore()
    yield store
    store.engine.dispose()


@pytest.fixture
def byol(home, capsys):
    """Run a command in this process: exit status, stdout, stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return caught.value.code, out, err

    return call


@pytest.fixture
def quiet(monkeypatch):
    """No supervisor is started; what would have been submitted is kept."""
    submitted = []
    monkeypatch.setattr(LocalExecutor, "wake", lambda self: submitted.append(self.store.home))
    return submitted


@pytest.fixture
def finished(store):
    """Make a run that is over, with a curve and numbers."""

    def make(name="done", **changes):
        run = store.create(RunConfig().changed(**changes), name=name, here=True)
        store.move(run.run_id, "running")
        store.add_metrics(run.run_id, 1, [MetricRow(3, 0.3, 1.5, {"loss": 0.25})])
        put_summary(store, run.run_id, {"steps": 3, "knn_accuracy": 0.7})
        return store.move(run.run_id, "finished")

    return make
