"""The images on the Train page: listed in the background, with warnings, and never in the way of a start."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.shared import surveys
from byol_core.data import catalog
from tests.app.conftest import Make, Open, listed, text
from tests.photos import photos


@pytest.fixture(autouse=True)
def no_calibration_by_itself(make: Make) -> None:
    make("running")


def path_page(open_page: Open, path: Path) -> AppTest:
    return open_page("train", **{"data.source": str(path)})


def test_without_a_source_nothing_is_told_of_images(open_page: Open) -> None:
    page = open_page("train")
    page.get_by_key("setting:source_kind").set_value("path").run()
    assert "Listing the images" not in text(page) and "sheet" not in {button.key for button in page.button}


def test_while_images_are_listed_one_may_start(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    real = catalog.survey
    monkeypatch.setattr(catalog, "survey", lambda source: (goes_on.wait(60), real(source))[1])
    page = path_page(open_page, photos(tmp_path / "photos", 30))
    assert "Listing the images … You can start without waiting." in text(page)
    assert not page.button(key="start").disabled and "to learn from" not in text(page)
    goes_on.set()
    assert r"30 images in 3 classes\: 24 for training, 6 for testing." in text(listed(page, tmp_path / "photos"))


def test_what_is_left_out_is_told_before_the_start(open_page: Open, tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", 30)
    for number in range(200):
        (source / "beach" / f"{number}.mp4").touch()
    page = listed(path_page(open_page, source), source)
    assert "200 of 230 files were not used" in page.warning[0].value
    assert "beach 10 · forest 10 · town 10" in text(page)
    assert not page.button(key="start").disabled


def test_a_name_that_is_a_set_and_a_folder_is_told(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(tmp_path / "eurosat", 6)
    monkeypatch.chdir(tmp_path)
    page = open_page("train")
    assert not page.warning  # it was chosen from the list
    page.get_by_key("setting:source_kind").set_value("path").run()
    page.text_input(key="setting:source_path").set_value("eurosat").run()
    assert r"For what is here under that name, give './eurosat'." in page.warning[0].value


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_warns(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir(mode=0)
    page = listed(path_page(open_page, tmp_path / "photos"), tmp_path / "photos")
    assert page.warning and not page.button(key="start").disabled


def test_a_broken_archive_warns(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    page = listed(path_page(open_page, tmp_path / "a.zip"), tmp_path / "a.zip")
    assert "cannot be read" in page.warning[0].value and not page.error
    assert not page.button(key="start").disabled


def test_the_images_can_be_looked_at(open_page: Open, tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", 30)
    page = listed(path_page(open_page, source), source)
    page.button(key="sheet").click().run()
    assert not page.exception
    (sheet,) = (part.proto.body for part in page.get("html") if "figure" in part.proto.body)
    assert sheet.count("<figure") == 3 and sheet.count("<img") == 24
    assert "<b>beach</b> <span>8 for training, 2 for testing</span>" in sheet
    assert surveys.look(str(source)).training == 24
