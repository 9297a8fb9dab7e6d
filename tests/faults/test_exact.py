"""A run that was killed at any step and resumed ends as if nobody had killed it: weights, optimizer and curves."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from byol_core.config import build
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.weights import checkpoint
from tests.faults.nursery import SETTINGS, Nursery, pictures

OPTIMIZERS = ("lars", "adamw", "sgd")
# What depends on the clock and on the machine.
_MEASURED = ("images_per_second", "system_")
_random = random.Random(2006)
KILLS = [(OPTIMIZERS[i % 3], _random.randint(1, 23), _random.choice((0.34, 0.5, 1.0, 2.0))) for i in range(20)]


class Exact:
    """A home, its store and the nursery that works for it."""

    def __init__(self, home: Path, nursery: Nursery) -> None:
        self.store, self.nursery, self.source = RunStore(home), nursery, pictures(nursery.folder)
        self.whole: dict[str, Run] = {}

    def make(self, optimizer: str, every: float) -> Run:
        changes = {"optimizer.name": optimizer, "runtime.checkpoint_every": every, "optimizer.lr": 0.01}
        changes["data.source"] = str(self.source)
        return self.store.create(build({}, {**SETTINGS, **changes}))

    def work(self, run: Run, **order: Any) -> int:
        return self.nursery.work(self.store.home, run.run_id, **order).end()

    def uninterrupted(self, optimizer: str) -> Run:
        if optimizer not in self.whole:
            run = self.whole[optimizer] = self.make(optimizer, 1.0)
            assert self.work(run) == 0
        return self.whole[optimizer]

    def curves(self, run: Run) -> dict[str, list[tuple[int, float]]]:
        keys = [key for key in self.store.metric_keys(run.run_id) if not key.startswith(_MEASURED)]
        found = self.store.curves(run.run_id, dict.fromkeys(keys, -1))
        return {key: [(step, value) for step, _, _, value in points] for key, points in found.items()}


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Exact:
    return Exact(tmp_path_factory.mktemp("exact") / "home", nursery)


def state(run: Run) -> dict[str, Any]:
    kept = checkpoint.latest(run.folder / "checkpoints")
    return {"model": kept["model"], "optimizer": kept["optimizer"], "step": kept["step"]}


def leaves(tree: Any, path: str = "") -> dict[str, Any]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else None
    if items is None:
        return {path: tree}
    return {name: leaf for key, branch in items for name, leaf in leaves(branch, f"{path}/{key}").items()}


@pytest.mark.parametrize(("optimizer", "step", "every"), KILLS)
def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been(exact, optimizer, step, every):
    whole = exact.uninterrupted(optimizer)
    run = exact.make(optimizer, every)
    assert exact.work(run, at={step: "SIGKILL"}) == -9
    assert exact.store.get(run.run_id).state == "interrupted"
    exact.store.resume(run.run_id)
    assert exact.work(run) == 0
    assert exact.store.get(run.run_id).state == "finished"
    expected, found = leaves(state(whole)), leaves(state(run))
    assert expected.keys() == found.keys()
    assert sum(isinstance(leaf, torch.Tensor) for leaf in expected.values()) > 40
    for name, leaf in expected.items():
        same = torch.equal(leaf, found[name]) if isinstance(leaf, torch.Tensor) else leaf == found[name]
        assert same, name
    assert exact.curves(run) == exact.curves(whole)
