"""The Embeddings page in a real browser: a pin, a lasso, the slider, two runs side by side, an image of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from byol_core.runs import export_zip
from byol_core.system import paths
from tests.browser.conftest import PATIENCE, Served, still

TINY = "map-byol-tiny"
PATH = "/embeddings?run=byol-tiny&method=PCA"


def show(page: Page, served: Served, path: str = PATH, keys: tuple[str, ...] = (TINY,)) -> None:
    page.goto(served.url + path)
    for key in keys:
        page.wait_for_function(f"globalThis.byolMaps?.['{key}']?.ready")
    expect(page.get_by_text("Look up an image")).to_be_visible()  # the last of the page
    for key in keys:
        still(page, f"byolMaps['{key}'].at(0)")  # what it has pushed has come to rest


def at(page: Page, point: int, key: str = TINY) -> tuple[float, float]:
    """Where a point of the map is on the page."""
    x, y = page.evaluate(f"byolMaps['{key}'].at({point})")
    return x, y


def lasso(page: Page) -> None:
    """Around all points of the first map."""
    box = page.locator(".byol-map-plot").first.bounding_box()
    assert box is not None
    left, top, right, bottom = box["x"] + 4, box["y"] + 60, box["x"] + box["width"] - 4, box["y"] + box["height"] - 4
    page.keyboard.down("Shift")
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom), (left, top + 5)):
        page.mouse.move(*corner, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")


def test_clicking_a_point_pins_it_and_lists_its_neighbors(page: Page, served: Served) -> None:
    show(page, served)
    page.mouse.move(*at(page, 7))
    expect(page.locator(".byol-map-card")).to_be_visible()
    page.mouse.click(*at(page, 7))
    expect(page.get_by_text("9 nearest images")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Image \d{4} of the set")).first).to_be_visible()
    page.get_by_role("button", name="Unpin").click()
    expect(page.get_by_text("Pin a point")).to_be_visible()


def test_what_a_lasso_caught_is_shown_as_pictures_and_cleared(page: Page, served: Served) -> None:
    show(page, served)
    lasso(page)
    counted = page.locator("strong", has_text="points selected")  # the map tells readers of screens as well
    expect(counted).to_be_visible()
    expect(page.get_by_test_id("stImage")).to_have_count(12)
    page.get_by_role("button", name=re.compile("^Clear$")).last.click()
    expect(counted).to_have_count(0)


def test_the_slider_goes_back_in_time_and_the_address_follows(page: Page, served: Served) -> None:
    show(page, served)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("0.808")
    page.locator(".byol-map-plot").focus()
    page.keyboard.press("[")
    page.wait_for_url(re.compile("evaluation=3500"))
    expect(page.get_by_text("after 125 epochs")).to_be_visible()
    page.reload()
    page.wait_for_function(f"globalThis.byolMaps?.['{TINY}']?.ready")
    expect(page.get_by_text("after 125 epochs")).to_be_visible()


@pytest.fixture(scope="module")
def other(served: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A second run over the same images."""
    file = export_zip.pack(served.store, "byol-tiny", tmp_path_factory.mktemp("packed") / "run.zip")
    (run,) = export_zip.unpack_all(served.store, file)
    return run.run_id


def test_pointing_in_one_run_marks_the_same_picture_in_the_other(page: Page, served: Served, other: str) -> None:
    show(page, served, f"{PATH}&with={other}", (TINY, f"map-{other}"))
    page.mouse.move(*at(page, 7))
    expect(page.locator(".byol-map-card")).to_have_count(2)
    expect(page.locator(".byol-map-card").nth(1)).to_be_visible()
    page.mouse.click(*at(page, 7))
    expect(page.get_by_text("9 nearest images")).to_have_count(2)


