"""What is chosen for what was measured, and the sentences for it."""

import json
from dataclasses import replace
from string import Formatter

import pytest

from byol_core.augment_fit import choices, recipe, words
from byol_core.augment_fit.choices import Why
from byol_core.augment_fit.measures import Measures
from byol_core.augment_fit.symmetry import Symmetry
from byol_core.config import OPERATIONS, build
from byol_core.config.presets import get

ALIKE, FOREIGN = Symmetry(0.01, 0.05, "edges"), Symmetry(0.6, 0.05, "edges")
ABOVE = Measures(
    2000, ALIKE, ALIKE, ALIKE, ALIKE, colored=1.0, color_follows_shape=0.7, plain=0.0, fill=1.0, wander=0.0,
    detail=0.6, noise=0.01,
)  # fmt: skip
WRITTEN = replace(
    ABOVE, mirrored=FOREIGN, upside_down=FOREIGN, turned=FOREIGN, shifted=FOREIGN, colored=0.0, detail=0.98
)  # fmt: skip
DYED = replace(ABOVE, color_follows_shape=0.5)


def settings(found: Measures | None) -> dict[str, float]:
    return choices.settings(recipe.choices(found))


@pytest.mark.parametrize("found", [ABOVE, WRITTEN, DYED, None])
def test_every_strength_is_chosen(found):
    assert {f"views.{name}" for name in OPERATIONS} <= settings(found).keys()


@pytest.mark.parametrize("found", [ABOVE, WRITTEN, DYED, None])
def test_what_is_chosen_is_a_configuration(found):
    config = build({}, settings(found))
    assert config.views.size is None or config.views.size <= config.data.image_size


def test_what_looks_foreign_is_not_mirrored():
    assert settings(WRITTEN)["views.flip_horizontal"] == settings(WRITTEN)["views.flip_vertical"] == 0.0


def test_what_looks_alike_is_mirrored():
    assert settings(ABOVE)["views.flip_horizontal"] == settings(ABOVE)["views.flip_vertical"] == 1.0


def test_gray_images_have_no_color_to_change():
    chosen = settings(WRITTEN)
    assert chosen["views.hue"] == chosen["views.saturation"] == chosen["views.grayscale"] == 0.0


def test_color_that_tells_images_apart_changes_less():
    hue = [settings(replace(ABOVE, color_follows_shape=share))["views.hue"] for share in (0.7, 0.56, 0.5)]
    assert hue == sorted(hue) and len({*hue}) == 3


def test_a_subject_in_its_place_is_kept_in_its_crops():
    assert settings(WRITTEN)["views.crop"] < settings(ABOVE)["views.crop"]


@pytest.mark.parametrize("found", [ABOVE, WRITTEN, DYED, None])
def test_every_choice_has_a_sentence(found):
    for sentence in words.sentences(recipe.choices(found)):
        assert sentence.endswith(".") and "{" not in sentence


def test_every_reason_has_its_words_and_no_unknown_values():
    assert words.SENTENCES.keys() == set(Why)
    names = {name for text in words.SENTENCES.values() for _, name, _, _ in Formatter().parse(text) if name}
    assert names <= {"share", "side"}


def test_choices_are_kept_in_a_file_as_they_are():
    chosen = recipe.choices(WRITTEN)
    assert choices.from_dicts(json.loads(json.dumps(choices.as_dicts(chosen)))) == chosen


def test_what_somebody_set_himself_is_not_fitted():
    config = get("classroom").config().changed(**{"views.flip_horizontal": 1.0, "data.image_size": 48})
    given = choices.applied(config, recipe.choices(WRITTEN))
    assert given.views.flip_horizontal == 1.0 and given.data.image_size == 48
    assert given.views.flip_vertical == 0.0
    assert not choices.is_open(given)


def test_an_encoder_that_starts_from_weights_stays():
    config = get("classroom").config()
    assert choices.applied(config, recipe.choices(WRITTEN)).network.encoder == "conv-quarter"
    started = config.changed(**{"network.pretrained": "encoder.safetensors"})
    assert choices.applied(started, recipe.choices(WRITTEN)).network.encoder == "conv-classroom"
