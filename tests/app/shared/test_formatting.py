"""Numbers, times and states in plain words."""

from __future__ import annotations

import math
import time

import pytest

from app.shared import access, formatting
from byol_core.runs.run import STATES


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.4, "59 s"), (92, "1 min 32 s"), (7500, "2 h 05 min"), (273600, "3 d 4 h"), (math.inf, "–")],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert formatting.duration(seconds) == said


@pytest.mark.parametrize(("past", "said"), [(3, "just now"), (300, "5 min ago"), (7200, "2 h ago"), (2e5, "2 d ago")])
def test_ages(past: float, said: str) -> None:
    assert formatting.ago(1e9 - past, now=1e9) == said


def test_an_old_date_is_written_as_the_language_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = time.mktime((2025, 11, 29, 14, 5, 0, 0, 0, -1))
    assert formatting.ago(moment, now=moment + 1e6) == "29 Nov 2025"
    monkeypatch.setattr(formatting, "current", lambda: "zh_CN")
    assert formatting.ago(moment, now=moment + 1e6) == "2025年11月29日"


@pytest.mark.parametrize("quotes", ["''", "“”", "‘’"])
def test_a_viewer_is_not_told_a_path_in_any_language(monkeypatch: pytest.MonkeyPatch, quotes: str) -> None:
    monkeypatch.setattr(access, "is_teacher", lambda: False)
    told = formatting.told(f"There is nothing at {quotes[0]}/home/me/photos{quotes[1]}.")
    assert told == "There is nothing at a folder of this machine."


@pytest.mark.parametrize(
    ("value", "said"), [(0.7812, "0.781"), (None, "–"), (math.nan, "–"), (True, "–"), (1e-5, "1.0e-05"), (0.0, "0.000")]
)
def test_numbers(value: object, said: str) -> None:
    assert formatting.number(value) == said


@pytest.mark.parametrize(
    ("value", "digits", "said"), [(0.071, 1, "0.1"), (0.003, 2, "0.00"), (-0.003, 2, "0.00"), (0.4, 0, "0")]
)
def test_a_small_number_of_few_digits_is_rounded(value: float, digits: int, said: str) -> None:
    assert formatting.number(value, digits) == said


def test_every_state_has_a_look() -> None:
    assert set(formatting.LOOKS) == set(STATES)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_sentence(make, state: str) -> None:  # type: ignore[no-untyped-def]
    sentence = formatting.sentence(make(state))
    assert sentence.endswith(".") and sentence[0].isupper()


def test_a_waiting_run_says_how_many_are_before_it(make, store) -> None:  # type: ignore[no-untyped-def]
    first, second, third = make("queued"), make("queued"), make("queued")
    assert "Next in the queue" in formatting.sentence(first, store.queue())
    assert "1 other run starts first" in formatting.sentence(second, store.queue())
    assert "2 other runs start first" in formatting.sentence(third, store.queue())


def test_resume_says_where_it_goes_on(make) -> None:  # type: ignore[no-untyped-def]
    run = make("failed", message="The disk is full.")
    assert formatting.sentence(run) == "The disk is full. Resume starts again from the beginning."
    assert formatting.sentence(run, checkpoint=True) == "The disk is full. Resume goes on from the last checkpoint."


def test_resume_is_not_said_twice(make) -> None:  # type: ignore[no-untyped-def]
    run = make("interrupted", message="It was killed; resume it to go on from its last checkpoint.")
    assert formatting.sentence(run, checkpoint=True) == run.message


@pytest.mark.parametrize(("value", "said"), [(True, "on"), (False, "off"), (None, "as the recipe"), (0.99, "0.99")])
def test_settings_in_a_sentence(value: object, said: str) -> None:
    assert formatting.setting(value) == said
