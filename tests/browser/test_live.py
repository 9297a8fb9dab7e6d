"""A live chart in a real browser: it takes new points in place, and what somebody looks at stays as it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.widgets.packed import unpack
from byol_core.config import presets
from byol_core.events import MetricRow, Progress
from byol_core.runs.run import Run
from tests.browser.conftest import PATIENCE, Served, still

# The chart of the loss, how many points it has, its range, and what is written beside the mouse.
CHART = "[...document.querySelectorAll('.js-plotly-plot')].find(p => p._fullData.some(t => t.name?.startsWith('Loss')))"
POINTS = f"({CHART}?._fullData.at(-1).x.length ?? 0)"
LAST = f"Math.round({CHART}?._fullData.at(-1).x.at(-1) * 100)"  # the step: an epoch has a hundred
FIRST = "document.querySelector('.js-plotly-plot')"
RANGE = f"{CHART}._fullLayout.xaxis.range"
HOVER = f"[...{CHART}.querySelectorAll('.hoverlayer text')].map(t => t.textContent).join(' ')"


def log(served: Served, run: Run, steps: range) -> None:
    """What a worker would log at these steps."""
    rows = [MetricRow(step, step / 100, step / 10, {"loss": 2 * math.exp(-step / 300) + 0.3}) for step in steps]
    served.store.add_metrics(run.run_id, 1, rows)
    served.store.set_progress(run.run_id, Progress(steps[-1], 9000, steps[-1] / 100, 900.0, 42.0, "training"))


@contextmanager
def live(served: Served, name: str, steps: int) -> Iterator[Run]:
    """A run that this process works on; ended in the end, because its supervisor would end this process."""
    run = served.store.create(presets.get("classroom").config(), name=name, here=True)
    served.store.move(run.run_id, "running")
    try:
        log(served, run, range(steps))
        yield served.store.get(run.run_id)
    finally:
        served.store.move(run.run_id, "stopped")


def wait_until(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=PATIENCE)


# Where the points of the chart of the loss are drawn: left, top, width, height.
CORNER = (
    f"(() => {{ const p = {CHART}, b = p.getBoundingClientRect(), l = p._fullLayout;"
    " return [b.x + l.xaxis._offset, b.y + l.yaxis._offset, l.xaxis._length, l.yaxis._length] })()"
)


def test_zoom_and_hover_outlive_new_points(page: Page, served: Served) -> None:
    with live(served, "zoomed", 200) as run:
        page.goto(f"{served.url}/runs?run={run.run_id}")
        wait_until(page, f"{POINTS} === 200")
        page.evaluate(f"{CHART}.scrollIntoView({{ block: 'center' }})")
        still(page, CORNER)
        left, top, width, height = page.evaluate(CORNER)
        page.mouse.move(left + width / 4, top + height / 2)
        page.mouse.down()
        page.mouse.move(left + width / 2, top + height / 2 + 5, steps=8)
        page.mouse.up()
        wait_until(page, f"{RANGE}[1] < 1.5 && {RANGE}[0] > 0.2")
        still(page, RANGE)
        zoomed = page.evaluate(RANGE)
        page.mouse.move(left + width / 3, top + height / 3, steps=4)
        wait_until(page, f"{HOVER}.length > 3")
        still(page, HOVER)  # plotly follows the mouse with a delay
        before = page.evaluate(HOVER)
        log(served, run, range(200, 230))
        wait_until(page, f"{POINTS} === 230")
        still(page, HOVER)  # a drawing takes it away for a moment
        assert page.evaluate(RANGE) == zoomed
        assert page.evaluate(HOVER) == before


def test_a_poll_costs_the_same_however_long_the_run_is(page: Page, served: Served) -> None:
    answers = Answers(page)
    with live(served, "long", 100) as run:
        page.goto(f"{served.url}/runs?run={run.run_id}")

        def poll(step: int) -> int:
            wait_until(page, f"{LAST} === {step - 1}")
            answers.until(lambda: answers.brought == 0)  # the browser said what it has
            answers.done.clear()
            log(served, run, range(step, step + 5))
            wait_until(page, f"{LAST} === {step + 4}")
            twice = answers.count() + Counter(dict.fromkeys(answers.parts, 2))
            answers.until(lambda: answers.count() >= twice)
            return answers.cost()

        short = poll(100)
        log(served, run, range(105, 5000))
        long = poll(5000)
        assert short > 0
        assert 0 < long < 1.5 * short + 2000


class Answers:
    """What the server sends to a page: each answer whole, whether it comes soon or late."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.done: list[tuple[str, int]] = []  # of each answer: the part of the page that it draws anew, and its bytes
        self.parts: set[str] = set()  # that are asked for again and again
        self.brought: int | None = None  # points in the last answer that could bring any
        self.bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self.take))

    def take(self, frame: bytes) -> None:
        message = ForwardMsg.FromString(frame)
        self.bytes += len(frame)
        widget = message.delta.new_element.bidi_component
        if widget.component_name == "byol_feed":
            self.brought = len(unpack(widget.bytes)["step"])
        if message.WhichOneof("type") == "script_finished":
            part = " ".join(message.metadata.run.fragment_ids)  # none: the whole page
            self.parts |= {part} - {""}
            self.done.append((part, self.bytes))
            self.bytes = 0

    def until(self, true: Callable[[], bool]) -> None:
        for _ in range(PATIENCE // 50):
            if true():
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"the server does not go on as it should: {self.done}, {self.brought} points")

    def count(self) -> Counter[str]:
        return Counter(part for part, _ in self.done)

    def cost(self) -> int:
        """Of one poll of all parts at their dearest; a slow machine may draw the whole page anew meanwhile."""
        return sum(max(size for part, size in self.done if part == one) for one in self.parts)


