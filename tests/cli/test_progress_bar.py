"""What the progress bar prints where there is no terminal."""

from __future__ import annotations

import io
from functools import partial

import pytest
from rich.console import Console

from byol_core.cli import progress_bar
from byol_core.events import Alarm, Progress


@pytest.fixture
def printed():
    return io.StringIO()


@pytest.fixture
def shown(printed):
    with progress_bar.Bar(Console(file=printed, width=80)) as shown:
        yield shown


def test_an_alarm_is_printed_when_it_begins_and_ends_and_not_while_its_numbers_change(shown, printed):
    falls, gone = partial(Alarm, kind="collapsing", space="projection"), Alarm("It is gone: 0.05.", "collapsed")
    for alarm in (None, falls("The ratio is 0.25."), falls("The ratio is 0.19."), gone, None, None):
        shown.on_alarm(alarm)
    assert printed.getvalue().splitlines() == [
        "ALARM: The ratio is 0.25.",
        "ALARM: It is gone: 0.05.",
        "The alarm is over: all is well again.",
    ]


def test_the_line_of_progress_carries_the_alarm(shown, printed, monkeypatch):
    monkeypatch.setattr(progress_bar, "_PLAIN_SECONDS", 0.0)
    for alarm in (Alarm("It collapses.", "collapsing"), None):
        shown.on_alarm(alarm)
        shown.on_progress(Progress(1, 2, 0.5, 100.0, 3.0, "training"))
    lines = [line for line in printed.getvalue().splitlines() if line.startswith("training")]
    assert [line.endswith("ALARM") for line in lines] == [True, False]


def test_a_run_is_announced_once_its_images_are_known_to_fit(printed):
    with progress_bar.Bar(Console(file=printed, width=80), "Run abc") as shown:
        shown.on_progress(Progress(0, 0, 0.0, 0.0, 0.0, "loading images"))
        assert printed.getvalue() == ""
        for step in (0, 1):
            shown.on_progress(Progress(step, 2, 0.0, 0.0, 0.0, "training"))
    assert printed.getvalue() == "Run abc\n"


def test_the_line_of_progress_says_what_slows_the_run_down(shown, printed, monkeypatch):
    monkeypatch.setattr(progress_bar, "_PLAIN_SECONDS", 0.0)
    shown.on_progress(Progress(1, 2, 0.5, 100.0, 3.0, "training", "processor"))
    assert printed.getvalue().rstrip().endswith("shares the processor")


def test_what_has_a_share_done_says_how_much(printed, monkeypatch):
    monkeypatch.setattr(progress_bar, "_PLAIN_SECONDS", 0.0)
    with progress_bar.TerminalBar(Console(file=printed, width=80)) as bar:
        bar.share(0.25, "Fitting UMAP")
        bar.share(0.5, "split 1 of 3", "linear probe")
    assert printed.getvalue().splitlines() == ["Fitting UMAP: 25%", "linear probe: 50%  split 1 of 3"]
