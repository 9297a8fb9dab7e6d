"""A draw holds still while one operation changes: each has random numbers of its own."""

import pytest
import torch

from byol_core.augment import draw, resolve
from byol_core.config import ViewsConfig

SIZE = (32, 32)


def drawn(seed=3, **changes):
    policy = resolve(ViewsConfig(**{"preset": "symmetric", **changes}))
    return draw(policy, 50, torch.Generator().manual_seed(seed), SIZE)


def same(a, b):
    return a is b or (a is not None and b is not None and torch.equal(a, b))


def differing(before, after):
    return {
        name
        for old, new in zip(before, after, strict=True)
        for name in vars(old)
        if not same(getattr(old, name), getattr(new, name))
    }


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"crop": 0.4}, {"boxes"}),
        ({"flip_vertical": 1.0}, {"flip_vertical"}),
        ({"rotation": 0.5}, {"degrees", "shift"}),
        ({"hue": 0.0}, {"factors"}),
        ({"grayscale": 0.0}, {"gray"}),
        ({"blur": 1.5}, {"sigma"}),
        ({"solarize": 0.0}, {"threshold"}),
        ({"noise": 1.0}, {"noise", "deviation"}),
        ({"cutout": 1.0}, {"holes"}),
    ],
)
def test_one_operation_changes_nothing_else(change, allowed):
    changed = differing(drawn(), drawn(**change))
    assert changed and changed <= allowed


def test_the_same_seed_repeats_and_another_does_not():
    assert not differing(drawn(), drawn())
    assert "boxes" in differing(drawn(), drawn(seed=4))


def test_the_two_views_are_drawn_apart():
    first, second = drawn()
    assert not torch.equal(first.boxes, second.boxes)


def test_the_draw_starts_from_the_generator_where_it_stands():
    generator = torch.Generator().manual_seed(0)
    policy = resolve(ViewsConfig(preset="paper"))
    assert "boxes" in differing(draw(policy, 9, generator, SIZE), draw(policy, 9, generator, SIZE))
