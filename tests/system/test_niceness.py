"""A long computation steps back for a page, and does not starve beside a program that computes for long as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from byol_core.system import niceness
from byol_core.system.contention import Load
from byol_core.system.niceness import Niceness


def seen(waits: float) -> Load:
    return Load(1.0, waits, 0.0)


def test_a_page_that_takes_a_core_for_a_moment_goes_first():
    mine = Niceness(10)
    for waits in (0.0, 0.6, 0.0, 0.0, 0.6, 0.0):
        assert mine.decide(seen(waits)) == 10


def test_who_is_kept_from_computing_asks_for_an_equal_share_and_steps_back_when_it_is_over():
    mine = Niceness(10)
    assert [mine.decide(seen(0.9)) for _ in range(3)] == [10, 0, 0]
    assert [mine.decide(seen(0.33)) for _ in range(20)] == [0] * 20  # an equal share is not the end of it
    assert [mine.decide(seen(0.0)) for _ in range(11)] == [0] * 9 + [10] * 2


def test_who_does_not_compute_learns_nothing_of_the_others():
    mine = Niceness(5)
    assert [mine.decide(seen(0.9)) for _ in range(2)][-1] == 0
    assert [mine.decide(Load(1.0, 0.0, 0.0, computes=False)) for _ in range(20)] == [0] * 20


# Leads a session of its own, is nice, then is kept from computing, and says its niceness after each.
PROGRAM = """
import os, threading
from byol_core.system import niceness as courtesy
from byol_core.system.contention import Load

class Meter:
    def read(self):
        return Load(1.0, 0.9, 0.0)

def now():
    session = open("/proc/self/autogroup").read().split()[-1] if os.path.exists("/proc/self/autogroup") else "-"
    return os.getpriority(os.PRIO_PROCESS, 0), session

courtesy.Meter, courtesy._SECONDS = Meter, 0.02
hold, apply = threading.Event(), courtesy._watch
courtesy._watch = lambda *told: (hold.wait(), apply(*told))
courtesy.let_others_first(7)
print(*now())
hold.set()
while now()[1] not in ("0", "-") or (now()[0] and os.environ["RETURNS"] == "1"):
    pass
print(*now())
"""


@pytest.mark.skipif(not hasattr(os, "getsid"), reason="sessions")
def test_the_system_is_told_so_of_the_session_and_of_every_thread():
    returns = niceness._can_return(niceness._base())
    environment = {**os.environ, "RETURNS": str(int(returns))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, start_new_session=True,
        env=environment,
    )  # fmt: skip
    first, last = (line.split() for line in done.stdout.splitlines())
    shared = Path("/proc/self/autogroup").exists()
    assert first == ["7" if returns else "1", "7" if shared else "-"]
    assert last == ["0" if returns else "1", "0" if shared else "-"]


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="Linux shares cores by session")
def test_another_kind_of_work_has_a_niceness_of_its_own():
    program = """
import time
from byol_core.system import niceness
mine = niceness.let_others_first(5)
for number in (0, 5, 5):
    time.sleep(0.2)  # the kernel does not listen more often
    mine.become(number)
    print(open("/proc/self/autogroup").read().split()[-1])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, start_new_session=True
    )
    assert done.stdout.split() == ["0", "5", "5"]
