"""What a run takes of its machine, from real processes; the GPU's numbers come from a program named nvidia-smi."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from byol_core.runs import system

BUSY = "while True: pass"


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A program of that name that answers so, and a process that computes on two cards."""

    def answer(text: str, status: int = 0) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {status}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(system, "gpus", lambda: ["GPU-a", "GPU-b"])
    return answer


def test_a_process_that_computes_is_seen(monkeypatch):
    monkeypatch.setattr("psutil.cpu_count", lambda: 1)
    sampler = system.Sampler()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    values = sampler.read()
    assert values[system.CPU] > 1
    assert values[system.MEMORY] > 0.01


def test_the_processes_that_it_started_count_only_as_a_family(until):
    with subprocess.Popen([sys.executable, "-c", BUSY]) as child:
        alone, family = system.Sampler(), system.Sampler(family=True)
        until(lambda: family.read()[system.CPU] > 2)
        assert family.read()[system.MEMORY] > alone.read()[system.MEMORY]
        child.kill()
    assert family.read()[system.CPU] >= 0  # what ended took its time with it


def test_the_cards_of_a_run_are_seen_together(nvidia_smi):
    nvidia_smi("40, 1000\n60, 2000")
    values = system.Sampler().read()
    assert (values[system.GPU], values[system.GPU_MEMORY]) == (50.0, pytest.approx(3.145728))


def test_a_part_of_a_card_says_only_what_it_knows(nvidia_smi):
    nvidia_smi("[N/A], 1000\n[N/A], 1000")
    values = system.Sampler().read()
    assert system.GPU not in values
    assert values[system.GPU_MEMORY] > 2


def test_a_driver_that_fails_is_not_asked_again(nvidia_smi):
    nvidia_smi("", status=9)
    sampler = system.Sampler()
    assert system.GPU not in sampler.read()
    nvidia_smi("40, 1000")
    assert system.GPU not in sampler.read()


def test_without_a_gpu_in_use_there_are_no_numbers_of_one():
    assert set(system.Sampler().read()) == {system.CPU, system.MEMORY}
