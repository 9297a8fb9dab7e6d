"""Several processes that share a batch: each draws for the whole of it and makes the views of its own images."""

import pytest
import torch

from byol_core.augment import draw, make_views, resolve
from byol_core.config import OPERATIONS, ViewsConfig

ALL = resolve(ViewsConfig(preset="paper", **dict.fromkeys(OPERATIONS, 1.0)))


def seeded():
    return torch.Generator().manual_seed(4)


@pytest.fixture
def images(generator):
    return torch.randint(0, 256, (12, 3, 16, 16), dtype=torch.uint8, generator=generator)


def test_two_ranks_see_what_one_process_sees(images):
    whole = make_views(images, ALL, seeded())
    shares = [slice(0, 6), slice(6, 12)]
    parts = [make_views(images[rows], ALL, seeded(), rows=rows, n=12) for rows in shares]
    for view in (0, 1):
        assert torch.equal(torch.cat([part[view] for part in parts]), whole[view])


def test_both_ranks_leave_the_generator_where_one_process_does(images):
    one, two = seeded(), seeded()
    make_views(images, ALL, one)
    make_views(images[6:], ALL, two, rows=slice(6, 12), n=12)
    assert torch.equal(one.get_state(), two.get_state())


def test_images_and_rows_must_be_as_many(images):
    with pytest.raises(ValueError, match="name 6 images, but there are 12"):
        make_views(images, ALL, seeded(), rows=slice(0, 6), n=12)
    with pytest.raises(ValueError, match="name 24 images, but there are 12"):
        make_views(images, ALL, seeded(), n=24)


@pytest.mark.parametrize("index", [slice(2, 5), torch.tensor([2, 3, 4])], ids=["slice", "indices"])
def test_rows_are_the_same_rows_of_every_tensor(index):
    params = draw(ALL, 9, seeded(), (16, 16))[1]
    some = params.rows(index)
    assert len(some) == 3
    for name, value in vars(params).items():
        assert value is not None
        assert torch.equal(getattr(some, name), value[2:5])


def test_what_is_off_stays_off():
    params = draw(resolve(ViewsConfig(preset="none")), 3, seeded(), (16, 16))[0].rows(slice(0, 1))
    assert params.factors is None
    assert params.noise is None
