"""Several processes equal one, weight by weight; and one that dies ends the run with its reason."""

import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from byol_core.config import RunConfig, build
from byol_core.distributed import launch
from byol_core.distributed.launch import World
from byol_core.errors import InputError, LabError
from byol_core.events import SilentCallback
from byol_core.training.step import execution
from byol_core.training.trainer import train
from byol_core.weights import checkpoint

# No batch norm anywhere: SyncBatchNorm, which would make its statistics those of the whole batch, is for CUDA only.
SMALL = {
    "data.image_size": 16,
    "data.validation": 0.0,
    "network.encoder": "conv-quarter",
    "network.encoder_norm": "none",
    "network.projector_hidden": 32,
    "network.predictor_hidden": 32,
    "network.projection_size": 16,
    "network.head_norm": "none",
    "optimizer.lr": 1.0,
    "runtime.precision": "float32",
    "runtime.threads": 1,
    "runtime.checkpoint_every": 1000,
    "evaluation.every": 1000,
    "evaluation.probe": 10,
    "epochs": 100,
    "steps": 10,
    "batch_size": 16,
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    pictures = np.random.default_rng(0).integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", images=pictures, labels=np.arange(60) % 3)
    return tmp_path / "set.npz"


def weights(source: Path, folder: Path, **changes: object) -> dict[str, torch.Tensor]:
    config = build({}, {**SMALL, "data.source": str(source), **changes})
    train(config, folder, SilentCallback())
    return checkpoint.latest(folder / "checkpoints")["model"]


def furthest(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> float:
    return max(float((first[key].double() - second[key].double()).abs().max()) for key in first)


@pytest.mark.parametrize("objective", ["byol", "simclr", pytest.param("vicreg", marks=pytest.mark.nightly)])
def test_two_processes_reach_the_weights_of_one(source, tmp_path, objective):
    alone = weights(source, tmp_path / "one", **{"method.objective": objective})
    both = weights(source, tmp_path / "two", **{"method.objective": objective, "runtime.processes": 2})
    start = weights(source, tmp_path / "none", **{"method.objective": objective, "steps": 1, "optimizer.lr": 1e-6})
    assert furthest(alone, both) < 1e-5
    assert furthest(alone, start) > 50 * furthest(alone, both)  # they did learn something


def test_parts_of_a_batch_reach_the_weights_of_the_whole(source, tmp_path):
    whole = weights(source, tmp_path / "whole")
    parts = weights(source, tmp_path / "parts", accumulate=4)
    both = weights(source, tmp_path / "both", accumulate=2, **{"runtime.processes": 2})
    assert furthest(whole, parts) < 1e-5
    assert furthest(whole, both) < 1e-5


def test_a_run_goes_on_with_another_number_of_processes(source, tmp_path):
    whole = weights(source, tmp_path / "whole")
    config = build({}, {**SMALL, "data.source": str(source), "runtime.processes": 2})
    stopped = train(config, tmp_path / "two", StopAt(5))
    assert stopped.stopped
    assert 0 < stopped.steps < 10
    train(config.changed(**{"runtime.processes": 1}), tmp_path / "two", SilentCallback(), resume=True)
    assert furthest(whole, checkpoint.latest(tmp_path / "two" / "checkpoints")["model"]) < 1e-5


class StopAt(SilentCallback):
    """Asks to stop when it has been asked so many times."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0

    def should_stop(self) -> bool:
        self.asked += 1
        return self.asked >= self.times


def _helpers(module: str) -> list[psutil.Process]:
    """The living processes that this one has started as ``module``."""
    return [child for child in psutil.Process().children() if _runs(child, module)]


def _runs(child: psutil.Process, module: str) -> bool:
    try:
        return module in child.cmdline()
    except psutil.Error:  # one of another test, which has ended
        return False


class KillOther(SilentCallback):
    """Kills the other process once training goes on."""

    def __init__(self) -> None:
        self.asked = 0

    def should_stop(self) -> bool:
        self.asked += 1
        if self.asked == 3:
            _helpers("byol_core.training.rank")[0].send_signal(signal.SIGKILL)
        return False


@pytest.mark.timeout(180)
def test_a_process_that_is_killed_ends_the_run_with_its_reason(source, tmp_path):
    config = build({}, {**SMALL, "data.source": str(source), "runtime.processes": 2, "steps": 1000})
    with pytest.raises(LabError, match="Process 2 of 2 exited without reporting an error"):
        train(config, tmp_path / "run", KillOther())


def test_a_process_that_dies_after_its_sockets_is_still_named(tmp_path, monkeypatch):
    ending = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    world = World(0, 2, 0, ((platform.node(), os.getpid()), (platform.node(), ending.pid)), [ending])
    # It ends between the first look and the second.
    monkeypatch.setattr(launch.time, "sleep", lambda seconds: ending.kill())
    monkeypatch.setattr(launch, "_DYING", 60.0)
    reset = RuntimeError("[gloo/transport/tcp/pair.cc:545] Read error [127.0.0.1]:32684: Connection reset by peer")
    assert launch._alive(ending.pid)
    assert "Process 2 of 2 exited without reporting an error" in str(launch.explain(reset, world, tmp_path))
    ending.communicate()


def test_an_error_that_is_no_lost_connection_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "_DYING", 3600.0)
    error = RuntimeError("The shapes do not fit.")
    here = (platform.node(), os.getpid())
    assert launch.explain(error, World(0, 2, 0, (here, here)), tmp_path) is error


@pytest.mark.timeout(180)
def test_a_process_that_fails_ends_the_run_with_its_own_words(source, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "_FOLLOWER", "tests.failing_follower")
    config = build({}, {**SMALL, "data.source": str(source), "runtime.processes": 2, "steps": 1000})
    with pytest.raises(LabError, match="Process 2 of 2 failed: The images are not on this machine"):
        train(config, tmp_path / "run", SilentCallback())


@pytest.mark.timeout(180)
def test_a_process_that_does_not_even_start_ends_the_run_at_once(source, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "_FOLLOWER", "no_such_module")
    config = build({}, {**SMALL, "data.source": str(source), "runtime.processes": 2})
    with pytest.raises(LabError, match="Process 2 of 2 ended before it began"):
        train(config, tmp_path / "run", SilentCallback())
    assert _helpers("no_such_module") == []


def torchrun(source: Path, home: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    sets = [f"{key}={json.dumps(value)}" for key, value in {**SMALL, "data.source": str(source)}.items()]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "byol_core.cli", "train", "--json", *(part for text in sets for part in ("--set", text)), *more]
    environment = {**os.environ, "BYOL_LAB_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.timeout(150)
def test_the_command_line_under_torchrun_trains_one_run(source, tmp_path):
    alone = weights(source, tmp_path / "one")
    done = torchrun(source, tmp_path / "home")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["state"] == "finished"
    assert furthest(alone, checkpoint.latest(tmp_path / "home" / run["run_id"] / "checkpoints")["model"]) < 1e-5


def test_more_processes_than_a_batch_can_feed_is_a_sentence(source, tmp_path):
    with pytest.raises(InputError, match="batch of 16"):
        weights(source, tmp_path / "run", **{"runtime.processes": 3})


def test_a_graph_needs_cuda_one_process_and_whole_batches():
    config = RunConfig().changed(**{"runtime.execution": "graph"})
    with pytest.raises(InputError, match="needs a CUDA device"):
        execution(config, torch.device("cpu"), World())
    assert execution(config, torch.device("cuda"), World()) == "graph"
    with pytest.raises(InputError, match="one process"):
        execution(config, torch.device("cuda"), World(size=2))
    assert execution(RunConfig(accumulate=2), torch.device("cuda"), World()) == "eager"
    assert execution(RunConfig(), torch.device("cpu"), World()) == "eager"
