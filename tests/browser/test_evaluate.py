"""The Evaluate page in a real browser: a run is evaluated while the page looks on, and a finger opens a confusion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import Protocol
from byol_core.evaluation.summary import score
from byol_core.runs.run import Run
from tests.browser.answered import WHERE, answer
from tests.browser.conftest import PATIENCE, Served
from tests.evaluation.judged import settings, write_encoder, write_set

JUDGED = 240_000  # milliseconds that an evaluation may take on a busy machine


@pytest.fixture(scope="module")
def answered(served: Served) -> Protocol:
    return answer(served.store)


def test_an_answer_is_opened_from_the_list_and_downloaded(page: Page, served: Served, answered: Protocol) -> None:
    page.goto(f"{served.url}/evaluate?run=byol-tiny&by=finetune")
    expect(page.get_by_text("Not evaluated yet")).to_be_visible()
    table = page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas").first).to_be_visible()
    table.click(position={"x": 15, "y": 60})
    expect(page.get_by_text("kNN with all labels")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.wait_for_url(re.compile("by=knn"))
    page.get_by_role("tab", name="Report").click()
    page.get_by_role("button", name="Download the report").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="JSON").click()
    report = json.loads(coming.value.path().read_text())
    assert report["report"]["mistaken"] == 10 and report["run"] == "byol-tiny"


def test_a_tapped_cell_shows_its_images_on_a_phone(browser: Browser, served: Served, answered: Protocol) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{served.url}/evaluate?{WHERE}&part=report")
    expect(page.get_by_text("10 of 100 images of River are classified as SeaLake.")).to_be_visible()
    page.get_by_role("gridcell", name="Forest predicted as Forest: 100").tap()
    expect(page.get_by_text("100 of 100 images of Forest are classified correctly.")).to_be_visible()
    expect(page.get_by_role("img", name="Forest, predicted as Forest").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 of 100 images of Forest are classified as HerbaceousVegetation.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


@pytest.fixture
def small(served: Served, tmp_path: Path) -> Iterator[Run]:
    """A finished run on 60 small images, with an encoder that has learned nothing; at the end nobody evaluates it."""
    config = settings(write_set(tmp_path))
    run = served.store.create(config, name="small", here=True)
    for state in ("running", "finished"):
        run = served.store.move(run.run_id, state)
    write_encoder(run.folder, config, seed=1)
    yield run
    for protocol, _ in jobs.asked(run.folder):
        jobs.stop(run.folder, protocol)


def test_a_run_is_judged_while_the_page_looks_on(page: Page, served: Served, small: Run) -> None:
    page.goto(f"{served.url}/evaluate?run={small.run_id}&splits=2")
    page.get_by_test_id("stMain").get_by_role("button", name="Evaluate").click()
    expect(page.get_by_text("Linear probe with all labels (48 images)")).to_be_visible(timeout=JUDGED)
    judged = jobs.result(small.folder, Protocol(splits=2))
    assert judged is not None
    expect(page.get_by_text(f"reaches {score(judged, 'trained')} on 12 test images")).to_be_visible()
    page.get_by_role("tab", name="Few labels").click()
    page.get_by_role("button", name="Measure the missing 4 points").click()  # a class has 16 labels: 1, 2, 5, 10
    drawn = "document.querySelector('.js-plotly-plot')?._fullData?.find(t => t.name?.startsWith('This run'))?.x.length"
    page.wait_for_function(f"{drawn} === 5", timeout=JUDGED)
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_have_count(0)
    assert len(jobs.answers(small.folder)) == 5
