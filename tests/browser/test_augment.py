"""The augmentation lab in a real browser: sliders, modes, the address, saved views, and what a real model says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from byol_core.config import view_presets
from tests.browser.conftest import PATIENCE, Served

PICTURES = "canvas.byol-views-picture"
READ = "c => c.toDataURL()"
# The pictures that are painted: a canvas is 300 wide until then, and clear.
PAINTED = (
    "all => all.filter((c) => c.width !== 300"
    " && c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[3] === 255).length"
)


def opened(page: Page, served: Served, address: str = "") -> None:
    page.goto(f"{served.url}/augment?shown=4{address}")
    expect(page.locator(PICTURES).nth(1)).to_be_visible()
    painted(page, 2)


def painted(page: Page, least: int) -> None:
    """Wait until all pictures are painted, and so many are there."""
    pictures = page.locator(PICTURES)
    for _ in range(PATIENCE // 50):
        if pictures.evaluate_all(f"all => all.length >= {least} && ({PAINTED})(all) === all.length"):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{pictures.evaluate_all(PAINTED)} of {pictures.count()} pictures are painted")


def changes(page: Page, place: int, before: str) -> None:
    """Wait until a picture is another one."""
    for _ in range(PATIENCE // 50):
        if page.locator(PICTURES).nth(place).evaluate(READ) != before:
            return
        page.wait_for_timeout(50)
    pytest.fail("the picture stays as it was")


def test_a_slider_is_heard_when_another_part_of_the_page_speaks_at_the_same_moment(page: Page, served: Served) -> None:
    opened(page, served, "&recipe=paper")
    page.wait_for_function("globalThis.byolViewNotes")  # what asks the model is there
    before = page.locator(PICTURES).nth(1).evaluate(READ)
    page.get_by_role("slider", name="Strength", exact=True).evaluate(
        """slider => {
          slider.value = 0.3
          dispatchEvent(new CustomEvent("byol-view-picked", { detail: [1, 1] }))
          slider.dispatchEvent(new Event("input"))
        }"""
    )
    changes(page, 1, before)


def test_on_a_phone_a_pair_stays_in_sight_while_one_slides(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    try:
        page = context.new_page()
        opened(page, served)
        page.get_by_text("Detail", exact=True).click()
        slider, pair = page.get_by_role("slider", name="Blur", exact=True), page.locator(".byol-sliders-pair canvas")
        slider.scroll_into_view_if_needed()
        expect(pair).to_have_count(3)
        box = pair.nth(1).bounding_box()
        assert box and 0 < box["y"] < 844 and box["width"] > 60
        before = pair.nth(1).evaluate(READ)
        page.get_by_role("slider", name="Strength", exact=True).press("Home")
        page.wait_for_function(
            "([canvas, before]) => canvas.toDataURL() !== before", arg=[pair.nth(1).element_handle(), before]
        )
        drawn = page.locator(".byol-views-drawn").nth(1)  # of a view; an original has none
        expect(drawn).to_be_hidden()
        page.get_by_role("button", name="Show what was drawn").click()
        expect(drawn).to_be_visible()
    finally:
        context.close()


def test_a_slider_changes_the_views_keeps_the_originals_and_is_in_the_address(page: Page, served: Served) -> None:
    opened(page, served, "&recipe=paper&crop=0.3")
    crop = page.get_by_role("slider", name="Crop", exact=True)
    expect(crop).to_have_value("0.3")
    original, view = (page.locator(PICTURES).nth(place).evaluate(READ) for place in (0, 1))
    for _ in range(4):
        crop.press("ArrowRight")
    changes(page, 1, view)
    expect(page).to_have_url(re.compile("crop=0.5"))
    assert page.locator(PICTURES).nth(0).evaluate(READ) == original
    page.get_by_role("button", name="Reset Crop to the preset").click()
    expect(crop).to_have_value("1")
    expect(page).not_to_have_url(re.compile("crop="))


def test_a_preset_moves_the_sliders_and_what_is_saved_is_a_preset(page: Page, served: Served) -> None:
    opened(page, served, "&recipe=tutorial-noise&hue=1.2")
    page.get_by_role("button", name="Save or copy").click()
    dialog = page.get_by_test_id("stDialog")
    expect(dialog.get_by_text("hue: 1.2")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("mine")
    dialog.get_by_label("Name", exact=True).press("Enter")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile("recipe=mine"))
    assert view_presets.load(served.home, "mine").hue == 1.2
    view_presets.delete(served.home, "mine")


@pytest.mark.parametrize("mode", ["draws", "operation", "presets"])
def test_every_mode_shows_pictures_and_fits_a_phone(page: Page, served: Served, mode: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, served, f"&show={mode}")
    painted(page, 20)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.timeout(900)
def test_a_model_says_how_alike_the_pairs_are_and_what_a_view_resembles(page: Page, served: Served) -> None:
    opened(page, served)
    # A worker at the lowest priority loads torch and encodes thousands of pictures on one thread.
    expect(page.locator(".byol-views-note").first).to_contain_text("Cosine of the views", timeout=4 * PATIENCE)
    expect(page.get_by_text("In range").first).to_be_visible(timeout=4 * PATIENCE)
    page.locator("button.byol-views-frame:enabled").nth(2).click()
    expect(page.get_by_text("Of image 2, Industrial, view 1;")).to_be_visible(timeout=4 * PATIENCE)
    nearest = page.locator(".byol-views[data-layout=near] .byol-views-row")
    expect(nearest).to_have_count(10, timeout=4 * PATIENCE)
    expect(nearest.first).to_contain_text("cosine")
    expect(page.locator(".byol-views-note:not(:empty)")).to_have_count(4)  # the strip leaves the cosines there
    expect(page.locator("button.byol-views-frame[aria-pressed=true]")).to_have_count(1)


def test_an_uploaded_picture_is_seen_in_several_draws(page: Page, served: Served, tmp_path) -> None:
    from PIL import Image

    Image.radial_gradient("L").save(tmp_path / "mine.png")
    page.goto(f"{served.url}/augment?shown=4&pictures=upload")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "mine.png")
    expect(page.locator(PICTURES)).to_have_count(12)
    painted(page, 12)
    expect(page.get_by_text("One picture, 4 draws.")).to_be_visible()
