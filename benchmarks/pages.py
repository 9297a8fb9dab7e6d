"""How long the pages take to open, and a slider to show new views, in a real browser while a run trains.

python benchmarks/pages.py [--rounds 5] [--json]     (needs Chromium or Chrome on the PATH)

Opening is from a click on a name in the navigation to the first content that is the page's own (the table, the chart,
the first picture), and, called `cold`, from a fresh request of its address, with Streamlit and plotly.js to
load. A slider's time is from the key press to other pixels in the first view.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import leave
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]
VIEWS = "canvas.byol-views-picture"
# A page and the first thing on it that is its own.
PAGES = {
    "": "text=What happens in a training",
    "augment": VIEWS,
    "train": "text=The same from a terminal",
    "runs": "[data-testid=stDataFrame]",
    "runs?run=byol-tiny": ".js-plotly-plot .main-svg",
    "embeddings?run=byol-tiny": ".byol-map-plot[data-drawn]",
}


def chromium() -> str:
    """The browser on the PATH."""
    return next(filter(None, map(shutil.which, BROWSERS)), None) or leave("Install Chromium or Chrome.")


@contextmanager
def served(home: str, script: str = "app/main.py") -> Iterator[str]:
    """The app, or another script of Streamlit, on a free port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        script,
        f"--server.port={port}",
        "--server.headless=true",
    ]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "BYOL_LAB_HOME": home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield wait(f"http://localhost:{port}")
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def wait(url: str) -> str:
    """The address, once the server answers."""
    for _ in range(200):
        try:
            urllib.request.urlopen(url + "/_stcore/health", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return url
    raise RuntimeError("the app did not start")


@contextmanager
def training(home: str) -> Iterator[None]:
    """A classroom run that the supervisor has started, as from the form, and that outlasts the benchmark."""
    byol = [sys.executable, "-m", "byol_core.cli"]
    environment = {**os.environ, "BYOL_LAB_HOME": home}
    settings = ["--preset", "classroom", "--set", "epochs=2000", "--set", "steps=null", "--queue", "--json"]
    queued = subprocess.run([*byol, "train", *settings], env=environment, capture_output=True, text=True, check=True)
    run = json.loads(queued.stdout)["run_id"]
    while show(byol, run, environment)["step"] < 10:
        time.sleep(1)
    try:
        yield
    finally:
        subprocess.run([*byol, "stop", run], env=environment, capture_output=True, check=False)


def show(byol: list[str], run: str, environment: dict[str, str]) -> dict[str, int]:
    """The run as it is now."""
    done = subprocess.run([*byol, "show", run, "--json"], env=environment, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout)
    return found


def open_seconds(page: Page, url: str, path: str) -> float:
    """From the request to the page's own content."""
    started = time.perf_counter()
    page.goto(f"{url}/{path}", wait_until="commit")
    page.locator(PAGES[path]).first.wait_for(state="visible", timeout=60_000)
    return time.perf_counter() - started


# In the order of the clicks; each page is left for the next.
CLICKS = {
    "Augment": VIEWS,
    "Embeddings": ".byol-map-plot[data-drawn]",
    "Train": "text=The same from a terminal",
    "Runs": "[data-testid=stDataFrame]",
    "Lab": "text=What happens in a training",
}


def click_seconds(page: Page, name: str) -> float:
    """From a click in the navigation to the page's own content."""
    page.wait_for_timeout(1000)
    started = time.perf_counter()
    page.get_by_role("link", name=name, exact=True).first.click()
    page.locator(CLICKS[name]).first.wait_for(state="visible", timeout=60_000)
    return time.perf_counter() - started


def run_seconds(page: Page) -> float:
    """From a click on the Lab's card of a finished run to its first chart."""
    page.wait_for_timeout(1000)
    started = time.perf_counter()
    page.get_by_role("link", name="Open").last.click()
    page.locator(".js-plotly-plot .main-svg").first.wait_for(state="visible", timeout=60_000)
    return time.perf_counter() - started


def slider_seconds(page: Page, url: str) -> list[float]:
    """From a key press on the master strength to new pixels, ten times."""
    page.goto(f"{url}/augment")
    view = page.locator(VIEWS).nth(1)
    view.wait_for(state="visible", timeout=60_000)
    slider = page.get_by_role("slider", name="Strength").first
    times = []
    for turn in range(10):
        page.wait_for_timeout(1000)
        before = view.evaluate("c => c.toDataURL()")
        started = time.perf_counter()
        slider.press("ArrowLeft" if turn < 5 else "ArrowRight")
        while view.evaluate("c => c.toDataURL()") == before and time.perf_counter() - started < 20:
            page.wait_for_timeout(10)
        times.append(time.perf_counter() - started)
    return times


def measure(url: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of each page, in turn, and of the slider; a first round warms the server and is left out."""
    executable = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        taken = [{path: open_seconds(page, url, path) for path in PAGES} for _ in range(rounds + 1)][1:]
        clicked: dict[str, list[float]] = {name: [] for name in [*CLICKS, "a run"]}
        page.goto(url)
        for _ in range(rounds):
            for name in CLICKS:
                clicked[name].append(click_seconds(page, name))
            clicked["a run"].append(run_seconds(page))
        slider = slider_seconds(page, url)
        browser.close()
    cold = {f"/{path}, cold": [times[path] for times in taken] for path in PAGES}
    return clicked | cold | {"slider": slider}


def main() -> None:
    """Measure with a run training and print medians with their ranges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--idle", action="store_true", help="without a run that trains")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, served(home) as url:
        if arguments.idle:
            found = measure(url, arguments.rounds)
        else:
            with training(home):
                found = measure(url, arguments.rounds)
    if arguments.json:
        print(json.dumps(found))
        return
    print("| what | median s | range |\n|---|---|---|")
    for what, times in found.items():
        print(f"| {what} | {statistics.median(times):.2f} | {min(times):.2f}–{max(times):.2f} |")


if __name__ == "__main__":
    main()
