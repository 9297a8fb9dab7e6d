"""The Augment page: images of a set and uploaded ones, and what the sliders and the address do to their views."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.shared import pictures
from app.widgets.packed import unpack
from app.widgets.strengths import strength
from byol_core.augment import make_views, preset_strengths, resolve
from byol_core.config import OPERATIONS, ViewsConfig, view_presets
from byol_core.config.presets import get
from byol_core.data.catalog import load

FIRST = get("classroom").config()


@pytest.fixture
def open_augment(open_page):
    """``open_augment(crop="0.1")`` opens the page with that in its address."""
    return lambda **address: open_page("augment", **address)


def payload(at: AppTest) -> dict:
    """What the grid was given: ``originals`` (n, H, W, 3), ``views`` (m, h, w, 3), and its cards."""
    assert not at.exception
    found = {node.proto.component_name: node.proto for node in at.get("bidi_component")}
    head, pixels = (unpack(found[name].bytes) for name in ("byol_view_grid", "byol_view_originals"))
    original, view = head["sides"]
    assert head["originals"] == pixels["digest"]
    head["originals"] = pixels["pixels"].reshape(-1, *original, 3)
    head["views"] = head["views"].reshape(-1, *view, 3)
    return head


def drawn(card: dict) -> list[list]:
    """What was drawn for each view of a card."""
    return [figure[3] for figure in card["figures"][1:]]


def values(at: AppTest) -> dict[str, float]:
    """Where the page puts the sliders."""
    return at.session_state["views_start"].values


def slide(at: AppTest, **moved: float) -> AppTest:
    """What the browser says when somebody moves sliders."""
    start = at.session_state["views_start"]
    said = {"revision": start.revision, "serial": 7, "values": {**start.values, **moved}}
    at.session_state["sliders"] = {"values": said}
    return at.run()


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
    assert any(line[0] == "crop" for card in shown["cards"] for line in drawn(card)[0])


def test_the_pixels_are_those_that_the_trainer_is_fed(open_augment):
    at = open_augment(recipe="paper", strength="1.5", hue="0.4", draw="7", size="48", view="32")
    shown = payload(at)
    found = load("eurosat", 48, limit=64)
    images = found.images[found.train[:8]]
    policy = resolve(ViewsConfig(preset="paper", strength=1.5, hue=0.4))
    views = torch.cat(make_views(images, policy, torch.Generator().manual_seed(7), (32, 32)))
    expected = (views * 255).round().byte().permute(0, 2, 3, 1)
    np.testing.assert_array_equal(shown["views"], expected.numpy())
    np.testing.assert_array_equal(shown["originals"], images.permute(0, 2, 3, 1).numpy())


def test_strength_zero_leaves_every_view_as_it_was(open_augment):
    at = open_augment(view="image")
    shown = payload(slide(at, strength=0.0))
    assert np.abs(shown["views"].astype(int) - np.tile(shown["originals"], (2, 1, 1, 1))).max() <= 1
    assert shown["serial"] == 7


def test_views_are_never_larger_than_their_picture(open_augment):
    at = open_augment(size="48", view="48")
    assert payload(at)["sides"] == [[48, 48], [48, 48]]
    at.selectbox(key="size").set_value(28).run()
    assert at.selectbox(key="view").options == ["as the image", "24", "28"]
    assert payload(at)["sides"] == [[28, 28], [24, 24]]


def test_a_slider_keeps_the_draw_and_a_new_draw_does_not(open_augment):
    at = slide(open_augment(recipe="none"), flip_horizontal=1.0)
    before = payload(at)
    after = payload(slide(at, flip_horizontal=1.0, brightness=0.5))
    mirrored = [["mirror" in dict(view) for view in drawn(card)] for card in before["cards"]]
    assert [["mirror" in dict(view) for view in drawn(card)] for card in after["cards"]] == mirrored
    next(button for button in at.button if button.label == "New draw").click().run()
    assert at.number_input(key="draw").value == 1
    assert payload(at)["cards"] != after["cards"]


def test_a_preset_puts_every_slider_to_its_strength(open_augment):
    at = open_augment(crop="0.1")
    assert values(at)["crop"] == 0.1
    slide(at, crop=1.9)
    at.selectbox(key="recipe").set_value("paper").run()
    assert values(at) == {"strength": 1.0, **preset_strengths("paper")}
    views = ViewsConfig(preset="paper", size=24)
    found = load("eurosat", 64, limit=64)
    expected = make_views(found.images[found.train[:8]], resolve(views), torch.Generator().manual_seed(0), (24, 24))[0]
    np.testing.assert_array_equal(payload(at)["views"][:8], (expected * 255).round().byte().permute(0, 2, 3, 1).numpy())


def test_every_operation_has_a_slider_that_says_what_it_does(open_augment):
    at = open_augment()
    (sliders,) = (node.proto for node in at.get("bidi_component") if node.proto.component_name == "byol_view_sliders")
    shown = [slider for group in json.loads(sliders.json)["groups"] for slider in group["sliders"]]
    assert {slider["name"] for slider in shown} == {"strength", *OPERATIONS}
    assert all((slider["low"], slider["high"]) == (0.0, 2.0) and slider["label"] and slider["help"] for slider in shown)


@pytest.mark.parametrize("said", [None, "much", -0.1, 2.1, [1], float("nan"), {}])
def test_what_no_slider_can_say_is_no_strength(said):
    assert strength(said) is None


def test_what_a_browser_says_of_another_preset_has_no_say(open_augment):
    at = open_augment(recipe="none")
    at.session_state["sliders"] = {"values": {"revision": 99, "serial": 1, "values": {**values(at), "crop": 2.0}}}
    assert all(view == [] for card in payload(at.run())["cards"] for view in drawn(card))


def test_one_operation_is_shown_at_strengths_from_0_to_maximum(open_augment):
    shown = payload(open_augment(show="operation", operation="brightness", size="32", view="image"))
    strengths = [[figure[0] for figure in card["figures"]] for card in shown["cards"]]
    assert strengths == [["0", "0.25", "0.5", "0.75", "1", "1.25", "1.5", "1.75", "2"]] * 4
    assert {name for card in shown["cards"] for figure in card["figures"] for name, _ in figure[3]} == {"brightness"}
    views = shown["views"].reshape(4, 9, 32, 32, 3).astype(int)
    away = np.abs(views - shown["originals"][:, None]).mean((2, 3, 4))
    assert (away[:, 0] <= 1).all() and (away[:, 8] > away[:, 4]).all() and (away[:, 4] > away[:, 0]).all()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_does_something_at_its_most(operation):
    from app.augment import views as view_maker

    images = np.random.default_rng(0).integers(0, 255, (2, 3, 16, 16), np.uint8)
    made = view_maker.strip(images, operation, (0.0, 2.0), None, seed=3)
    assert [len(lines) > 0 for lines in made.drawn] == [False, True] * 2
    assert all(not np.array_equal(made.pixels[i], made.pixels[i + 1]) for i in (0, 2))


def test_one_picture_is_seen_in_many_draws(open_augment):
    shown = payload(open_augment(show="draws", picture="3"))
    assert len(shown["originals"]) == 1 and len(shown["cards"]) == 25
    assert len({view.tobytes() for view in shown["views"]}) == 48


def test_two_presets_are_compared_on_the_same_images_and_seed(open_augment):
    at = open_augment(show="presets", beside="none", shown="4", view="image", crop="0.8")
    shown = payload(at)
    originals = shown["originals"].astype(int)
    assert np.abs(shown["views"][8:12] - originals).max() <= 1 and np.abs(shown["views"][:4] - originals).max() > 1
    rows = at.table[0].value
    assert list(rows["Yours"]) and set(rows["none"]) == {"0"} and "Crop" in list(rows[""])


def test_views_are_saved_chosen_and_deleted(open_augment, home):
    at = slide(open_augment(recipe="paper"), crop=0.35)
    press(at, "Save or copy")
    at.text_input(key="views_name").set_value("mine")
    at.button(key="views_save").click().run()
    assert at.selectbox(key="recipe").value == "mine" and values(at)["crop"] == 0.35
    assert [toast.value for toast in at.toast] == ["Saved as 'mine': it is among the presets now."]
    assert view_presets.load(home, "mine") == ViewsConfig(preset="paper", crop=0.35)
    press(at, "Save or copy")
    at.button(key="views_delete").click().run()
    assert view_presets.names(home) == [] and at.selectbox(key="recipe").value == "paper"


def test_a_taken_name_needs_the_overwrite_button(open_augment, home):
    view_presets.save(home, "mine", ViewsConfig(preset="none"))
    at = open_augment(recipe="paper")
    at.session_state["views_name"] = "mine"
    press(at, "Save or copy")
    assert at.button(key="views_save").label == "Overwrite"
    at.button(key="views_save").click().run()
    assert view_presets.load(home, "mine") == ViewsConfig(preset="paper")


def test_another_name_than_the_button_said_is_not_overwritten(open_augment, home):
    for name in ("mine", "yours"):
        view_presets.save(home, name, ViewsConfig(preset="none"))
    at = open_augment(recipe="paper")
    at.session_state["views_name"] = "mine"
    press(at, "Save or copy")
    at.text_input(key="views_name").set_value("yours")  # and clicked before the page knew
    at.button(key="views_save").click().run()
    assert "called 'yours' already" in at.session_state["views_trouble"]
    assert view_presets.load(home, "yours") == ViewsConfig(preset="none")


def test_a_preset_is_saved_under_its_own_name_at_once(open_augment, home):
    view_presets.save(home, "mine", ViewsConfig(preset="none"))
    at = slide(open_augment(recipe="mine"), hue=0.5)
    press(at, "Save or copy")
    assert at.button(key="views_save").label == "Overwrite"
    at.button(key="views_save").click().run()
    assert view_presets.load(home, "mine").hue == 0.5


def test_a_preset_called_yours_is_beside_yours(open_augment, home):
    view_presets.save(home, "Yours", ViewsConfig(preset="none"))
    at = open_augment(show="presets", beside="Yours", crop="0.8")
    assert list(at.table[0].value.columns) == ["", "Yours", "'Yours'"]
    titles = [figure[0] for figure in payload(at)["cards"][0]["figures"]]
    assert titles[1:] == ["Yours: 1", "Yours: 2", "'Yours': 1", "'Yours': 2"]


def test_slider_values_survive_leaving_and_reopening_the_page(open_augment):
    at = slide(open_augment(), hue=1.25)
    at.switch_page("train/page.py").run()
    assert "sliders" not in at.session_state and "hue" not in at.query_params
    at.switch_page("augment/page.py").run()
    assert values(at)["hue"] == 1.25


def test_an_unreadable_preset_in_the_url_gives_one_sentence(open_augment, home):
    view_presets.save(home, "mine", ViewsConfig())
    (home / "view-presets" / "mine.yaml").write_text("views: [")
    at = open_augment(recipe="mine")
    assert "not valid YAML" in at.warning[0].value and values(at)["crop"] == preset_strengths("satellite")["crop"]


def test_the_program_makes_exactly_the_pixels_of_the_grid(open_augment, tmp_path, monkeypatch):
    at = slide(open_augment(draw="5", size="32", shown="4"), hue=1.2, noise=0.5)
    at.get("pagination")[0].set_value(2).run()
    press(at, "Save or copy")
    check_program(at, tmp_path, monkeypatch)


def test_without_pictures_there_is_no_program_yet(open_augment):
    at = press(open_augment(pictures="upload"), "Save or copy")
    assert [block.language for block in at.code] == ["yaml", "bash"]
    assert any("no images yet" in node.value for node in at.info)


def test_the_program_for_uploads_of_one_name_reads_each_of_them(open_augment, tmp_path, monkeypatch):
    at = open_augment(pictures="upload", size="32")
    for side in (40, 60):
        at.file_uploader(key="files").upload("image.png", picture((side, 30)))
        (tmp_path / ("image.png" if side == 40 else "image-2.png")).write_bytes(picture((side, 30)))
    press(at.run(), "Save or copy")
    check_program(at, tmp_path, monkeypatch)


def test_the_program_for_a_single_picture_makes_all_its_draws(open_augment, tmp_path, monkeypatch):
    at = open_augment(pictures="upload", size="32", shown="4")
    at.file_uploader(key="files").upload("cat.png", picture())
    (tmp_path / "cat.png").write_bytes(picture())
    press(at.run(), "Save or copy")
    check_program(at, tmp_path, monkeypatch)


def check_program(at: AppTest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes the pixels of the grid."""
    monkeypatch.chdir(folder)
    (code,) = (block.value for block in at.code if block.language == "python")
    made: dict = {}
    exec(code, made)
    expected = (torch.cat([made["first"], made["second"]]) * 255).round().byte().permute(0, 2, 3, 1)
    np.testing.assert_array_equal(payload(at)["views"], expected.numpy())


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def test_the_settings_go_to_a_new_run(open_augment):
    at = open_augment(recipe="paper", strength="0.6", crop="0.7", size="48")
    next(button for button in at.button if button.label == "Use in a new run").click().run()
    assert not at.exception and at.title[0].value == "Train"
    address = {key: value[0] if isinstance(value, list) else value for key, value in at.query_params.items()}
    assert address["views.preset"] == "paper" and float(address["views.strength"]) == 0.6
    assert float(address["views.crop"]) == 0.7 and address["data.image_size"] == "48"
    assert "views.size" not in address  # as in the preset that Train starts from
    assert not {f"views.{name}" for name in OPERATIONS if name != "crop"} & set(address)


