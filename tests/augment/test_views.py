"""Drawing and applying both views: reproducible, each image its own, scaled by strength."""

import pytest
import torch

from byol_core.augment import apply, describe, draw, make_views, preset_strengths, resolve
from byol_core.augment.policy import RECIPES
from byol_core.config import OPERATIONS, ViewsConfig


@pytest.fixture
def images(generator: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 256, (64, 3, 32, 32), dtype=torch.uint8, generator=generator)


def everything(strength: float = 1.0) -> ViewsConfig:
    return ViewsConfig(preset="paper", strength=strength, **dict.fromkeys(OPERATIONS, 1.0))


def seeded(seed: int = 7) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("preset", RECIPES)
def test_master_strength_zero_is_the_identity(images, preset):
    for view in make_views(images, resolve(ViewsConfig(preset=preset, strength=0.0)), seeded()):
        assert torch.allclose(view, images.float() / 255, atol=1e-5)


def test_the_preset_none_is_the_identity(images):
    first, second = make_views(images, resolve(ViewsConfig(preset="none")), seeded())
    assert torch.allclose(first, images.float() / 255, atol=1e-5)
    assert torch.equal(first, second)


@pytest.mark.parametrize("strength", [0.3, 1.0, 2.0])
def test_every_operation_at_once_stays_in_range(images, strength):
    for view in make_views(images, resolve(everything(strength)), seeded(), (24, 24)):
        assert view.shape == (64, 3, 24, 24)
        assert view.dtype == torch.float32
        assert view.min() >= 0
        assert view.max() <= 1


def test_a_seed_repeats_the_views(images):
    policy = resolve(everything())
    again = make_views(images, policy, seeded())
    for one, other in zip(make_views(images, policy, seeded()), again, strict=True):
        assert torch.equal(one, other)


def test_every_image_of_a_batch_gets_its_own_draw(generator):
    image = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8, generator=generator)
    first, second = make_views(image.expand(64, -1, -1, -1), resolve(ViewsConfig(preset="paper")), seeded())
    assert len(first.unique(dim=0)) == 64
    assert not torch.equal(first, second)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_alone_changes_the_picture(images, operation):
    policy = resolve(ViewsConfig(preset="none", **{operation: 2.0}))
    assert not torch.allclose(torch.stack(make_views(images, policy, seeded())), images.float() / 255, atol=1e-3)


def test_presets_without_blur_never_blur():
    for preset in ("small-image", "tutorial-noise", "satellite"):
        assert draw(resolve(ViewsConfig(preset=preset)), 4, seeded(), (32, 32))[0].sigma is None


def test_a_single_strength_overrides_the_preset_before_scaling():
    policy = resolve(ViewsConfig(preset="paper", hue=0.4, strength=0.5))
    assert policy["hue"] == pytest.approx(0.2)
    assert policy["crop"] == pytest.approx(0.5 * preset_strengths("paper")["crop"])


def test_strengths_never_pass_two():
    assert resolve(ViewsConfig(preset="paper", hue=1.8, strength=2.0))["hue"] == 2.0


def test_described_values_are_those_that_were_drawn(images):
    params, _ = draw(resolve(everything()), 64, seeded(), (32, 32))
    words = dict(describe(params, 5, (32, 32)))
    height, width = params.boxes[5, 2:].tolist()
    assert words["crop"] == f"{height * width / 32**2:.0%} of the area"
    assert words["rotation"] == f"{params.degrees[5]:+.0f}°"
    assert words["noise"] == "± 0.10"


def test_nothing_drawn_is_nothing_described():
    params, _ = draw(resolve(ViewsConfig(preset="none")), 2, seeded(), (32, 32))
    assert describe(params, 0, (32, 32)) == []


def test_float_and_byte_pictures_give_the_same_view(images):
    params, _ = draw(resolve(everything()), 64, seeded(), (32, 32))
    assert torch.allclose(apply(images, params), apply(images.float() / 255, params), atol=1e-6)
