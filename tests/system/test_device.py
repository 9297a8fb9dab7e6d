"""What the process is told of its machine: threads, memory that is kept, devices that are not here."""

import subprocess
import sys

import pytest
import torch

from byol_core.errors import InputError
from byol_core.system.device import pick_device, use_threads

# Faults of a block that is taken, written and freed twenty times over, before and after.
PROGRAM = """
import resource
import torch
from byol_core.system.device import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(48 * 2**20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
kept = keep_memory()
faults()
print(kept, given_back, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_kept_for_the_next_step():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    kept, given_back, after = done.stdout.split()
    if kept == "False":
        pytest.skip("this C library cannot be told to")
    assert int(after) < 0.1 * int(given_back)


def test_processes_share_the_cores():
    before = torch.get_num_threads()
    try:
        assert use_threads(0, 1000) == 1
        assert use_threads(3, 1000) == 3
    finally:
        torch.set_num_threads(before)


def test_a_device_that_is_not_here_is_a_sentence():
    if not torch.backends.mps.is_available():
        with pytest.raises(InputError, match="no MPS device"):
            pick_device("mps")
    assert pick_device("cpu", 3) == torch.device("cpu")
