"""The pictures of the Augment page: kept for all sessions together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.shared import pictures


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads that change places all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    pictures._watched.cache_clear()
    yield
    sys.setswitchinterval(before)
    pictures._watched.cache_clear()


@pytest.mark.usefixtures("busy")
def test_each_session_gets_its_pictures_though_others_push_them_off_the_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_load", lambda source, size, progress: pictures.nothing(size))
    assert len(pictures.SIZES) > pictures.SETS

    def look(size: int) -> bool:
        return all(pictures.of_set("eurosat", size).images.shape[2] == size for _ in range(200))

    with ThreadPoolExecutor(len(pictures.SIZES)) as threads:
        assert all(threads.map(look, pictures.SIZES))
    assert len(pictures._watched.cache) == pictures.SETS
