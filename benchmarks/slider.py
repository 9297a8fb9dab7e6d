"""How long a slider of the augmentation lab takes from a key press to other pixels, in a real browser.

python benchmarks/slider.py [--presses 40] [--json]     (needs Chromium or Chrome on the PATH)

16 pictures, both views. The page itself keeps the time: from the key event to the first frame in which a view has other
pixels, so the whole way is in it: widget, server, views, message, drawing. Once with nothing else to do, once while a
run trains on the same machine. The model's answers are asked for at rest, as always.
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
WAIT_MS = 700  # between two presses, so that each is one movement of its own
# Watches one view from the next key press on, frame by frame.
WATCH = """view => {
  const before = view.toDataURL()
  window.byolTook = null
  addEventListener("keydown", () => {
    const began = performance.now()
    const look = () => {
      if (view.toDataURL() === before) requestAnimationFrame(look)
      else window.byolTook = performance.now() - began
    }
    requestAnimationFrame(look)
  }, { capture: true, once: true })
}"""


def milliseconds(page: Page, url: str, presses: int) -> list[float]:
    """Of each press; the first three warm the server and are left out."""
    page.goto(f"{url}/augment?shown=16")
    page.locator(VIEWS).nth(47).wait_for(state="visible", timeout=60_000)
    page.wait_for_timeout(5000)
    slider = page.get_by_role("slider", name="Strength", exact=True)
    slider.focus()
    times = []
    for turn in range(presses + 3):
        page.locator(VIEWS).nth(1).evaluate(WATCH)
        page.wait_for_timeout(WAIT_MS)
        slider.press("ArrowLeft" if turn % 2 else "ArrowRight")
        page.wait_for_function("window.byolTook", timeout=20_000)
        times.append(float(page.evaluate("window.byolTook")))
    return times[3:]


def measure(presses: int) -> dict[str, list[float]]:
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
    rows = [
        Requirement(f"{what}, median ms", limits[what], statistics.median(took), True) for what, took in found.items()
    ]
    print(requirements_table(rows))
    for what, took in found.items():
        print(f"\n{what}: {min(took):.0f} to {max(took):.0f} ms, median {statistics.median(took):.0f} ms")


if __name__ == "__main__":
    main()
