"""What many tests need: a seeded generator, and one thread, so that results do not depend on the machine's cores."""

import pytest
import torch


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
