"""How long a slider of the augmentation lab takes from a key press to other pixels, in a real browser.

python benchmarks/slider.py [--presses 40] [--quick] [--json] [--write]     (needs Chromium or Chrome on the PATH)

16 pictures, both views. The page itself keeps the time, from the key event on: until a view has other pixels (widget,
server, views, message, drawing), and until the browser has painted a frame with them, which without a GPU is work of
the same cores. Once with nothing else to do, once while a run trains. The model is asked at rest, as always.
"""

from __future__ import annotations

import tempfile
from typing import Any

import common
from common import Requirement
from pages import ARGUMENTS, VIEWS, chromium, served, training
from playwright.sync_api import Page, sync_playwright

IDLE_MS, TRAINING_MS = 150, 300
PARTS = ("new pixels", "painted")
WATCHED = 4  # view 1 of the second picture: its colors are drawn, so every step of the strength changes it
WAIT_MS = 700  # between two presses, so that each is one movement of its own
# Notes when new pixels were put into a view, and the frame after: to read them back would take longer than all else.
WATCH = """view => {
  window.byolTook = null
  const pen = view.getContext("2d"), before = pen.getImageData(0, 0, view.width, view.height).data.join()
  addEventListener("keydown", () => {
    const began = performance.now(), put = pen.putImageData
    pen.putImageData = (image, ...rest) => {
      put.call(pen, image, ...rest)
      if (image.data.join() === before) return
      delete pen.putImageData
      const drawn = performance.now() - began
      requestAnimationFrame(() => requestAnimationFrame(() => { window.byolTook = [drawn, performance.now() - began] }))
    }
  }, { capture: true, once: true })
}"""


def milliseconds(page: Page, url: str, presses: int) -> list[list[float]]:
    """Of each press, until drawn and until painted; the first three warm the server and are left out."""
    page.goto(f"{url}/augment?shown=16")
    page.locator(VIEWS).nth(47).wait_for(state="visible", timeout=60_000)
    page.wait_for_timeout(5000)
    slider = page.get_by_role("slider", name="Strength", exact=True)
    slider.focus()
    times: list[list[float]] = []
    for turn in range(presses + 3):
        page.locator(VIEWS).nth(WATCHED).evaluate(WATCH)
        page.wait_for_timeout(WAIT_MS)
        slider.press("ArrowLeft" if turn % 2 else "ArrowRight")
        page.wait_for_function("window.byolTook", timeout=20_000)
        times.append(page.evaluate("window.byolTook"))
    return times[3:]


def measure(presses: int) -> dict[str, list[list[float]]]:
    """Idle, then with a run that trains."""
    with tempfile.TemporaryDirectory() as home, served(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        found = {"idle": milliseconds(page, url, presses)}
        with training(home):
            found["training"] = milliseconds(page, url, presses)
        browser.close()
    return found


def parts(found: dict[str, list[list[float]]]) -> dict[tuple[str, str], list[float]]:
    """The times by situation and by what had happened then."""
    return {(what, part): [took[i] for took in times] for what, times in found.items() for i, part in enumerate(PARTS)}


def requirements(found: dict[str, list[list[float]]]) -> list[Requirement]:
    """The median of each."""
    limits = {"idle": IDLE_MS, "training": TRAINING_MS}
    return [
        Requirement(f"{what}, {part}, median ms", limits[what], common.middle(took), True)
        for (what, part), took in parts(found).items()
    ]


def report(found: dict[str, list[list[float]]], machine: dict[str, Any]) -> str:
    """The tables."""
    rows = [[what, part, len(took), common.spread(took)] for (what, part), took in parts(found).items()]
    return "\n\n".join(
        [
            common.heading("From a slider's key to new views", machine),
            "16 pictures, both views. Chromium without a display: it paints on the same cores.",
            common.requirements_table(requirements(found)),
            common.table(["meanwhile", "until", "presses", "ms"], rows),
        ]
    )


def main() -> None:
    """Measure, print, and write where asked."""
    parser = common.parser(__doc__)
    parser.add_argument("--presses", type=int, default=40)
    arguments = parser.parse_args()
    found = measure(8 if arguments.quick else arguments.presses)
    machine = common.describe()
    machine["versions"] |= common.installed(["streamlit", "playwright"])
    required = [each.as_dict() for each in requirements(found)]
    data = {"machine": machine, "milliseconds": found, "requirements": required}
    common.show(arguments, "slider", data, report(found, machine))


if __name__ == "__main__":
    common.guarded(main)
