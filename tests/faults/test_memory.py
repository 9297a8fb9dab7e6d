"""Too little memory: the run ends in one sentence, with a batch size that really fits."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import psutil
import pytest

from byol_core.config import build
from byol_core.runs.store import RunStore
from tests.faults.nursery import SETTINGS

BATCH = 1024
SPARE = 350 * 2**20  # beside what a process has when torch is loaded


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (1800, 32, 32, 3), dtype=np.uint8))
    return path


def test_a_batch_that_does_not_fit_names_one_that_does(store: RunStore, nursery, source):
    limits = {"RLIMIT_AS": psutil.Process(nursery.process.pid).memory_info().vms + SPARE}
    large = {"data.source": str(source), "data.image_size": 32, "batch_size": BATCH}
    run_id = store.create(build({}, {**SETTINGS, **large, "steps": 2})).run_id
    worker = nursery.work(store.home, run_id, limits=limits)
    assert worker.end() == 1, worker.said()
    run = store.get(run_id)
    assert run.state == "failed"
    found = re.search(
        r"not enough for a batch of 1024 images, and is enough for (\d+): clone the run with", run.message
    )
    assert found, run.message + worker.said()
    size = int(found[1])
    assert 2 <= size <= BATCH // 2
    parts = int(re.search(r"or with accumulate=(\d+) to keep the batch", run.message)[1])
    for changes in ({"batch_size": size}, {"accumulate": parts}):
        clone = store.clone(run_id, changes)
        assert nursery.work(store.home, clone.run_id, limits=limits).end() == 0, store.get(clone.run_id).message
