"""The calibration before a run: a real one, in its own process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.train import estimates
from app.train.estimates import Estimate, Estimates, fingerprint
from byol_core.config import RunConfig, presets

CONFIG = presets.get("first-look").config().changed(**{"data.image_size": 8, "batch_size": 4, "runtime.threads": 1})


def answer(home: Path, config: RunConfig) -> Estimate | str | None:
    """Ask, and wait for what comes."""
    asked = Estimates(home)
    asked.ask(config, 1000)
    assert asked.pending(config) or asked.answer(config) is not None
    until = time.monotonic() + 200
    while asked.answer(config) is None and time.monotonic() < until:
        time.sleep(0.1)
    assert not asked.pending(config)
    return asked.answer(config)


def test_a_calibration_answers_with_numbers(tmp_path: Path) -> None:
    found = answer(tmp_path, CONFIG)
    assert isinstance(found, Estimate)
    assert found.images_per_second > 0 and found.seconds > 0 and found.images == 1000


def test_what_cannot_run_here_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    found = answer(tmp_path, CONFIG.changed(**{"runtime.device": "cuda"}))
    assert isinstance(found, str) and "CUDA" in found and "Traceback" not in found


def test_the_seed_does_not_change_the_time_and_the_batch_does() -> None:
    assert fingerprint(CONFIG) == fingerprint(CONFIG.changed(seed=3))
    assert fingerprint(CONFIG) != fingerprint(CONFIG.changed(batch_size=8))


def test_a_new_question_ends_the_one_before(tmp_path: Path) -> None:
    asked, other = Estimates(tmp_path), CONFIG.changed(batch_size=8)
    asked.ask(CONFIG, None)
    asked.ask(other, None)
    assert not asked.pending(CONFIG) and asked.pending(other)
    asked.stop()
    assert not asked.pending(other)


def test_a_calibration_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "PATIENCE_SECONDS", -1.0)
    asked = Estimates(tmp_path)
    asked.ask(CONFIG, None)
    assert not asked.pending(CONFIG)
    assert asked.answer(CONFIG) == "The calibration took too long, so there is no estimate."
