"""The list of runs in a real browser: ticks stay with their run, and the way back from a run keeps the search."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from byol_core.config import presets
from byol_core.runs import library
from byol_core.runs.launcher import supervisor_lock
from byol_core.runs.run import Run
from tests.browser.conftest import Served

ROW = 40  # pixels; the head of the table is as high
CONFIG = presets.get("first-look").config()


@pytest.fixture(autouse=True, scope="module")
def no_supervisor(served: Served) -> Iterator[None]:
    """Waiting runs wait: whoever would start a supervisor sees that its place is taken."""
    with supervisor_lock(served.home):
        yield


def create(served: Served, *names: str) -> list[Run]:
    """Runs that wait."""
    return [served.store.create(CONFIG, name=name) for name in names]


def table(page: Page) -> Locator:
    found = page.get_by_test_id("stDataFrame")
    expect(found.locator("canvas").first).to_be_visible()
    return found


def click(page: Page, row: int, x: int) -> None:
    """A click into a row of the table, which is an image to the browser."""
    table(page).click(position={"x": x, "y": ROW * row + ROW // 2})


def test_ticks_survive_a_new_run_and_a_deletion_can_be_undone(page: Page, served: Served) -> None:
    first, *_ = create(served, "first", "second")
    page.goto(f"{served.url}/runs")
    expect(page.get_by_text("Queue: 2 runs wait")).to_be_visible()
    click(page, 2, 15)  # the second row is the first run: newest first
    expect(page.get_by_text("1 selected")).to_be_visible()
    create(served, "third")
    expect(page.get_by_text("Queue: 3 runs wait")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("first is in the trash.")).to_be_visible()
    assert [run.run_id for run in library.trash(served.store)] == [first.run_id]
    page.reload()
    expect(page.get_by_text("Trash (1)")).to_be_visible()
    page.get_by_text("Trash (1)").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Trash (1)")).to_have_count(0)
    assert library.trash(served.store) == []


def test_a_name_opens_its_run_and_going_back_keeps_the_search(page: Page, served: Served) -> None:
    (run,) = create(served, "needle")
    page.goto(f"{served.url}/runs?search=needle")
    click(page, 1, 70)
    page.wait_for_url(re.compile(f"run={run.run_id}"))
    expect(page.get_by_role("heading", name="needle", level=1)).to_be_visible()
    page.get_by_role("button", name="All runs").click()
    page.wait_for_url(re.compile("search=needle"))
    expect(page.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_queue_that_begins_while_the_list_is_open_appears(page: Page, served: Served) -> None:
    for run in served.store.queue():
        served.store.request_stop(run.run_id)
    at_work = served.store.create(CONFIG, name="at work", here=True)
    try:
        page.goto(f"{served.url}/runs?search=at+work")
        table(page)
        expect(page.get_by_text("Queue: ")).to_have_count(0)
        create(served, "later")
        expect(page.get_by_text("Queue: 1 run waits")).to_be_visible()
    finally:
        served.store.move(at_work.run_id, "stopped")
