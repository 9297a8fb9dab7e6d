"""The embedding map in a real browser, on a page of its own: two linked maps of three evaluations, one not made yet."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE, still
from tests.serving import ROOT, serving, streamlit

READY = "globalThis.byolMaps?.one?.ready && byolMaps.two?.ready"
# Chromium itself reads the map's pixels where no graphics card puts the page together, and complains of it.
FAULT = re.compile("^(?!.*GPU stall due to ReadPixels).*(?:WebGL|fragmentId)")
APP = Path(__file__).with_name("map_page.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("widget")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    (folder / "page.py").write_text(APP.read_text())
    log = folder / "server.log"
    with serving(streamlit(str(folder / "page.py")), log, {**os.environ, "PYTHONPATH": str(ROOT)}) as url:
        yield url
    assert re.findall(r"^.*(?:Traceback|Warning|Error).*$", log.read_text(), re.M) == []


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1300, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if FAULT.search(said.text) else None)
    page.goto(address)
    settled(page)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    """One page for all tests; what one did to it is undone by hand, as a viewer would."""
    yield opened
    for switch in ("Numbers", "Ask", "Trouble"):
        opened.get_by_label(switch, exact=True).uncheck(force=True)
    opened.locator(".byol-map-all").first.evaluate("button => button.click()")
    opened.locator(".byol-map-pan").first.click()
    plot = opened.locator(".byol-map-plot").first
    for key in ("Escape", "Escape", "0"):
        plot.press(key)
    opened.locator(".byol-map-slider").first.press("End")
    expect(opened.get_by_text("one: pinned None, selected 0 [], step None")).to_be_visible()


def at(page: Page, point: int, key: str = "one") -> tuple[float, float]:
    x, y = page.evaluate(f"byolMaps.{key}.at({point})")
    return x, y


def now(page: Page, key: str = "one") -> dict[str, Any]:
    state: dict[str, Any] = page.evaluate(f"byolMaps.{key}.now()")
    return state


def until(page: Page, what: str) -> None:
    page.wait_for_function(what)


def settled(page: Page) -> None:
    """Both maps are drawn and lie still: what Streamlit draws late moves them."""
    page.wait_for_function(READY)
    expect(page.get_by_label("Ask", exact=True)).to_be_attached()
    still(page, "[byolMaps.one.at(0), byolMaps.two.at(0)]")


def drag(page: Page, *places: tuple[float, float]) -> None:
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def corners(page: Page) -> list[tuple[float, float]]:
    box = page.locator(".byol-map-plot").first.bounding_box()
    assert box is not None
    left, top, right, bottom = box["x"] + 3, box["y"] + 60, box["x"] + box["width"] - 3, box["y"] + box["height"] - 3
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def test_hovering_shows_the_image_of_the_point_in_both_maps(page: Page) -> None:
    page.mouse.move(*at(page, 61))
    cards = page.locator(".byol-map-card")
    expect(cards).to_have_count(2)
    for i in (0, 1):
        expect(cards.nth(i)).to_contain_text("green")
        expect(cards.nth(i)).to_contain_text("image 122")
        middle = "c => [...c.getContext('2d').getImageData(64, 64, 1, 1).data]"
        expect(cards.nth(i).locator("canvas")).to_be_visible()
        assert cards.nth(i).locator("canvas").evaluate(middle) == [0, 255, 0, 255]
    assert isinstance(page.evaluate("byolMaps.one.hover"), int | float)  # it is measured; how quick, a benchmark says
    assert now(page, "two")["linked"]["hover"] == 61


def test_a_selection_that_a_click_took_away_is_brought_back(page: Page) -> None:
    page.locator(".byol-map-lasso").first.click()
    drag(page, *corners(page))
    expect(page.get_by_text("one: pinned None, selected 120")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("one: pinned None, selected 0")).to_be_visible()
    page.locator(".byol-map-undo").first.click()
    expect(page.get_by_text("one: pinned None, selected 120")).to_be_visible()
    page.locator(".byol-map-plot").first.press("Control+z")
    expect(page.get_by_text("one: pinned None, selected 0")).to_be_visible()
    expect(page.locator(".byol-map-undo").first).to_be_disabled()


def test_no_tool_and_no_button_lies_upon_the_points(page: Page) -> None:
    page.mouse.click(*at(page, 7))
    expect(page.locator(".byol-map-unpin").first).to_be_visible()
    apart = """name => {
      const [frame, box] = [".byol-map-frame", name].map((one) => document.querySelector(one).getBoundingClientRect())
      return box.bottom <= frame.top || box.top >= frame.bottom
    }"""
    assert page.evaluate(apart, ".byol-map-tools") and page.evaluate(apart, ".byol-map-unpin")


def test_the_map_shows_progress_and_offers_retry_after_a_failure(page: Page) -> None:
    page.locator(".byol-map-canvas").first.evaluate("canvas => { canvas.kept = true }")
    page.get_by_label("Trouble", exact=True).check(force=True)
    standing = page.locator(".byol-map-frame .byol-map-standing")
    expect(standing.first).to_have_text("UMAP is being madeTry again")  # the button is hidden
    expect(standing.first.locator("progress")).to_have_js_property("value", 0.25)
    expect(standing.first.get_by_role("button")).to_be_hidden()
    standing.nth(1).get_by_role("button", name="Try again").click()
    expect(page.get_by_text("again: two")).to_be_visible()
    failed = page.locator(".byol-map-time .byol-map-failed").first
    expect(failed).to_contain_text("The map of epoch 1 could not be made: All are the same.")
    failed.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("again: one")).to_be_visible()
    page.get_by_label("Trouble", exact=True).uncheck(force=True)
    expect(standing.first).to_be_hidden()
    assert page.locator(".byol-map-canvas").first.evaluate("canvas => canvas.kept")


def test_a_click_pins_and_escape_frees(page: Page) -> None:
    page.mouse.click(*at(page, 7))
    expect(page.get_by_text("one: pinned 7,")).to_be_visible()
    expect(page.locator(".byol-map-overlay").first.locator("line")).to_have_count(2)
    expect(page.locator(".byol-map-card").first).to_be_hidden()  # it would cover the neighbors
    page.keyboard.press("Escape")
    expect(page.get_by_text("one: pinned None,")).to_be_visible()


def test_a_pin_and_its_neighbors_are_mirrored_and_unpinned(page: Page) -> None:
    page.mouse.click(*at(page, 7))
    page.mouse.move(2, 2)
    other = page.locator(".byol-map").nth(1)
    expect(other.locator(".byol-map-overlay line")).to_have_count(1)  # as Python says, not the two of a hover
    expect(other.locator(".byol-map-card")).to_be_hidden()
    other.get_by_role("button", name="Unpin").click()
    expect(page.get_by_text("one: pinned None,")).to_be_visible()
    expect(other.get_by_role("button", name="Unpin")).to_be_hidden()
    expect(other.locator(".byol-map-overlay line")).to_have_count(0)


def test_the_ring_of_the_focus_is_for_the_keys_alone(page: Page) -> None:
    plot = page.locator(".byol-map-plot").first
    ring = "plot => getComputedStyle(plot, '::after').content"
    page.mouse.click(*corners(page)[2])
    assert plot.evaluate(ring) == "none"
    page.keyboard.press("0")
    assert plot.evaluate(ring) == '""'


def test_page_numbers_fade_until_they_match_the_shown_evaluation(page: Page) -> None:
    faded = "document.documentElement.classList.contains('byol-map-ahead')"
    until(page, f"!{faded}")
    # One script, since they come back as soon as Python has answered.
    assert page.evaluate(f"() => {{ document.querySelector('.byol-map-back').click(); return {faded} }}")
    expect(page.get_by_text("one: pinned None, selected 0 [], step 0")).to_be_visible()
    until(page, f"!{faded}")


def test_lasso_selects_visible_points_and_an_empty_click_clears(page: Page) -> None:
    page.locator('[data-class="red"]').first.click()
    page.locator(".byol-map-lasso").first.click()
    drag(page, *corners(page))
    expect(page.get_by_text("one: pinned None, selected 80 ['blue', 'green']")).to_be_visible()
    assert now(page, "two")["selected"] == 80
    page.mouse.click(*corners(page)[2])
    expect(page.get_by_text("one: pinned None, selected 0")).to_be_visible()
    assert now(page, "two")["selected"] == 0


def test_a_box_and_a_drag_with_shift_select_too(page: Page) -> None:
    page.locator(".byol-map-box").first.click()
    first, _, last, _ = corners(page)
    drag(page, first, last)
    expect(page.get_by_text("one: pinned None, selected 120")).to_be_visible()
    page.get_by_role("button", name="Clear").first.click()
    page.locator(".byol-map-pan").first.click()
    page.keyboard.down("Shift")
    x, y = at(page, 0)
    drag(page, (x - 8, y - 8), (x + 8, y - 8), (x + 8, y + 8), (x - 8, y + 8))
    page.keyboard.up("Shift")
    expect(page.get_by_text(re.compile(r"one: pinned None, selected [1-9]"))).to_be_visible()


def test_legend_filters_survive_new_data(page: Page) -> None:
    green = page.locator('[data-class="green"]').first
    green.click()
    assert now(page)["visible"] == 80
    green.click()
    green.dblclick()
    assert now(page)["visible"] == 40
    page.get_by_text("Numbers").click()
    expect(page.locator(".byol-map-ramp").first).to_contain_text("Brightness")
    assert now(page)["visible"] == 120
    page.get_by_text("Numbers").click()
    expect(page.get_by_role("button", name="Show all").first).to_be_visible()
    assert now(page)["visible"] == 40
    page.get_by_role("button", name="Show all").first.click()
    assert now(page)["visible"] == 120


def test_zoom_by_wheel_and_drag_stays_when_the_page_runs_again(page: Page) -> None:
    place = at(page, 5)
    page.mouse.move(*place)
    page.mouse.wheel(0, -300)
    until(page, "byolMaps.one.now().view?.zoom > 1.3")
    x, y = at(page, 5)
    assert (x, y) == pytest.approx(place, abs=1)
    view = now(page)["view"]
    page.mouse.click(*at(page, 5))
    expect(page.get_by_text("one: pinned 5,")).to_be_visible()
    assert now(page)["view"] == view
    page.locator(".byol-map-home").first.click()
    assert now(page)["view"] is None


def test_the_slider_skips_missing_maps_and_says_where_it_is(page: Page) -> None:
    words = page.locator(".byol-map-when").first
    expect(words).to_have_text("epoch 2 · kNN 0.750 (validation)")
    page.locator(".byol-map-slider").first.press("ArrowLeft")
    expect(words).to_have_text("epoch 0 · kNN 0.250 (validation)")
    expect(page.get_by_text("one: pinned None, selected 0 [], step 0")).to_be_visible()
    page.locator(".byol-map-play").first.click()
    expect(page.get_by_text("one: pinned None, selected 0 [], step None")).to_be_visible()
    expect(words).to_have_text("epoch 2 · kNN 0.750 (validation)")


def test_the_keyboard_zooms_pans_and_pins(page: Page) -> None:
    plot = page.locator(".byol-map-plot").first
    expect(plot).to_have_attribute("aria-label", "map one")
    plot.press("+")
    plot.press("ArrowRight")
    assert now(page)["view"]["zoom"] == pytest.approx(1.3)
    plot.press("0")
    assert now(page)["view"] is None
    plot.press("[")
    expect(page.locator(".byol-map-when").first).to_contain_text("epoch 0")
    plot.press("Enter")
    expect(page.get_by_text(re.compile(r"one: pinned \d+,"))).to_be_visible()
    expect(page.locator(".byol-map-said").first).to_contain_text("image")


def test_a_point_has_a_shape_beside_its_color(page: Page) -> None:
    drawn = "buttons => buttons.map((button) => button.querySelector('path').getAttribute('d'))"
    red, green, blue = page.locator(".byol-map").first.locator("[data-class]").evaluate_all(drawn)
    assert len({red, green, blue}) == 3
    page.mouse.move(*at(page, 61))
    expect(page.locator(".byol-map-card path").first).to_have_attribute("d", green)


def test_names_stand_among_their_points_and_can_be_turned_off(page: Page) -> None:
    names = page.locator(".byol-map-overlay").first.locator(".byol-map-label")
    expect(names).to_have_text(["red", "green", "blue"])
    for kind in range(3):
        box = names.nth(kind).bounding_box()
        assert box is not None
        left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        away = [abs(x - left) + abs(y - top) for x, y in (at(page, point) for point in range(12))]
        assert away.index(min(away)) % 3 == kind
    switch = page.get_by_role("button", name="Names on the map").first
    switch.click()
    expect(names).to_have_count(0)
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(names).to_have_count(3)


def test_the_map_says_what_it_shows_and_what_changes(page: Page) -> None:
    plot, news = page.locator(".byol-map-plot").first, page.locator(".byol-map-news").first
    expect(plot).to_have_attribute("role", "application")
    expect(plot).to_have_accessible_description(
        re.compile(r"120 points.*Colored by Class: red 40, green 40, blue 40\.")
    )
    page.mouse.click(*at(page, 7))
    expect(news).to_have_text("Pinned: green, image 14.")
    plot.press("Escape")
    expect(news).to_have_text("Unpinned.")
    page.locator(".byol-map-lasso").first.click()
    drag(page, *corners(page))
    expect(news).to_have_text("120 points selected.")
    plot.press("Escape")
    expect(news).to_have_text("Selection cleared.")
    plot.press("[")
    expect(news).to_have_text("The map shows epoch 0 · kNN 0.250 (validation).")


def test_a_tap_pins_and_two_fingers_zoom(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    settled(page)
    page.touchscreen.tap(*at(page, 4))
    expect(page.get_by_text("one: pinned 4,")).to_be_visible()
    x, y = at(page, 4)
    touch = context.new_cdp_session(page)
    for kind, off in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", 0)):
        fingers = [{"x": x - off, "y": y, "id": 0}, {"x": x + off, "y": y, "id": 1}] if off else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    until(page, "byolMaps.one.now().view?.zoom > 2")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_the_map_is_downloaded_with_its_legend(page: Page, kind: str, start: bytes) -> None:
    with page.expect_download() as download:
        page.locator(f".byol-map-{kind}").first.click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(start)
    if kind == "svg":
        assert content.count(b'class="byol-map-item"') == 3  # the legend
        assert content.count(b'class="byol-map-label"') == 3  # the names at the middles
        assert (
            len(re.findall(rb'<circle[^>]* fill="#', content)) == 40 + 1
        )  # and the points, of each class in a shape of its own
        assert content.count(b"<path transform") == 80 + 2
        assert b"map one" in content and b">green</text>" in content
    else:
        assert len(content) > 5000


def test_a_picture_that_was_asked_for_is_a_star_with_its_card(page: Page) -> None:
    page.get_by_text("Ask", exact=True).click()
    star = page.locator(".byol-map-star").first
    box = star.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".byol-map-card").first).to_contain_text("Mine")


LOST = "c => c.getContext('webgl').isContextLost()"


def seen(canvas: Locator) -> bytes:
    """The pixels of a canvas but for its rim, over which the page's own header may lie."""
    with Image.open(io.BytesIO(canvas.screenshot())) as shot:
        return shot.convert("RGB").crop((20, 20, shot.width - 20, shot.height - 20)).tobytes()


