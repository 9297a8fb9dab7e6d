"""The number of threads follows the load: fewer where others are in the way, back when they are gone."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from byol_core.system import threads
from byol_core.system.contention import Load
from byol_core.system.threads import Climb, Follower

ALONE = Load(1.0, 0.0, 0.1)


@pytest.fixture(autouse=True)
def as_before():
    before = torch.get_num_threads()
    yield
    threads.use(before)


class Machine:
    """Its speed with each number of threads, and who else computes there; a look at it each second."""

    def __init__(self, climb: Climb, speeds: dict[int, float], waits: dict[int, float], idle: dict[int, float]) -> None:
        self.climb, self.speeds, self.waits, self.idle = climb, speeds, waits, idle

    def looks(self, count: int) -> list[int]:
        return [self.look() for _ in range(count)]

    def look(self) -> int:
        clock.now += 1.0
        now = self.climb.now
        return self.climb.decide(Load(1.0, self.waits.get(now, 0.0), self.idle.get(now, 0.0)), self.speeds[now])


class clock:
    now = 0.0


def machine(most: int, speeds: dict[int, float], waits: dict[int, float], idle: dict[int, float] | None = None):
    return Machine(Climb(most, lambda: clock.now), speeds, waits, idle or {})


def test_alone_nothing_changes():
    assert set(machine(2, {2: 30.0}, {}).looks(100)) == {2}


def test_beside_programs_that_load_every_core_one_thread_is_used():
    found = machine(2, {1: 11.0, 2: 2.6}, {1: 0.33, 2: 0.5}).looks(100)
    assert set(found) == {1}


def test_more_threads_return_after_a_trial_shows_they_are_faster():
    found = machine(2, {1: 16.0, 2: 20.0}, {2: 0.2}, {1: 0.4}).looks(100)
    assert found[0] == 1 and found[1] == 2
    assert found.count(1) <= 5  # tried again now and then, as the load changes


def test_a_large_machine_goes_down_to_what_is_fastest():
    speeds = {16: 1.0, 8: 3.0, 4: 8.0, 2: 6.0, 1: 4.0}
    found = machine(16, speeds, dict.fromkeys(speeds, 0.4)).looks(40)
    assert found[:3] == [8, 4, 2] and found[3] == 4 and found.count(4) > 30


def test_when_the_others_are_gone_all_threads_are_back():
    found = machine(4, {1: 11.0, 2: 5.0, 4: 2.0}, {1: 0.3, 2: 0.5, 4: 0.5})
    assert found.looks(20)[-1] == 1
    found.speeds, found.waits, found.idle = {1: 15.0, 2: 29.0, 4: 55.0}, {}, {1: 3.0, 2: 2.0}
    assert found.looks(4)[-1] == 4
    assert set(found.looks(50)) == {4}


def test_a_little_noise_moves_nothing():
    found = machine(2, {1: 10.0, 2: 10.5}, {1: 0.3, 2: 0.3})
    assert found.looks(3)[-1] == 1
    found.speeds = {1: 9.8, 2: 10.5}
    assert set(found.looks(20)) == {1}


def test_where_speeds_cannot_be_compared_the_room_decides():
    climb = Climb(4)
    assert climb.decide(Load(1.0, 0.3, 0.0), None) == 2
    assert climb.decide(Load(1.0, 0.1, 1.0), None) == 2
    assert climb.decide(Load(1.0, 0.0, 2.0), None) == 4


def test_a_thread_count_set_inside_only_one_applies_afterwards():
    threads.use(2)
    with threads.only_one():
        threads.use(3)
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


class Crowd:
    """A meter on a machine where others are always in the way."""

    def read(self) -> Load:
        return Load(1.0, 0.5, 0.0)


@pytest.fixture
def crowded(monkeypatch):
    monkeypatch.setattr(threads, "_SECONDS", 0.0)
    monkeypatch.setattr(threads, "_LONG", 0.0)
    monkeypatch.setattr(threads, "Meter", Crowd)


@pytest.mark.usefixtures("crowded")
@pytest.mark.parametrize(("follows", "count"), [(True, 1), (False, 2)])
def test_only_a_number_that_nobody_set_follows(follows, count):
    threads.use(2)
    follower = Follower(2, follows)
    for _ in range(3):
        follower.pulse()
    assert torch.get_num_threads() == count
    assert follower.slowed_by == threads.PROCESSOR


def test_short_stretches_between_evaluations_add_up(monkeypatch):
    now, seen = [0.0], []
    monkeypatch.setattr(threads.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(Climb, "decide", lambda climb, load, speed: seen.append(speed) or climb.now)
    follower = Follower(2)
    for _ in range(6):
        for _ in range(4):
            now[0] += 0.1
            follower.step()
        now[0] += 50.0  # an evaluation
        follower.go_on()
    assert seen == [None, pytest.approx(10.0)]


@pytest.mark.usefixtures("crowded")
def test_who_starves_from_the_start_does_not_wait_for_its_speed():
    threads.use(2)
    follower = Follower(2)
    follower.step()
    assert torch.get_num_threads() == 1


# One thread on one core that another program keeps busy as well, and then not.
PROGRAM = """
import os, subprocess, sys, time
from byol_core.system.contention import Meter
core = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {core})
other = subprocess.Popen([sys.executable, "-c", "while True: pass"])

def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

meter = Meter()
compute(0.5)
found = meter.read()
other.kill()
other.wait()
print(found.crowded, found.waits, found.idle)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="pins a process to a core")
def test_a_program_on_the_same_core_is_seen():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    crowded, waits, idle = done.stdout.split()
    assert crowded == "True" and 0.3 < float(waits) < 1 and float(idle) < 0.3