def test_scales_axis_and_smoothing_are_kept_in_the_address(page: Page, served: Served) -> None:
    with live(served, "scaled", 100) as run:
        page.goto(f"{served.url}/runs?run={run.run_id}&smooth=0.9")
        wait_until(page, f"{POINTS} === 100")
        page.get_by_role("button", name="log y").click()
        wait_until(page, f"{CHART}?._fullLayout.yaxis.type === 'log'")
        page.get_by_role("radio", name="time").click()
        wait_until(page, f"{CHART}?._fullLayout.xaxis.title.text === 'seconds of training'")
        page.wait_for_url(re.compile("scale=y"))
        page.reload()
        wait_until(page, f"{POINTS} === 100 && {CHART}._fullLayout.yaxis.type === 'log'")
        raw, smooth = page.evaluate(f"{CHART}._fullData.map(t => t.opacity)")
        assert raw < smooth


def test_a_line_that_is_hidden_stays_hidden_in_every_chart(page: Page, served: Served) -> None:
    with live(served, "first line", 100) as one, live(served, "second line", 150) as other:
        page.goto(f"{served.url}/runs?compare={one.run_id},{other.run_id}&together=false")
        lines = f"{FIRST}?._fullData?.filter(t => t.visible === true).map(t => t.x.length)"
        wait_until(page, f"String({lines}) === '100,150'")
        page.get_by_role("button", name="first line").click()
        wait_until(page, f"String({lines}) === '150'")
        log(served, other, range(150, 170))
        wait_until(page, f"String({lines}) === '170'")
        page.get_by_role("button", name="first line").dblclick()
        wait_until(page, f"String({lines}) === '100'")


def test_a_run_is_thrown_away_and_brought_back(page: Page, served: Served) -> None:
    with live(served, "thrown", 20) as run:
        pass
    page.goto(f"{served.url}/runs?run={run.run_id}")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Curves as CSV").click()
    assert download.value.path().read_text().count("\n") == 21
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("is in the trash")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("is in the trash")).to_have_count(0)
    assert served.store.get(run.run_id).deleted is None
