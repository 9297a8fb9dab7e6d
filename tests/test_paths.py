"""Homes in paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from byol_core import paths


def test_a_known_home_is_put_in_and_an_unknown_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.expand("~/photos") == tmp_path / "photos"
    assert paths.expand("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")
