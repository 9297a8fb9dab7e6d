"""Streamlit's own words in Chinese, in the elements that the dashboard has, and back in English."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from byol_core import language
from tests.browser.conftest import PATIENCE
from tests.serving import serving, streamlit

PAGE = """
import sys
sys.path.insert(0, {root!r})
import pandas as pd
import streamlit as st
from app.shared import language, language_switch
from app.widgets import native_words
language.settle()
language_switch.draw()
native_words.draw()
if st.toggle("late", key="late"):
    st.file_uploader("Files", type=["png"], accept_multiple_files=True, key="files")
st.selectbox("One", ["Upload", "Open"], key="one", index=None)
st.multiselect("Some", ["a", "b"], key="some")
st.number_input("Number", 0, 5, 3, key="number")
st.text_input("Name", key="name")
st.markdown("Upload")
st.code("code")
st.dataframe(pd.DataFrame({{"x": [1, 2]}}), hide_index=True, key="table")
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("words")
    script = folder / "page.py"
    script.write_text(PAGE.format(root=str(ROOT)))
    with serving(streamlit(str(script)), folder / "log.txt", os.environ | {"PYTHONPATH": str(ROOT)}) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1400}, locale="zh-CN")
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    opened.goto(address)
    yield opened
    context.close()


def said(text: str) -> str:
    """The Chinese of a text."""
    found = language.catalog("zh_CN").one(text)
    assert found != text
    return found


def test_what_is_there_and_what_comes_later_is_chinese(page: Page) -> None:
    expect(page.get_by_placeholder(said("Choose an option"))).to_be_visible()
    expect(page.get_by_placeholder(said("Choose options"))).to_be_visible()
    expect(page.get_by_role("button", name=said("Increment"))).to_be_attached()
    page.get_by_text("late").click()
    uploader = page.get_by_test_id("stFileUploader")
    expect(uploader.get_by_role("button", name=said("Upload"), exact=True)).to_be_visible()
    expect(uploader).to_contain_text(said("{size} per file").replace("{size}", "500MB"))
    uploader.locator("input").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    expect(uploader.get_by_role("button", name=said("Remove {name}").replace("{name}", "a.txt"))).to_be_visible()
    page.get_by_label("Name").fill("x")
    expect(page.get_by_text(said("Press Enter to apply"))).to_be_visible()


def test_the_menu_of_a_column_is_chinese(page: Page) -> None:
    table = page.get_by_test_id("stDataFrame").bounding_box()
    assert table
    page.mouse.move(table["x"] + 50, table["y"] + 17)
    page.mouse.click(table["x"] + table["width"] - 18, table["y"] + 17)  # its sign is at the right of the header
    menu = page.get_by_test_id("stDataFrameColumnMenu")
    for word in ("Sort ascending", "Pin column", "Hide column"):
        expect(menu.get_by_role("menuitem", name=said(word))).to_be_visible()


def test_what_people_wrote_stays_as_it_is(page: Page) -> None:
    expect(page.get_by_test_id("stMarkdown").get_by_text("Upload", exact=True)).to_be_visible()
    page.get_by_placeholder(said("Choose an option")).click()
    expect(page.get_by_role("option", name="Upload", exact=True)).to_be_visible()
    expect(page.get_by_role("option", name="Open", exact=True)).to_be_visible()


def test_english_comes_back_with_the_switch(page: Page) -> None:
    expect(page.get_by_placeholder(said("Choose an option"))).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_placeholder("Choose an option")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_text("late").click()
    expect(page.get_by_test_id("stFileUploader").get_by_role("button", name="Upload", exact=True)).to_be_visible()
