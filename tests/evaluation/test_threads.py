"""Small work takes one thread, and gives the others back."""

import pytest
import torch

from byol_core.evaluation.threads import as_many_as_pay


@pytest.mark.parametrize(("multiplications", "threads"), [(10_000, 1), (10**10, 2)])
def test_only_large_work_takes_several_threads(multiplications, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with as_many_as_pay(multiplications):
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
