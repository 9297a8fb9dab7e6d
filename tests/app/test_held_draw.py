"""The draw of the Augment page: as the trainer draws, and still while one slider moves."""

import pytest
import torch

from app.components.held_draw import draw_held
from byol_core.augment import draw, resolve
from byol_core.config import OPERATIONS, ViewsConfig

SIZE = (32, 32)


def drawn(seed=3, **changes):
    return draw_held(resolve(ViewsConfig(**{"preset": "symmetric", **changes})), 50, seed, SIZE)


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
        ({"greyscale": 0.0}, {"grey"}),
        ({"blur": 1.5}, {"sigma"}),
        ({"solarise": 0.0}, {"threshold"}),
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


@pytest.mark.parametrize("preset", ["paper", "satellite", "tutorial-noise"])
def test_it_draws_as_often_as_the_trainer(preset):
    """The shares and means of 4,000 draws are those of the trainer's own draw."""
    policy = resolve(ViewsConfig(preset=preset, **dict.fromkeys(OPERATIONS, 1.0)))
    ours = draw_held(policy, 4000, 0, SIZE)
    theirs = draw(policy, 4000, torch.Generator().manual_seed(1), SIZE)
    for mine, other in zip(ours, theirs, strict=True):
        for name in ("boxes", "flip_horizontal", "degrees", "factors", "grey", "sigma", "deviation"):
            a, b = getattr(mine, name), getattr(other, name)
            if b is None:
                assert a is None
                continue
            error = b.double().std(0).clamp(min=1e-6) * (2 / 4000) ** 0.5
            assert bool(((a.double().mean(0) - b.double().mean(0)).abs() < 5 * error).all()), name
