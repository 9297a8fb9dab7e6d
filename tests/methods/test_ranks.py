"""Two processes with half of the batch each compute what one computes with all of it, whatever the objective."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import torch

from byol_core.config.method import Objective

SCRIPT = Path(__file__).parent / "one_of_two_ranks.py"
Found = dict[str, dict[str, torch.Tensor]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found, Found]:
    """Of the whole, and of both halves."""
    folder = tmp_path_factory.mktemp("ranks")
    ranks = [-1, 0, 1]
    started = [
        subprocess.Popen([sys.executable, str(SCRIPT), str(rank), str(folder)], cwd=SCRIPT.parents[2]) for rank in ranks
    ]
    try:
        assert [process.wait(120) for process in started] == [0, 0, 0]
    finally:
        for process in started:
            process.kill()
    whole, first, second = (torch.load(folder / f"{rank}.pt", weights_only=True) for rank in ranks)
    return whole, first, second


@pytest.mark.parametrize("objective", get_args(Objective))
def test_two_ranks_match_one_process_in_loss_and_gradients(found, objective):
    whole, *halves = (results[objective] for results in found)
    for half in halves:
        assert half.keys() == whole.keys()
        for name, expected in whole.items():
            if name != "queue":  # its order is by process, then by view
                assert torch.allclose(half[name].double(), expected.double(), atol=1e-10), name
    if "queue" in whole:
        assert torch.equal(halves[0]["queue"], halves[1]["queue"])
        newest = [set(map(tuple, part["queue"].numpy().round(8).tolist())) for part in (whole, halves[0])]
        assert len(newest[0] & newest[1]) >= 16
