"""The Augment page: pictures of a set and uploaded ones, and what the sliders and the address do to their views."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.components import pictures
from app.components.packed import unpack
from byol_core.augment import apply, draw, preset_strengths, resolve
from byol_core.config import OPERATIONS, ViewsConfig
from byol_core.data.catalog import load
from byol_core.presets import get

FIRST = get("classroom").config()


@pytest.fixture
def open_augment(open_page):
    return lambda **address: open_page("augment", **address)


def payload(at: AppTest) -> dict:
    """What the grid was given."""
    assert not at.exception
    found = [node.proto for node in at.get("bidi_component") if node.proto.component_name == "byol_view_grid"]
    head = unpack(found[0].bytes)
    original, view = head["sides"]
    head["originals"] = head["originals"].reshape(len(head["cards"]), *original, 3)
    head["views"] = head["views"].reshape(2, len(head["cards"]), *view, 3)
    return head


def picture(size=(40, 30), mode="RGB") -> bytes:
    packed = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(packed, "PNG")
    return packed.getvalue()


def test_it_opens_with_the_embedded_pictures_and_their_views(open_augment):
    at = open_augment()
    shown = payload(at)
    assert len(shown["cards"]) == 8 and shown["sides"] == [[64, 64], [24, 24]]
    assert (FIRST.data.image_size, FIRST.views.size) == (64, 24)
    assert at.selectbox(key="recipe").value == FIRST.views.preset
    assert all(card["name"] for card in shown["cards"])
    assert any(line[0] == "crop" for card in shown["cards"] for line in card["drawn"][0])


def test_the_pixels_are_those_of_the_trainers_operations(open_augment):
    at = open_augment(recipe="paper", strength="1.5", hue="0.4", draw="7", size="48", view="32")
    shown = payload(at)
    found = load("eurosat", 48, limit=64)
    images = found.images[found.train[:8]]
    policy = resolve(ViewsConfig(preset="paper", strength=1.5, hue=0.4))
    drawn = draw(policy, 8, torch.Generator().manual_seed(7), (48, 48), (32, 32))
    views = [apply(images, params, (32, 32)) for params in drawn]
    expected = torch.stack([(view * 255).round().byte() for view in views]).permute(0, 1, 3, 4, 2)
    np.testing.assert_array_equal(shown["views"], expected.numpy())
    np.testing.assert_array_equal(shown["originals"], images.permute(0, 2, 3, 1).numpy())


def test_strength_zero_leaves_every_view_as_it_was(open_augment):
    at = open_augment(view="as the image")
    at.slider(key="strength").set_value(0.0).run()
    shown = payload(at)
    assert np.abs(shown["views"].astype(int) - shown["originals"]).max() <= 1


def test_views_are_never_larger_than_their_picture(open_augment):
    at = open_augment(size="48", view="48")
    assert payload(at)["sides"] == [[48, 48], [48, 48]]
    at.selectbox(key="size").set_value(28).run()
    assert at.selectbox(key="view").options == ["as the image", "24", "28"]
    assert payload(at)["sides"] == [[28, 28], [24, 24]]


def test_a_slider_keeps_the_draw_and_a_new_draw_does_not(open_augment):
    at = open_augment(recipe="none")
    at.slider(key="flip_horizontal").set_value(1.0).run()
    before = payload(at)
    at.slider(key="brightness").set_value(0.5).run()
    mirrored = [["mirror" in dict(drawn) for drawn in card["drawn"]] for card in before["cards"]]
    assert [["mirror" in dict(drawn) for drawn in card["drawn"]] for card in payload(at)["cards"]] == mirrored
    at.button[0].click().run()
    assert at.number_input(key="draw").value == 1
    assert payload(at)["cards"] != before["cards"]


def test_a_preset_puts_every_slider_to_its_strength(open_augment):
    at = open_augment(crop="0.1")
    assert at.slider(key="crop").value == 0.1
    at.selectbox(key="recipe").set_value("paper").run()
    assert {name: at.slider(key=name).value for name in OPERATIONS} == preset_strengths("paper")


def test_every_operation_has_a_slider_that_says_what_it_does(open_augment):
    at = open_augment()
    for name in OPERATIONS:
        slider = at.slider(key=name)
        assert (slider.min, slider.max) == (0.0, 2.0) and slider.label and slider.help


def test_the_settings_go_to_a_new_run(open_augment):
    at = open_augment(recipe="paper", strength="0.6", crop="0.7", size="48")
    next(button for button in at.button if button.label == "Use in a new run").click().run()
    assert not at.exception and at.title[0].value == "Train"
    address = {key: value[0] if isinstance(value, list) else value for key, value in at.query_params.items()}
    assert address["views.preset"] == "paper" and float(address["views.strength"]) == 0.6
    assert float(address["views.crop"]) == 0.7 and address["data.image_size"] == "48"
    assert "views.size" not in address  # as in the preset that Train starts from
    assert not {f"views.{name}" for name in OPERATIONS if name != "crop"} & set(address)


def test_views_as_large_as_the_image_go_to_a_new_run(open_augment):
    at = open_augment(view="as the image")
    next(button for button in at.button if button.label == "Use in a new run").click().run()
    assert at.query_params["views.size"] in ("null", ["null"])


@pytest.mark.parametrize("name", ["photos #2", "2024", "a: b", "yes"])
def test_an_odd_path_survives_on_its_way_to_a_new_run(open_augment, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    for place in range(3):
        (tmp_path / name / f"{place}.png").write_bytes(picture())
    monkeypatch.setattr(pictures, "names_of_sets", lambda: [name])  # a typed option is none that AppTest can click past
    at = open_augment(set=name)
    next(button for button in at.button if button.label == "Use in a new run").click().run()
    assert not at.warning and at.text_input(key="setting:source_path").value == name


def test_uploads_are_shown_and_what_is_none_is_named(open_augment):
    at = open_augment(pictures="Upload")
    assert "No pictures yet" in "".join(node.value for node in at.markdown)
    uploader = at.file_uploader(key="files")
    uploader.upload("cat.png", picture())
    uploader.upload("notes.png", b"not a picture")
    uploader.upload("grey.png", picture(mode="L"))
    at.run()
    assert [card["name"] for card in payload(at)["cards"]] == ["cat.png", "grey.png"]
    assert [warning.value for warning in at.warning] == ["notes.png is not shown: not an image."]


def test_one_picture_is_seen_in_several_draws(open_augment):
    at = open_augment(pictures="Upload", shown="4", recipe="paper")
    at.file_uploader(key="files").upload("cat.png", picture())
    at.run()
    shown = payload(at)
    assert [card["name"] for card in shown["cards"]] == ["cat.png"] * 4
    assert not np.array_equal(shown["views"][0, 0], shown["views"][0, 1])


def test_a_photo_from_the_camera_is_shown(open_augment):
    at = open_augment(pictures="Camera", shown="4")
    packed = io.BytesIO(picture())
    jpeg = io.BytesIO()
    Image.open(packed).save(jpeg, "JPEG")
    at.camera_input(key="photo").upload("photo.jpg", jpeg.getvalue())
    at.run()
    assert [card["name"] for card in payload(at)["cards"]] == ["Your photo"] * 4


def test_a_set_that_has_to_be_downloaded_is_asked_about_first(open_augment):
    at = open_augment(set="cifar10")
    assert "170 MB to download" in "".join(node.value for node in at.caption)
    assert "Load these images" in [button.label for button in at.button]
    assert not [node for node in at.get("bidi_component") if node.proto.component_name == "byol_view_grid"]


def test_a_folder_on_this_machine_is_a_set_too(open_augment, tmp_path):
    for place in range(3):
        (tmp_path / f"{place}.png").write_bytes(picture())
    at = open_augment(set=str(tmp_path))
    assert [card["name"] for card in payload(at)["cards"]] == [""] * len(payload(at)["cards"])


def test_a_path_where_nothing_is_gets_one_sentence(open_augment):
    at = open_augment(set=str(Path("/nowhere/photos")))
    assert "no image set and no path '/nowhere/photos'" in at.warning[0].value


def test_more_pictures_are_on_further_pages(open_augment):
    at = open_augment(shown="4")
    first = payload(at)["originals"]
    at.get("pagination")[0].set_value(2).run()
    assert not np.array_equal(first, payload(at)["originals"])
