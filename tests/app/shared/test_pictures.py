"""The pictures of the Augment page: one shelf for all sessions, however small."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import streamlit as st

from app.shared import pictures


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads that change places all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    st.cache_resource.clear()
    yield
    sys.setswitchinterval(before)
    st.cache_resource.clear()


@pytest.mark.usefixtures("busy")
def test_each_session_gets_its_pictures_though_others_push_them_off_the_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SHELF", 1)
    monkeypatch.setattr(pictures, "_load", lambda source, size, progress: pictures.nothing(size))
    shelf = pictures._shelf()  # what a page shares with all others

    def look(size: int) -> bool:
        return all(pictures.of_set("eurosat", size).images.shape[2] == size for _ in range(200))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(look, (32, 48, 64, 96)))
    assert pictures._shelf() is shelf
