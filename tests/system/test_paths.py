"""Homes in paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from byol_core.system import paths


def test_a_known_home_is_put_in_and_an_unknown_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.expand("~/photos") == tmp_path / "photos"
    assert paths.expand("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


def test_the_cache_lies_in_the_home_unless_it_is_said_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BYOL_LAB_CACHE", raising=False)
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path))
    assert paths.cache() == tmp_path / "cache"
    monkeypatch.setenv("BYOL_LAB_CACHE", str(tmp_path / "elsewhere"))
    assert paths.cache() == tmp_path / "elsewhere"
