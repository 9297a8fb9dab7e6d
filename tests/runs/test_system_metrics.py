"""What a run takes of its machine, from real processes; what a GPU's driver would say is put into its mouth."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pynvml
import pytest

from byol_core.runs import system_metrics

BUSY = "while True: pass"


class Driver:
    """Stands for the GPU's driver, which few machines that test this have: of each card, its use and its memory."""

    def __init__(self) -> None:
        self.cards: dict[str, tuple[int | None, int]] = {}
        self.asked = 0

    def card(self, uuid: str) -> str:
        self.asked += 1
        if uuid not in self.cards:
            raise pynvml.NVMLError_DriverNotLoaded()
        return uuid

    def use(self, card: str) -> SimpleNamespace:
        if (use := self.cards[card][0]) is None:
            raise pynvml.NVMLError_NotSupported()
        return SimpleNamespace(gpu=use)

    def memory(self, card: str) -> SimpleNamespace:
        return SimpleNamespace(used=self.cards[card][1])


@pytest.fixture
def driver(monkeypatch):
    """A driver, and a process that computes on two cards."""
    found = Driver()
    monkeypatch.setattr(system_metrics, "gpus", lambda: ["GPU-a", "GPU-b"])
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", found.card)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", found.use)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", found.memory)
    return found


def test_a_process_that_computes_is_seen(monkeypatch):
    monkeypatch.setattr("psutil.cpu_count", lambda: 1)
    sampler = system_metrics.Sampler()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    values = sampler.read()
    assert values[system_metrics.CPU] > 1
    assert values[system_metrics.MEMORY] > 0.01


def test_the_processes_that_it_started_count_only_as_a_family(until):
    with subprocess.Popen([sys.executable, "-c", BUSY]) as child:
        alone, family = system_metrics.Sampler(), system_metrics.Sampler(family=True)
        until(lambda: family.read()[system_metrics.CPU] > 2)
        assert family.read()[system_metrics.MEMORY] > alone.read()[system_metrics.MEMORY]
        child.kill()
    assert family.read()[system_metrics.CPU] >= 0  # what ended took its time with it


def test_the_cards_of_a_run_are_seen_together(driver, monkeypatch):
    driver.cards = {"GPU-a": (40, 10**9), "GPU-b": (60, 2 * 10**9)}
    monkeypatch.setattr(subprocess, "Popen", lambda *told, **_: pytest.fail(f"{told} was started"))
    values = system_metrics.Sampler().read()
    assert (values[system_metrics.GPU], values[system_metrics.GPU_MEMORY]) == (50.0, pytest.approx(3.0))


def test_a_part_of_a_card_says_only_what_it_knows(driver):
    driver.cards = {"GPU-a": (None, 10**9), "GPU-b": (None, 10**9)}
    values = system_metrics.Sampler().read()
    assert system_metrics.GPU not in values
    assert values[system_metrics.GPU_MEMORY] == pytest.approx(2.0)


def test_a_driver_that_fails_is_not_asked_again(driver):
    sampler = system_metrics.Sampler()
    assert system_metrics.GPU not in sampler.read()
    driver.cards = {"GPU-a": (40, 1), "GPU-b": (40, 1)}
    assert system_metrics.GPU not in sampler.read() and driver.asked == 1


def test_a_driver_that_hangs_holds_up_nobody(driver, monkeypatch):
    monkeypatch.setattr(system_metrics, "_GPU_PATIENCE", 0.01)
    driver.cards = {"GPU-a": (40, 1), "GPU-b": (40, 1)}
    answers = threading.Event()
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", lambda uuid: answers.wait() and uuid)
    sampler = system_metrics.Sampler()
    assert set(sampler.read()) == {system_metrics.CPU, system_metrics.MEMORY}
    asks = next(thread for thread in threading.enumerate() if thread.name == "gpu")
    answers.set()
    asks.join()
    assert system_metrics.GPU not in sampler.read()


def test_without_a_gpu_in_use_there_are_no_numbers_of_one():
    assert set(system_metrics.Sampler().read()) == {system_metrics.CPU, system_metrics.MEMORY}
