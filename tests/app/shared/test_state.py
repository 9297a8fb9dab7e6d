"""What the dashboard says when its home or its database cannot be used."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.shared import formatting
from byol_core.errors import LabError
from byol_core.runs.store import RunStore
from tests.app.conftest import MAIN, Make, Open


@pytest.fixture
def broken(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is a file."""
    file = home / "file"
    file.touch()
    monkeypatch.setenv("BYOL_LAB_HOME", str(file))
    st.cache_resource.clear()
    return file


@pytest.mark.parametrize("page", ["home", "train", "runs", "embeddings"])
def test_a_home_that_is_a_file_is_one_sentence_on_every_page(broken: Path, page: str) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=120).run().switch_page(f"{page}/page.py").run()
    assert not app.exception
    (error,) = app.error
    assert f"The home of the runs '{formatting.plain(str(broken))}' cannot be written" in error.value


def test_the_augment_page_needs_no_home(broken: Path) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=120).run().switch_page("augment/page.py").run()
    assert not app.exception and not app.error


@pytest.mark.parametrize("page", ["lab", "runs", "embeddings"])
@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (LabError("The run store cannot be used (database is locked)."), "database is locked"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_a_store_that_fails_later_is_one_sentence(
    open_page: Open, make: Make, monkeypatch: pytest.MonkeyPatch, page: str, failure: Exception, said: str
) -> None:
    make("finished")
    app = open_page(page)

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(RunStore, "runs", fail)
    app.run()
    assert not app.exception
    assert said in app.error[0].value
