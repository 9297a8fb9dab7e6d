"""The Train page: the form, what it says while one types, and what it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.train import launch
from app.train.estimates import estimates
from byol_core.config.presets import PRESETS
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, listed, text
from tests.photos import photos


@pytest.fixture(autouse=True)
def no_calibration_by_itself(make: Make) -> None:
    """While a run is on, the page measures only when asked to, which keeps these tests short."""
    make("running")


def test_it_opens_with_the_classroom_preset_and_why(open_page: Open) -> None:
    page = open_page("train")
    assert page.selectbox(key="setting:preset").value == "classroom"
    assert PRESETS["classroom"].reason in text(page) and PRESETS["classroom"].expect in text(page)
    assert "byol train --preset classroom" in text(page)


def test_expert_mode_shows_every_setting(open_page: Open) -> None:
    simple, expert = open_page("train"), open_page("train", mode="expert")
    assert len(expert.number_input) > len(simple.number_input)
    assert (
        expert.number_input(key="setting:optimizer.weight_decay").value
        == PRESETS["classroom"].config().optimizer.weight_decay
    )


def test_settings_come_from_the_address(open_page: Open) -> None:
    page = open_page("train", **{"preset": "first-look", "views.strength": "0.6", "name": "mine"})
    assert page.slider(key="setting:views.strength").value == 0.6
    assert page.text_input(key="setting:name").value == "mine"
    assert "--preset first-look" in text(page) and "views.strength=0.6" in text(page)


def test_settings_go_to_the_address_and_back_to_the_preset(open_page: Open) -> None:
    page = open_page("train")
    page.slider(key="setting:views.strength").set_value(0.6).run()
    assert page.query_params == {"preset": "classroom", "views.strength": "0.6"}
    page.button(key="undo").click().run()
    assert page.query_params == {"preset": "classroom"}
    assert page.slider(key="setting:views.strength").value == 1.0


def test_an_unknown_setting_in_the_url_gives_a_suggestion(open_page: Open) -> None:
    page = open_page("train", **{"views.strenght": "1"})
    assert page.warning[0].value == "There is no setting 'views.strenght'; did you mean 'views.strength'?"


def test_another_preset_sets_the_widgets(open_page: Open) -> None:
    page = open_page("train")
    page.selectbox(key="setting:preset").set_value("first-look").run()
    assert page.number_input(key="setting:epochs").value == PRESETS["first-look"].config().epochs


def test_a_wrong_value_is_said_at_once_and_mended_by_a_button(open_page: Open) -> None:
    page = open_page("train")
    page.number_input(key="setting:epochs").set_value(0.0).run()
    assert page.error[0].value == "Setting 'epochs' should be greater than 0, but is 0.0."
    assert page.button(key="start").disabled
    assert page.button(key="mend").label == "Epochs (passes): 30.0, as in the preset"
    page.button(key="mend").click().run()
    assert page.number_input(key="setting:epochs").value == 30.0
    assert not page.error and not page.button(key="start").disabled


def test_a_batch_larger_than_the_set_warns_and_offers_a_fix(open_page: Open) -> None:
    page = open_page("train")
    page.number_input(key="setting:batch_size").set_value(60000).run()
    assert "The batch of 60,000 is larger than the images there are to learn from, about 3,600." in text(page)
    assert not page.button(key="start").disabled  # nobody knows how many there are, until the run has read them
    page.button(key="mend").click().run()
    assert page.number_input(key="setting:batch_size").value == 2048
    assert not page.warning


def test_a_small_set_is_fitted_to_and_the_form_says_so(open_page: Open, tmp_path: Path, store: RunStore) -> None:
    source = photos(tmp_path / "photos", 90)
    page = listed(open_page("train", **{"data.source": str(source)}), source)
    assert "A small set, about 65 images to learn from: batch size 64 (not 128)" in text(page)
    assert ":material/auto_fix_high: 64 for this set" in text(page)
    assert not page.error and not page.warning and not page.button(key="start").disabled
    page.number_input(key="setting:batch_size").set_value(100).run()
    assert "about 65" in page.warning[0].value and "for this set" not in page.warning[0].value
    page.button(key="start").click().run()
    (run,) = store.queue()
    assert run.config["batch_size"] == 100 and "batch_size" not in run.config["fit"]


def test_a_set_with_its_own_test_images_is_counted_right(open_page: Open, tmp_path: Path) -> None:
    photos(tmp_path / "set" / "train", 100)
    photos(tmp_path / "set" / "test", 6)
    page = listed(open_page("train", **{"data.source": str(tmp_path / "set"), "batch_size": "80"}), tmp_path / "set")
    assert not page.warning and not page.button(key="start").disabled  # the run learns from 90


def test_what_a_set_of_another_size_would_need_is_not_said(open_page: Open) -> None:
    said = text(open_page("train"))
    assert said.count("auto_fix_high") == 1 and "satellite for this set" in said  # its views, and nothing else


def test_a_path_that_is_not_there_is_said(open_page: Open, tmp_path: Path) -> None:
    page = open_page("train")
    page.get_by_key("setting:source_kind").set_value("path").run()
    assert "Say where the images are" in page.error[0].value
    page.text_input(key="setting:source_path").set_value(str(tmp_path / "none")).run()
    assert "There is nothing at" in page.error[0].value
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.png").touch()
    page.text_input(key="setting:source_path").set_value(str(tmp_path / "photos")).run()
    page = listed(page, tmp_path / "photos")
    assert not page.error and not page.button(key="start").disabled  # it warns, and the run itself decides
    assert "holds 1 usable image, and two are the least" in page.warning[0].value
    for place in range(200):
        (tmp_path / "home" / f"{place}.png").touch()
    page.text_input(key="setting:source_path").set_value(str(tmp_path / "home")).run()
    assert not page.error
    assert f"--data {tmp_path / 'home'}" in text(page)


def test_an_upload_is_kept_under_a_safe_name(open_page: Open, home: Path) -> None:
    page = open_page("train")
    page.get_by_key("setting:source_kind").set_value("upload").run()
    page.file_uploader(key="source_file").upload("my photos (1).zip", b"PK\x05\x06" + b"\0" * 18).run()
    assert not page.exception
    (kept,) = (home / "uploads").iterdir()
    assert kept.name.startswith("my-photos-1-") and kept.suffix == ".zip"
    assert f"--data {kept}" in text(page)


def test_uploads_are_listed_and_unused_ones_can_be_removed(open_page: Open, home: Path, make: Make) -> None:
    (home / "uploads").mkdir()
    for name in ("used.npz", "spare.npz"):
        (home / "uploads" / name).write_bytes(b"x" * 1500)
    make("finished", **{"data.source": str(home / "uploads" / "used.npz")})
    page = open_page("train")
    page.get_by_key("setting:source_kind").set_value("upload").run()
    (kept,) = (panel for panel in page.expander if panel.label.startswith("Kept uploads"))
    assert kept.label == "Kept uploads: 2 files, 3.0 kB"
    assert "`used.npz`, 1.5 kB :small[used by a finished run]" in text(page)
    assert "`spare.npz`, 1.5 kB :small[no run uses it]" in text(page)
    page.button(key="remove_uploads").click().run()
    assert [path.name for path in (home / "uploads").iterdir()] == ["used.npz"]
    assert "All of them are in use." in text(page)


def test_start_queues_the_run_and_opens_it(open_page: Open, store: RunStore) -> None:
    page = open_page("train", **{"preset": "first-look", "seed": "5"})
    page.text_input(key="setting:name").set_value("lesson 1").run()
    page.button(key="start").click().run()
    assert not page.exception
    run = store.get("lesson 1")
    assert (run.state, run.preset, run.config["seed"], page.title[0].value) == ("queued", "first-look", 5, "lesson 1")


def test_the_time_is_measured_on_request_while_a_run_is_on(open_page: Open) -> None:
    page = open_page("train")
    assert page.metric[0].value == "not measured"
    page.button(key="measure").click().run()
    assert page.metric[0].value == "measuring …"
    estimates().stop()


def test_a_stale_url_from_the_browser_does_not_undo_a_change(open_page: Open) -> None:
    page = open_page("train")
    page.slider(key="setting:views.strength").set_value(0.6).run()
    page.query_params.clear()
    page.query_params["preset"] = "classroom"  # as before the change
    page.number_input(key="setting:epochs").set_value(3.0).run()
    assert page.query_params == {"preset": "classroom", "views.strength": "0.6", "epochs": "3.0"}


def test_the_back_button_brings_the_settings_back(open_page: Open) -> None:
    page = open_page("train")
    page.slider(key="setting:views.strength").set_value(0.6).run()
    page.query_params.clear()
    page.query_params["preset"] = "classroom"
    page.run()
    assert page.slider(key="setting:views.strength").value == 1.0


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 3600),
        ({"data.limit": 1000, "data.validation": 0.25}, 750),
        ({"data.source": "eurosat-full", "data.validation": 0}, 25_000),
    ],
)
def test_a_limit_and_what_is_held_out_are_not_learned_from(changes: dict[str, object], count: int) -> None:
    assert launch.learned_from(PRESETS["classroom"].config().changed(**changes)) == count


def test_a_home_that_nobody_has_is_no_traceback(open_page: Open) -> None:
    page = open_page("train", **{"data.source": "~nobody-of-this-name/x"})
    assert r"There is nothing at '\~nobody-of-this-name/x'" in page.error[0].value


# Objectives and ablations


def test_objective_names_say_which_are_contrastive(open_page: Open) -> None:
    choice = open_page("train").selectbox(key="setting:method.objective")
    assert {"BYOL", "Barlow Twins", "SimCLR (NT-Xent) · contrastive", "MoCo (InfoNCE) · contrastive"} <= set(
        choice.options
    )
    assert choice.value == "byol"


@pytest.mark.parametrize("mode", ["simple", "expert"])
def test_a_setting_that_the_objective_does_not_read_is_hidden(open_page: Open, mode: str) -> None:
    page = open_page("train", mode=mode)
    assert "BYOL has no negatives: it is not contrastive." in text(page)
    assert "setting:method.tau_base" in page.session_state
    page.selectbox(key="setting:method.objective").set_value("bridge").run()
    assert page.number_input(key="setting:method.beta").value == 0.5
    page.selectbox(key="setting:method.objective").set_value("simclr").run()
    keys = {widget.key for widget in page.number_input}
    assert not {"setting:method.tau_base", "setting:method.beta", "setting:method.margin"} & keys
    assert ("setting:method.temperature" in keys) is (mode == "expert")
    assert page.query_params["method.objective"] == "simclr"


def test_a_changed_but_unused_setting_stays_visible_with_a_note(open_page: Open) -> None:
    page = open_page("train", **{"mode": "expert", "method.objective": "simclr", "method.margin": "0.4"})
    assert page.number_input(key="setting:method.margin").value == 0.4
    assert "SimCLR (NT-Xent) does not use it." in text(page)
    page.number_input(key="setting:method.margin").set_value(0.2).run()
    assert "setting:method.margin" not in {widget.key for widget in page.number_input}


def test_ablations_are_at_hand_without_all_settings(open_page: Open) -> None:
    page = open_page("train")
    (ablations,) = page.expander[:1]
    assert ablations.label.startswith("Ablations") and not ablations.proto.expanded
    page.toggle(key="setting:method.stop_gradient").set_value(False).run()
    page.get_by_key("setting:method.predictor").set_value("none").run()
    assert page.query_params["method.stop_gradient"] == "false" and page.query_params["method.predictor"] == "none"
    assert page.expander[0].proto.expanded
    page.selectbox(key="setting:method.objective").set_value("vicreg").run()
    assert "VICReg does not use it." in text(page)


def test_an_ablation_starts_as_chosen(open_page: Open, store: RunStore) -> None:
    page = open_page("train", **{"method.objective": "moco", "method.tau_base": "0"})
    page.text_input(key="setting:name").set_value("mine").run()
    page.button(key="start").click().run()
    method = store.get("mine").config["method"]
    assert (method["objective"], method["tau_base"]) == ("moco", 0.0)
