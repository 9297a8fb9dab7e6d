"""Runs side by side in a real browser: from ticks in the list, and from a sweep on the Train page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from byol_core.config import presets
from byol_core.events import MetricRow
from byol_core.runs.launcher import supervisor_lock
from byol_core.runs.run import Run
from byol_core.system import processes
from tests.browser.conftest import PATIENCE, Served

ROW = 40  # pixels; the head of the table is as high
NAMES = "(document.querySelector('.js-plotly-plot')?._fullData ?? []).filter(t => t.visible === true).map(t => t.name)"

DRAWN = "[...document.querySelectorAll('.js-plotly-plot')].map(p => p._fullLayout?.uirevision ?? '').join()"


@pytest.fixture(autouse=True, scope="module")
def no_supervisor(served: Served) -> Iterator[None]:
    """Waiting runs wait: whoever would start a supervisor sees that its place is taken."""
    with supervisor_lock(served.home):
        yield


def ended(served: Served, name: str, strength: float) -> Run:
    """A run of this process that logged a curve and ended."""
    config = presets.get("first-look").config().changed(**{"views.strength": strength})
    run = served.store.create(config, name=name, here=True)
    served.store.move(run.run_id, "running")
    rows = [MetricRow(step, step / 10, step / 10, {"loss": strength + 1 / step}) for step in range(1, 50)]
    served.store.add_metrics(run.run_id, 1, rows)
    return served.store.move(run.run_id, "stopped")


def test_comparing_ticked_runs_overlays_curves_and_settings(page: Page, served: Served) -> None:
    for name, strength in (("side weak", 0.3), ("side strong", 0.9)):
        ended(served, name, strength)
    page.goto(f"{served.url}/runs?search=side")
    table = page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas").first).to_be_visible()
    for row in (1, 2):
        table.click(position={"x": 15, "y": ROW * row + ROW // 2})
        expect(page.get_by_text(f"{row} selected")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare runs", level=1)).to_be_visible()
    page.wait_for_function(f"({NAMES}).length === 2", timeout=PATIENCE)
    assert set(page.evaluate(NAMES)) == {"side weak", "side strong"}
    page.get_by_role("tab", name="Settings").click()
    expect(page.get_by_text("Only what differs")).to_be_visible()
    heads = page.get_by_test_id("stDataFrame").first.locator("th")
    expect(heads).to_have_text(["Run", "Strength (views.strength)"])


def test_a_sweep_from_the_form_opens_its_comparison(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/train?preset=first-look&sweep=seed%3D0,1")
    page.get_by_role("button", name=re.compile("Start 2 runs")).click()
    page.wait_for_url(re.compile("compare="))
    expect(page.get_by_text(re.compile("A sweep: 2 runs"))).to_be_visible()
    waiting = served.store.queue()
    assert [run.config["seed"] for run in waiting] == [0, 1]
    assert len({run.group for run in waiting}) == 1
    expect(page.get_by_text("logged nothing yet")).to_be_visible()
    run = served.store.claim(waiting[0].run_id, processes.identity())
    assert run is not None
    for key in ("loss", "knn_accuracy"):  # the page is not touched
        served.store.add_metrics(run.run_id, 1, [MetricRow(step, step, step, {key: 0.5}) for step in range(5)])
        page.wait_for_function(f"({DRAWN}).includes('compare-{key}')", timeout=PATIENCE)
    page.get_by_role("tab", name="Table").click()
    served.store.move(run.run_id, "stopped")
    expect(page.get_by_text("1 of them not finished yet")).to_be_visible()
