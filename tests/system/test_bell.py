"""Who waits is woken at once, no ring is lost, and without pipes it looks round by itself."""

from __future__ import annotations

import os
import shutil
import signal
import threading

import pytest

from byol_core.system import bell
from byol_core.system.bell import Bell, pipe_of, ring

LONG = 600.0  # the test's own limit is over before

pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")


@pipes
def test_a_ring_wakes_who_waits(tmp_path):
    with Bell(tmp_path / "bell") as hung:
        waits = threading.Thread(target=hung.wait, args=[LONG])
        waits.start()
        assert ring(hung.path)
        waits.join()


@pipes
def test_a_ring_before_the_waiting_is_not_lost(tmp_path):
    with Bell(tmp_path / "bell") as hung:
        import fcntl

        small = fcntl.fcntl(hung._pipe, fcntl.F_SETPIPE_SZ, 4096) if hasattr(fcntl, "F_SETPIPE_SZ") else 65_536
        for _ in range(small + 1):  # more than the pipe holds
            ring(hung.path)
        hung.wait(LONG)
        hung.wait(0.0)  # and all of them are one


@pipes
def test_a_ring_is_heard_once(tmp_path):
    with Bell(tmp_path / "bell") as hung:
        ring(hung.path)
        hung.wait(LONG)
        with pytest.raises(BlockingIOError):
            os.read(hung._pipe, 1)


@pipes
def test_a_signal_wakes_who_waits_in_the_main_thread(tmp_path):
    heard = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: heard.set())
    try:
        with Bell(tmp_path / "bell") as hung:
            threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
            hung.wait(LONG)
        assert heard.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)


@pipes
def test_ringing_a_closed_or_abandoned_bell_reaches_nobody(tmp_path):
    with Bell(tmp_path / "bell") as hung:
        pass
    assert not ring(hung.path) and not pipe_of(hung.path).exists()
    os.mkfifo(pipe_of(hung.path))
    assert not ring(hung.path)
    with Bell(hung.path):
        assert ring(hung.path)


@pipes
def test_another_file_of_that_name_is_left_as_it_is_by_who_rings(tmp_path):
    pipe = pipe_of(tmp_path / "bell")
    pipe.parent.mkdir(exist_ok=True)
    pipe.write_text("mine")
    assert not ring(tmp_path / "bell")
    assert pipe.read_text() == "mine"
    pipe.unlink()


@pipes
def test_a_home_can_be_copied_while_somebody_waits(tmp_path):
    (tmp_path / "home").mkdir()
    with Bell(tmp_path / "home" / "bell"):
        shutil.copytree(tmp_path / "home", tmp_path / "copy")


def test_without_pipes_polling_is_frequent_at_first_then_rare(tmp_path, monkeypatch):
    slept: list[float] = []
    now = [0.0]
    monkeypatch.delattr(os, "mkfifo", raising=False)
    monkeypatch.setattr(bell.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(bell.time, "sleep", slept.append)
    with Bell(tmp_path / "bell") as hung:
        hung.wait(2.0)
        now[0] = 100.0
        hung.wait(2.0)
        hung.worked()
        hung.wait(2.0)
    assert slept == [0.05, 0.5, 0.05] and not ring(tmp_path / "bell")
