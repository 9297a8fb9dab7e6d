"""The symmetry measure on sets that have a symmetry, or not, because they were made so."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from byol_core.augment_fit.measures import measure
from byol_core.augment_fit.symmetry import MARGIN, symmetries

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COUNT = 500  # images; the benchmark takes 2,000


@pytest.fixture(scope="module")
def table():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("symmetries")


NAMES = (
    "embedded (seen from above)",
    "embedded in gray",
    "textures in any direction",
    "digits",
    "digits, half of them mirrored",
    "digits, half of them upside down",
    "characters",
    "characters, half of them mirrored",
    "scenes with sky above",
    "scenes, turned",
    "centered disks",
    "upright stripes",
    "slanted stripes",
    "stripes in any direction",
    "pointers to the left, anywhere",
    "pointers to the left and right",
)


def test_every_set_of_the_table_is_tested(table):
    assert tuple(table.SETS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_symmetries_of_a_made_set_are_found(table, name):
    found = table.measured(table.SETS[name], COUNT)
    assert table.wrong(found) == [], found


def test_a_few_characters_are_not_mirrored_either(table):
    assert not table.measured(table.SETS["characters"], 40)["mirrored"]["alike"]


def test_the_same_images_give_the_same_measures(table):
    images = torch.from_numpy(table.SETS["scenes with sky above"].make(100)).permute(0, 3, 1, 2).contiguous()
    rows = torch.arange(100)
    assert measure(images, rows) == measure(images, rows)


def test_equal_images_are_no_evidence_against_a_symmetry():
    """Nothing to compare: the distances are all zero, which is no evidence."""
    found = symmetries(torch.full((20, 3, 32, 32), 0.5))
    assert {each.foreign for each in found.values()} == {0.0}


def test_too_few_images_are_not_measured():
    assert measure(torch.zeros(15, 3, 8, 8, dtype=torch.uint8), torch.arange(15)) is None


def test_noise_has_every_symmetry_and_the_margin_decides():
    found = symmetries(torch.rand(300, 3, 32, 32, generator=torch.Generator().manual_seed(0)))["mirrored"]
    assert found.alike
    assert found.chance < 0.25  # what three descriptors of 300 images reach
    assert not replace(found, foreign=MARGIN + 0.01).alike