def test_the_page_opens_with_the_umap_of_the_shipped_run(page: Page, served: Served) -> None:
    show(page, served, "/embeddings?run=byol-tiny")
    assert page.evaluate(f"byolMaps['{TINY}'].now().shown") == "representation-UMAP 1000"
    expect(page.locator(".byol-map-standing")).to_be_hidden()
    expect(page.locator(".byol-map-made")).to_be_hidden()  # all seven are there
    assert not list((served.home / "byol-tiny" / "embeddings" / "maps").glob("*.request.json"))


def test_a_map_reports_its_progress_and_appears_by_itself(page: Page, served: Served) -> None:
    show(page, served)
    page.get_by_role("radio", name="t-SNE").click()
    expect(page.locator(".byol-map-standing")).to_contain_text("PCA is shown meanwhile.")
    shown = f"byolMaps['{TINY}'].now().shown"
    assert page.evaluate(shown) == "representation-PCA 1000"
    page.wait_for_function(f"{shown} === 'representation-t-SNE 1000'", timeout=3 * PATIENCE)


@pytest.fixture
def phone(launch: Callable[..., Browser]) -> Iterator[Page]:
    """Its graphics card puts the page together: without one, a busy machine takes two fingers for one by one."""
    browser = launch()
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    browser.close()


def fingers(page: Page, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Fingers that come down at one place each, move to another and are lifted."""
    touch = page.context.new_cdp_session(page)

    def send(kind: str, share: float) -> None:
        points = [
            {"x": x + share * (to_x - x), "y": y + share * (to_y - y), "id": i}
            for i, ((x, y), (to_x, to_y)) in enumerate(ways)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else points})

    send("touchStart", 0)
    for step in range(1, 9):
        send("touchMove", step / 8)
    send("touchEnd", 1)


def middle(phone: Page) -> tuple[float, float]:
    """Of the map where it is now."""
    box = phone.locator(".byol-map-plot").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_one_finger_goes_past_the_map_and_two_move_it(phone: Page, served: Served) -> None:
    show(phone, served)
    x, y = middle(phone)
    view = f"byolMaps['{TINY}'].now().view"
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    fingers(phone, ((x, y), (x, y - 200)))
    phone.wait_for_function(f"{scrolled} > 100")
    assert phone.evaluate(view) is None  # the map itself has not moved
    still(phone, scrolled)
    # A finger that was quick has thrown the page on, and the map may be out of sight.
    phone.locator(".byol-map-plot").evaluate("(map) => map.scrollIntoView({ block: 'center', behavior: 'instant' })")
    still(phone, scrolled)
    before, (x, y) = phone.evaluate(scrolled), middle(phone)
    for _ in range(5):  # a busy browser may take the two fingers for one after the other
        fingers(phone, ((x - 20, y), (x - 90, y)), ((x + 20, y), (x + 90, y)))
        phone.wait_for_timeout(1000)
        if phone.evaluate(f"{view}?.zoom > 2"):
            break
    phone.wait_for_function(f"{view}?.zoom > 2")
    assert phone.evaluate(scrolled) == before


def test_on_a_phone_what_a_tap_pins_comes_right_after_the_map(phone: Page, served: Served) -> None:
    show(phone, served)
    phone.touchscreen.tap(*at(phone, 7))
    pinned = phone.get_by_text("9 nearest images")
    expect(pinned).to_be_visible()
    places = [
        where.bounding_box() for where in (phone.locator(".byol-map"), pinned, phone.get_by_text("kNN (validation)"))
    ]
    tops = [place["y"] for place in places if place]
    assert tops == sorted(tops) and len(tops) == 3
    assert places[0] and tops[1] < tops[0] + places[0]["height"] + 400


def test_a_picture_of_ones_own_gets_a_place_and_its_neighbors(page: Page, served: Served) -> None:
    show(page, served)
    picture = (paths.bundled("app") / "icon.png").read_bytes()
    payload: FilePayload = {"name": "mine.png", "mimeType": "image/png", "buffer": picture}
    page.locator("input[type=file]").last.set_input_files(payload)
    expect(page.get_by_text("The nearest images and their cosine distances")).to_be_visible(timeout=2 * PATIENCE)
    expect(page.locator(".byol-map-star")).to_be_visible()