@pytest.mark.parametrize(("moved", "name"), [({}, "2024"), ({"hue": "1.5"}, "2024, changed")])
def test_a_run_has_the_name_of_the_views_that_were_saved(open_augment, home, moved, name):
    view_presets.save(home, "2024", ViewsConfig(preset="paper", crop=0.7))
    at = open_augment(recipe="2024", crop="0.7", **moved)
    next(button for button in at.button if button.label == "Use in a new run").click().run()
    assert at.text_input(key="setting:name").value == name


def test_views_as_large_as_the_image_go_to_a_new_run(open_augment):
    at = open_augment(view="image")
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
    at = open_augment(pictures="upload")
    assert "No images yet" in "".join(node.value for node in at.markdown)
    uploader = at.file_uploader(key="files")
    uploader.upload("cat.png", picture())
    uploader.upload("notes.png", b"not a picture")
    uploader.upload("gray.png", picture(mode="L"))
    at.run()
    assert [card["name"] for card in payload(at)["cards"]] == ["cat.png", "gray.png"]
    assert [warning.value for warning in at.warning] == ["notes.png is not shown: not an image."]


def test_one_picture_is_seen_in_several_draws(open_augment):
    at = open_augment(pictures="upload", shown="4", recipe="paper")
    at.file_uploader(key="files").upload("cat.png", picture())
    at.run()
    shown = payload(at)
    assert [card["name"] for card in shown["cards"]] == ["cat.png"] * 4
    assert not np.array_equal(shown["views"][0], shown["views"][1])


def test_a_photo_from_the_camera_is_shown(open_augment):
    at = open_augment(pictures="camera", shown="4")
    packed = io.BytesIO(picture())
    jpeg = io.BytesIO()
    Image.open(packed).save(jpeg, "JPEG")
    at.camera_input(key="photo").upload("photo.jpg", jpeg.getvalue())
    at.run()
    assert [card["name"] for card in payload(at)["cards"]] == ["Your photo"] * 4
    press(at, "Save or copy")
    assert any("files = ['photo.jpg']\n" in block.value for block in at.code)
    assert at.get("download_button") and any("next to the program" in node.value for node in at.caption)


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
