"""The process that answers evaluations: killed at any moment, started twice at once, asked by several."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from byol_core.evaluation.jobs import ask, job
from byol_core.evaluation.protocol import Protocol
from byol_core.jobs import ENDED
from byol_core.system import processes
from tests.evaluation.judged import write_run, write_set
from tests.faults.lab import ROOT, wait_until

ONE, TWO = Protocol(labels="1"), Protocol(labels="2")
# An evaluator whose answers take as long as it is told, are written down as they begin, and need no torch.
CODE = """
import sys, time
import numpy as np
from byol_core.evaluation import results
from byol_core.evaluation.handler import Evaluated
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.jobs.__main__ import main

def answer(folder, task, arrays, job):
    run, protocol = folder.parent, Protocol.model_validate(task)
    with open(sys.argv[2], "a") as log:
        log.write(protocol.labels + " ")
    time.sleep(float(sys.argv[3]))
    told = {"data": "set", "classes": ["a"], "labeled": 1, "tested": 1, "seconds": 1, "device": "", "version": ""}
    said = results.Predictions(np.ones((1, 1), np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64))
    return Evaluated(run, results.key(run, protocol), Judged(protocol=protocol, scores=[], **told), said)

sys.exit(main([sys.argv[1], "batch", "--idle", "0"], lambda place: answer))
"""


class Evaluators:
    """Real evaluators of one home, started by hand."""

    def __init__(self, home: Path, log: Path) -> None:
        self.home, self.log, self.started = home, log, list[subprocess.Popen[bytes]]()

    def start(self, seconds: float) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", CODE, str(self.home), str(self.log), str(seconds)]
        self.started.append(subprocess.Popen(command, env=environment, cwd=ROOT))
        return self.started[-1]

    @property
    def begun(self) -> list[str]:
        """The labels of what was begun, in order."""
        return self.log.read_text().split()


@pytest.fixture
def evaluators(home, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "start_detached", lambda *_, **__: None)
    found = Evaluators(home, tmp_path / "begun")
    yield found
    for process in found.started:
        process.kill()
        process.wait()


def test_what_waits_outlives_an_evaluator_that_is_killed_and_what_it_was_at_is_not_tried_for_ever(
    home, evaluators, tmp_path
):
    run = write_run(home, write_set(tmp_path))
    ask(home, run, ONE)
    ask(home, run, TWO)
    first = evaluators.start(seconds=60)
    wait_until(lambda: evaluators.log.exists() and evaluators.begun)
    assert job(run, ONE).state == "running"
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert (job(run, ONE).state, job(run, ONE).message) == ("failed", ENDED)
    assert job(run, TWO).state == "waiting"
    assert evaluators.start(seconds=0).wait(60) == 0
    assert (job(run, ONE).state, job(run, TWO).state, evaluators.begun) == ("failed", "ready", ["1", "2"])


def test_of_two_evaluators_at_once_one_answers_and_each_question_once(home, evaluators, tmp_path):
    data = write_set(tmp_path)
    runs = [write_run(home, data, run_id) for run_id in ("aaaa1111", "bbbb2222")]
    for protocol in (ONE, TWO):
        for run in runs:
            ask(home, run, protocol)
    for process in [evaluators.start(seconds=0.05) for _ in range(2)]:
        assert process.wait(60) == 0
    assert evaluators.begun == ["1", "1", "2", "2"]
    assert {job(run, protocol).state for run in runs for protocol in (ONE, TWO)} == {"ready"}
