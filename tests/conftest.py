"""What many tests need: a seeded generator, and one thread, so that results do not depend on the machine's cores."""

import os
import signal

import pytest
import torch

# A job process that a test has started need not outlast it by ten minutes.
os.environ.setdefault("BYOL_LAB_WARM_SECONDS", "20")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heard() -> None:
    """A shell that starts the tests in the background has SIGINT ignored, and so would all that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
