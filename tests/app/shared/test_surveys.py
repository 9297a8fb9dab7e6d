"""Surveys in the background: told at once, made again when the images have changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.shared import surveys
from app.shared.surveys import PENDING, Surveys
from byol_core.data import catalog
from tests.photos import photos


def wait(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


def test_a_path_is_surveyed_while_nobody_waits(tmp_path: Path) -> None:
    found, source = Surveys(), str(photos(tmp_path / "photos", 30))
    assert found.look(source) is PENDING
    wait(lambda: not found.look(source).pending)
    assert (found.look(source).training, found.look(source).classes) == (24, 3)


def test_a_change_is_seen_and_meanwhile_the_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveys, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(surveys, "PATIENCE", 0.0)
    found, source = Surveys(), str(photos(tmp_path / "photos", 30))
    wait(lambda: not found.look(source).pending)
    photos(tmp_path / "photos", 45)
    assert found.look(source).training == 24
    wait(lambda: found.look(source).training == 36)


def test_what_has_not_changed_is_not_surveyed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveys, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(surveys, "PATIENCE", 0.0)
    found, source = Surveys(), str(photos(tmp_path / "photos", 30))
    wait(lambda: not found.look(source).pending)
    first, stamps = found.look(source), []
    real = catalog.stamp
    monkeypatch.setattr(catalog, "stamp", lambda source: (stamps.append(source), real(source))[1])
    wait(lambda: (found.look(source), len(stamps) > 2)[1])
    assert found.look(source) is first


def test_what_is_wrong_is_a_sentence(tmp_path: Path) -> None:
    found = Surveys()
    wait(lambda: not found.look(str(tmp_path)).pending)
    assert "holds 0 usable images" in found.look(str(tmp_path)).problem
    assert found.look(str(tmp_path)).training is None


def test_disks_that_do_not_answer_hold_few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(Surveys, "_work", lambda self, source, kept: started.append(source))  # it never ends
    found = Surveys()
    assert all(found.look(str(number)) is PENDING for number in range(50))
    wait(lambda: len(started) == surveys.MOST_AT_ONCE)


def test_of_a_named_set_the_catalog_tells(tmp_path: Path) -> None:
    assert (surveys.look("cifar100").training, surveys.look("cifar100").classes) == (50_000, 100)
