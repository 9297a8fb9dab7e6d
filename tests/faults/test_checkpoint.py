"""A checkpoint is whole or not there, whatever happens while it is written, and a damaged one counts as none."""

from __future__ import annotations

import errno
import random
import resource
import signal
from pathlib import Path

import pytest
import torch

from byol_core.config import build
from byol_core.errors import LabError
from byol_core.runs.store import RunStore
from byol_core.system.files import clear_leftovers
from byol_core.weights import checkpoint
from tests.faults.nursery import SETTINGS, pictures

DAMAGES = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "one bit": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
    "zeros": lambda data: bytes(len(data)),
    "another file": lambda data: b"PK\x03\x04" + data[::-1],
}


def save(folder: Path, step: int) -> Path:
    return checkpoint.save(folder, step, {"model": {"weight": torch.full((40, 50), float(step))}, "step": step})


def test_a_kill_during_a_save_leaves_the_old_or_new_checkpoint(tmp_path, nursery):
    whole = save(tmp_path / "size", 2).stat().st_size
    drawn = random.Random(0).sample(range(2, whole - 1), 50)
    kept = []
    for size in [0, 1, *drawn, whole - 1, whole]:
        folder = tmp_path / str(size)
        save(folder, 1)
        status = nursery.ask(wait=nursery.ask(torn=str(folder), size=size)["pid"])["status"]
        assert status == (0 if size >= whole else -signal.SIGXFSZ)
        found = checkpoint.latest(folder)
        assert torch.equal(found["model"]["weight"], torch.full((40, 50), float(found["step"])))
        kept.append(found["step"])
    assert kept == [1] * 53 + [2]


def test_leftovers_of_a_killed_process_are_removed_by_the_next(tmp_path, nursery):
    save(tmp_path, 1)
    nursery.ask(wait=nursery.ask(torn=str(tmp_path), size=1000)["pid"])
    assert [path.stat().st_size for path in tmp_path.glob(".*.tmp")] == [1000]
    clear_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.pt"]


def test_a_file_size_limit_keeps_the_old_checkpoint_only(tmp_path):
    save(tmp_path, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        with pytest.raises(OSError) as caught:
            save(tmp_path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.errno == errno.EFBIG
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.pt"]


def test_every_single_bit_of_a_checkpoint_counts(tmp_path):
    data = bytearray(save(tmp_path, 2).read_bytes())
    path = tmp_path / "step-00000002.pt"
    draw = random.Random(1)
    for _ in range(300):
        place, bit = draw.randrange(len(data)), 1 << draw.randrange(8)
        data[place] ^= bit
        path.write_bytes(data)
        found = checkpoint.read(path)
        assert found is None or torch.equal(found["model"]["weight"], torch.full((40, 50), 2.0))
        data[place] ^= bit


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(tmp_path, damage):
    for step in (1, 2):
        newest = save(tmp_path, step)
    newest.write_bytes(damage(newest.read_bytes()))
    notes: list[str] = []
    assert checkpoint.latest(tmp_path, notes.append)["step"] == 1
    assert notes == ["The checkpoint 'step-00000002.pt' is damaged; 'step-00000001.pt' takes its place."]
    save(tmp_path, 3)
    assert [path.name for path in checkpoint.checkpoints(tmp_path)] == ["step-00000003.pt", "step-00000001.pt"]


def test_without_a_whole_one_nothing_is_thrown_away(tmp_path):
    save(tmp_path, 1).write_bytes(b"nonsense")
    with pytest.raises(LabError, match="no checkpoint that can be read"):
        checkpoint.latest(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.pt"]


@pytest.mark.parametrize("damage", ["cut off", "one bit"])
def test_a_run_resumes_from_before_a_damaged_checkpoint(tmp_path, nursery, damage):
    store = RunStore(tmp_path / "home")
    run = store.create(build({}, {**SETTINGS, "data.source": str(pictures(tmp_path))}))
    assert nursery.work(store.home, run.run_id, at={14: "SIGKILL"}).end() == -signal.SIGKILL
    newest = checkpoint.checkpoints(run.folder / "checkpoints")[0]
    assert newest.name == "step-00000012.pt"
    newest.write_bytes(DAMAGES[damage](newest.read_bytes()))
    store.resume(run.run_id)
    assert nursery.work(store.home, run.run_id).end() == 0
    assert [point[0] for point in store.series(run.run_id, "loss")] == list(range(1, 25))
    log = (run.folder / "log.txt").read_text()
    assert "'step-00000012.pt' is damaged" in log
    assert "Resumed at step 6 of 24." in log
