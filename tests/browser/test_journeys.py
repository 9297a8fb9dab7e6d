"""What a teacher does, in a real browser: start a run from the form, leave, come back, see its map, tune its views."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Served

PAGES = {
    "": "BYOL Lab",
    "augment": "Augment",
    "train": "Train",
    "runs": "Runs",
    "embeddings": "Embeddings",
    "evaluate": "Evaluate",
}
RUN = re.compile(r"/runs\?.*run=([0-9a-z-]+)")
TRAINED = 240_000  # milliseconds that a short run may take on a busy machine


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_opens_and_fits_its_window(page: Page, served: Served, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{served.url}/{path}")
    expect(page.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_first_start_shows_the_demo_run(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/runs?run=byol-tiny")
    expect(page.get_by_role("heading", name="byol-tiny", level=1)).to_be_visible()
    expect(page.get_by_text("Finished").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


def launch(page: Page, served: Served, settings: str) -> str:
    """Start a run from the form; says its id."""
    page.goto(f"{served.url}/train?preset=first-look{settings}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(RUN)
    found = RUN.search(page.url)
    assert found is not None
    return found[1]


def test_a_run_from_the_form_finishes_while_the_tab_is_closed(page: Page, served: Served) -> None:
    run = launch(page, served, "")
    context = page.context
    page.close()
    page = context.new_page()
    page.goto(f"{served.url}/runs?run={run}")
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=TRAINED)
    expect(page.get_by_text("kNN").first).to_be_visible()
    assert served.store.get(run).summary["knn_accuracy"] > 0.3


def test_a_run_is_stopped_and_resumed_from_its_page(page: Page, served: Served) -> None:
    run = launch(page, served, "&epochs=400")
    # In the page itself: Streamlit has a button of that name in its header while a script runs.
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop")
    expect(page.get_by_text("Running").first).to_be_visible(timeout=TRAINED)
    expect(page.get_by_text("images/s").first).to_be_visible(timeout=TRAINED)
    stop.click()
    expect(page.get_by_text("Stopped").first).to_be_visible(timeout=TRAINED)
    stopped = served.store.get(run)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Running").first).to_be_visible(timeout=TRAINED)
    stop.click()
    expect(page.get_by_text("Stopped").first).to_be_visible(timeout=TRAINED)
    steps = [point[0] for point in served.store.series(run, "loss")]
    assert served.store.get(run).step >= stopped.step
    assert steps == sorted(set(steps))


def test_the_map_shows_a_picture_on_hover_and_pins_it_on_click(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/embeddings?run=byol-tiny")
    plot = page.locator(".js-plotly-plot").first
    expect(plot).to_be_visible()
    page.wait_for_function("document.querySelector('.js-plotly-plot')?._fullLayout?.xaxis?._length > 100")
    point = page.evaluate(
        """() => {
            const plot = document.querySelector('.js-plotly-plot'), box = plot.getBoundingClientRect()
            const { xaxis, yaxis } = plot._fullLayout, trace = plot._fullData.find(t => t.x?.length > 5)
            return [box.x + xaxis._offset + xaxis.d2p(trace.x[3]), box.y + yaxis._offset + yaxis.d2p(trace.y[3])]
        }"""
    )
    page.mouse.move(point[0] - 30, point[1] - 30)
    page.mouse.move(*point, steps=5)
    expect(page.locator(".byol-map-card")).to_be_visible()
    page.mouse.click(*point)
    expect(page.get_by_text("nearest images").first).to_be_visible()


def test_a_slider_changes_the_views_and_keeps_the_originals(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/augment")
    pictures = page.locator("canvas.byol-views-picture")
    expect(pictures.nth(2)).to_be_visible()
    read = "c => c.toDataURL()"
    original, view = pictures.nth(0).evaluate(read), pictures.nth(1).evaluate(read)
    slider = page.get_by_role("slider", name="Strength").first
    for _ in range(8):
        slider.press("ArrowLeft")
    for _ in range(PATIENCE // 100):
        if pictures.nth(1).evaluate(read) != view:
            break
        page.wait_for_timeout(100)
    assert pictures.nth(1).evaluate(read) != view
    assert pictures.nth(0).evaluate(read) == original


def test_what_was_tuned_goes_into_a_new_run(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/augment?strength=0.6")
    page.get_by_role("button", name="Use in a new run").click()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    expect(page.get_by_text("--set views.strength=0.6").first).to_be_visible()


def test_a_wrong_value_in_the_address_is_one_sentence(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/train?views.strength=9")
    expect(page.get_by_text("views.strength").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
