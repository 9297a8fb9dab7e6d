"""What a teacher does, in a real browser: start a run from the form, leave, come back, tune its views."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Served, still
from tests.photos import photos

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
def test_every_page_opens_and_fits_its_window(page: Page, served: Served, path: str) -> None:
    page.goto(f"{served.url}/{path}")
    expect(page.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(f"window.innerWidth === {width}")
        still(page, "document.querySelector('[data-testid=stMain]').scrollHeight")
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


def test_what_was_tuned_goes_into_a_new_run(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/augment?strength=0.6")
    page.get_by_role("button", name="Use in a new run").click()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    expect(page.get_by_text("--set views.strength=0.6").first).to_be_visible()


@pytest.mark.parametrize(("width", "columns"), [(1440, 8), (390, 4)])
def test_the_images_of_each_class_are_looked_at(
    page: Page, served: Served, tmp_path: Path, width: int, columns: int
) -> None:
    source = photos(tmp_path / "photos", 60)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{served.url}/train?data.source={source}")
    expect(page.get_by_text("60 images in 3 classes: 48 for training, 12 for testing.")).to_be_visible()
    page.get_by_role("button", name="Look at the images").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_text("16 for training, 4 for testing")).to_have_count(3)
    images = sheet.get_by_role("img", name="forest")
    expect(images).to_have_count(8)
    expect(images.last).to_have_js_property("complete", True)
    assert images.first.evaluate("image => image.naturalWidth") == 96
    assert len({round(box["x"]) for box in map(box_of, images.all())}) == columns
    assert sheet.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")


def box_of(image: Locator) -> dict[str, float]:
    found = image.bounding_box()
    assert found is not None
    return dict(found)


def test_a_wrong_value_in_the_address_is_one_sentence(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/train?views.strength=9")
    expect(page.get_by_text("views.strength").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
