"""The clock is set back or forward while runs wait, begin, train, stop and end: nothing is thought dead, or alive."""

from __future__ import annotations

import time

import pytest

from byol_core.runs import launcher, repair
from tests.faults.lab import STEPS, end

HOURS = (-3, 3)


@pytest.fixture
def set_clock(tmp_path, monkeypatch):
    """Sets the clock of every process that the lab starts; the test's own stays."""
    clock = tmp_path / "clock"
    clock.write_text("0")
    monkeypatch.setenv("FAULTS_CLOCK", str(clock))

    def shift(hours):
        arriving = tmp_path / "clock.new"
        arriving.write_text(str(hours * 3600))
        arriving.replace(clock)

    return shift


@pytest.mark.parametrize("hours", HOURS)
def test_a_run_lives_on_and_dies_as_before(lab, set_clock, hours):
    run = lab.queue()
    lab.reaches(run, 3)
    set_clock(hours)
    lab.reaches(run, 6)
    assert lab.show(run)["state"] == "running"  # by the new clock
    assert lab.show(run, FAULTS_CLOCK="")["state"] == "running"  # and by the old one
    assert repair.stalled(lab.row(run), time.time() + hours * 3600) == ""
    end(lab.worker(run))
    assert lab.show(run)["state"] == "interrupted"
    set_clock(-hours)
    lab.hurry()
    lab.resume(run)
    assert lab.ends(run).attempt == 2
    assert [step for step, _ in lab.curve(run)] == list(range(1, STEPS + 1))


@pytest.mark.parametrize("hours", HOURS)
def test_a_stop_has_its_time_and_no_more(lab, set_clock, hours, monkeypatch):
    monkeypatch.setattr(launcher, "ensure_supervisor", lambda *_: None)
    monkeypatch.setenv("FAULTS_COUNT", "slow to stop")
    supervisor = lab.start("byol_core.runs.supervisor", "--grace", "20")
    run = lab.queue()
    lab.reaches(run, 3)
    lab.store.request_stop(run.run_id)
    set_clock(hours)
    assert lab.ends(run, "stopped").message == ""  # not ended by force, although hours have passed since it was asked
    end(supervisor)


def test_a_dead_run_of_an_earlier_release_is_seen_on_any_clock(lab, set_clock):
    run = lab.store.create(lab.config())
    lab.store.claim(run.run_id)
    assert lab.show(run)["state"] == "starting"
    set_clock(-3)
    assert lab.show(run)["state"] == "interrupted"
