"""How long a slider of the augmentation lab takes from a key press to other pixels, in a real browser.

python benchmarks/slider.py [--presses 40] [--json]     (needs Chromium or Chrome on the PATH)

16 pictures, both views. The page itself keeps the time, from the key event on: until a view has other pixels (widget,
server, views, message, drawing), and until the browser has painted a frame with them, which without a GPU is work of
the same cores. Once with nothing else to do, once while a run trains. The model is asked at rest, as always.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile

from common import Requirement, describe, requirements_table
from pages import ARGUMENTS, BROWSERS, VIEWS, served, training
from playwright.sync_api import Page, sync_playwright

IDLE_MS, TRAINING_MS = 150, 300
PARTS = ("new pixels", "painted")
WATCHED = 4  # view 1 of the second picture: its colours are drawn, so every step of the strength changes it
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
    executable = next(filter(None, map(shutil.which, BROWSERS)))
    with tempfile.TemporaryDirectory() as home, served(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        found = {"idle": milliseconds(page, url, presses)}
        with training(home):
            found["training"] = milliseconds(page, url, presses)
        browser.close()
    return found


def main() -> None:
    """Measure and print what is required beside what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.presses)
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{describe()['hardware']}; {arguments.presses} presses each.\n")
    limits = {"idle": IDLE_MS, "training": TRAINING_MS}
    parts = {(what, PARTS[i]): [took[i] for took in times] for what, times in found.items() for i in range(len(PARTS))}
    print(
        requirements_table(
            Requirement(f"{what}, {part}, median ms", limits[what], statistics.median(took), True)
            for (what, part), took in parts.items()
        )
    )
    for (what, part), took in parts.items():
        print(f"\n{what}, {part}: {min(took):.0f} to {max(took):.0f} ms, median {statistics.median(took):.0f} ms")


if __name__ == "__main__":
    main()
