"""What each image of a set is for in a run: the seed draws the validation images, and nothing is in two parts."""

from __future__ import annotations

import pytest
import torch

from byol_core.config import build
from byol_core.data.imageset import ImageSet
from byol_core.training.run_images import RunImages

CPU = torch.device("cpu")
PIXELS = torch.zeros(100, 3, 16, 16, dtype=torch.uint8)


def run_images(seed: int = 0, validation: float = 0.1) -> RunImages:
    images = ImageSet("set", PIXELS, None, (), torch.arange(20, 100), torch.arange(20))
    return RunImages(build({}, {"seed": seed, "data.validation": validation, "data.image_size": 16}), images, CPU)


@pytest.mark.parametrize(("share", "held"), [(0.0, 0), (0.1, 8), (0.25, 20)])
def test_a_share_of_the_training_images_is_held_out(share: float, held: int) -> None:
    found = run_images(validation=share)
    assert len(found.validation) == held
    assert sorted([*found.training.tolist(), *found.validation.tolist()]) == list(range(20, 100))
    assert found.test.tolist() == list(range(20))


def test_the_seed_draws_which_are_held_out() -> None:
    drawn = [set(run_images(seed).validation.tolist()) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