def pictured(page: Page, canvas: Locator) -> bytes:
    """What is seen of a canvas, when two screenshots of it are the same: the last movement may still go on."""
    one, two = None, seen(canvas)
    while one != two:
        page.wait_for_timeout(500)
        one, two = two, seen(canvas)
    return two


def test_a_lost_context_is_restored(page: Page) -> None:
    canvas = page.locator(".byol-map-canvas").first
    before = pictured(page, canvas)
    # It may be restored only when everybody has heard that it is lost.
    lose = "globalThis.lost = c.getContext('webgl').getExtension('WEBGL_lose_context'); lost.loseContext()"
    heard = "c.addEventListener('webglcontextlost', () => setTimeout(done), { once: true })"
    canvas.evaluate(f"c => new Promise((done) => {{ {heard}; {lose} }})")
    assert canvas.evaluate(LOST)
    page.evaluate("lost.restoreContext()")
    page.wait_for_function(f"c => !({LOST})(c)", arg=canvas.element_handle())
    for _ in range(PATIENCE // 100):
        if seen(canvas) == before:
            return
        page.wait_for_timeout(100)
    pytest.fail("the points do not come back")


def test_without_webgl_the_points_are_drawn_in_two_dimensions(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind === 'webgl' ? null : get.call(this, kind, ...more) }"
    )
    page.goto(address)
    settled(page)
    colors = page.locator(".byol-map-canvas").first.evaluate(
        "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
    )
    assert colors > 3
    context.close()


def test_a_pin_sends_no_frames_or_pictures_again(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    settled(page)
    until(page, "byolFiles.kept.size === 6")  # two frames, a sheet (both are alike), ids, labels, neighbors
    page.evaluate("void (byolFiles.kept.set = () => { globalThis.again = true })")
    page.mouse.click(*at(page, 7))
    page.mouse.move(2, 2)
    expect(page.get_by_text("one: pinned 7,")).to_be_visible()
    # What Python says of the second map.
    expect(page.locator(".byol-map-overlay").nth(1).locator("line")).to_have_count(1)
    page.wait_for_timeout(500)  # nothing can be awaited: a file would come after it
    assert not page.evaluate("globalThis.again")
    context.close()


def test_what_never_comes_is_said_and_asked_for_anew(browser: Browser, address: str, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{address}/?lost=1")
    again = page.get_by_role("button", name="Try again")
    expect(page.get_by_text("The map could not be loaded.")).to_have_count(2)
    (folder / "found").touch()
    again.first.click()
    until(page, "byolMaps.one.ready")
    context.close()
