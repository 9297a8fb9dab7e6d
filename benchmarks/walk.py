"""A walk through the lab with a stopwatch, in a real browser: from a fresh home to a judged run.

python benchmarks/walk.py [--rounds 3] [--busy] [--photos] [--quick] [--json] [--write]
                                                                              (needs Chromium or Chrome on the PATH)

Each walk has a home, a server and a browser of its own, and touches no setting. Stages, each timed from the end of the
one before: Lab is open; its training has finished; its UMAP is on the map; a point is pinned; linear probes with ten
labels a class have judged the run. `--busy` walks also beside one busy loop a core, in turn with the walks alone.
`--photos` walks instead with 30, 90 and 300 photos of mixed sizes in three classes and with 40 images without labels,
from the form to the pinned point. `--quick` starts the first look in the place of the classroom training, once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import common
from common import Requirement
from pages import ARGUMENTS, chromium, served
from playwright.sync_api import Page, sync_playwright

STAGES = ("Lab is open", "the run has finished", "its UMAP is shown", "a point is pinned", "ten labels have judged it")
PHOTOS = {"30 photos": 30, "90 photos": 90, "300 photos": 300, "40 without labels": 40}
CLASSES = ("AnnualCrop", "Forest", "SeaLake")  # of the embedded set, for photos of three kinds
LONGEST = {"alone": 300.0, "busy": 600.0}  # seconds of a walk through the classroom training
RUN = re.compile(r"/runs\?.*run=([0-9a-z-]+)")
MAP = "globalThis.byolMaps?.['map-{}']"
PATIENCE = 3_600_000  # ms, on a slow machine
# Without a graphics card Chromium puts pages together in a process of its own, half a core while anything on the page
# turns, which a laptop with a screen does not spend; WebGL is drawn in software all the same.
LIGHT = "--disable-gpu-compositing"


class Stopwatch:
    """Seconds of each stage, from the end of the one before."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self._since = time.perf_counter()

    def stop(self, stage: str) -> None:
        """The stage is over, and the next begins."""
        now = time.perf_counter()
        self.times[stage], self._since = now - self._since, now
        common.say(f"{stage}: {self.times[stage]:.1f} s")


# The stages


def finished(page: Page) -> str:
    """Wait on the page of a run that was just started until it has finished; says its id."""
    page.wait_for_url(RUN)
    found = RUN.search(page.url)
    assert found
    end = page.get_by_text(re.compile("^(Finished|Failed|Interrupted|Stopped)")).first
    end.wait_for()
    if "Finished" not in end.inner_text():
        common.leave(f"The run did not finish: {page.get_by_test_id('stMain').inner_text()[:400]}", 1)
    return found[1]


def umap(page: Page, run: str) -> None:
    """From the page of a run to its UMAP."""
    page.get_by_role("button", name="Open the map").click()
    page.wait_for_function(f"() => {MAP.format(run)}?.frames > 0", polling=50)
    radio = page.get_by_role("radio", name="UMAP")
    if radio.count() and not radio.is_checked():
        page.locator("label", has=radio).first.click() if radio.is_hidden() else radio.click()
    page.wait_for_function(f"() => {MAP.format(run)}?.now().shown.includes('UMAP')", polling=50)


def pin(page: Page, run: str) -> None:
    """Click points until one is pinned: another may lie above it."""
    for point in range(50):
        x, y = page.evaluate(f"() => {MAP.format(run)}.at({point})")
        page.mouse.move(x, y)
        page.mouse.click(x, y)
        if page.evaluate(f"() => {MAP.format(run)}.now().pinned") is not None:
            break
    page.get_by_text(re.compile(r"\d+ nearest images")).first.wait_for()


def judge(page: Page, url: str, run: str) -> None:
    """Ask for linear probes with ten labels a class, and wait for the answer."""
    page.goto(f"{url}/evaluate?run={run}&labels=10")
    page.get_by_test_id("stMain").get_by_role("button", name="Evaluate").click()
    page.get_by_text(re.compile(r"Linear probe with 10 labels a class")).first.wait_for()
    page.get_by_text(re.compile(r"on [\d\u202f,]+ test images")).first.wait_for()


def through_lab(page: Page, url: str, quick: bool, _: Path) -> dict[str, float]:
    """All stages, with the training that Lab offers."""
    watch = Stopwatch()
    page.goto(url, wait_until="commit")
    page.get_by_role("button", name="Start the classroom training").wait_for()
    watch.stop(STAGES[0])
    if quick:
        page.goto(f"{url}/train?preset=first-look")
        page.get_by_role("button", name="Start training").click()
    else:
        page.get_by_role("button", name="Start the classroom training").click()
    run = finished(page)
    watch.stop(STAGES[1])
    umap(page, run)
    watch.stop(STAGES[2])
    pin(page, run)
    watch.stop(STAGES[3])
    judge(page, url, run)
    watch.stop(STAGES[4])
    return watch.times


def with_photos(count: int, labels: bool) -> Callable[[Page, str, bool, Path], dict[str, float]]:
    """A walk with a folder of photos: its path goes into the form, and nothing else is touched."""

    def walk(page: Page, url: str, quick: bool, home: Path) -> dict[str, float]:
        folder = photos(home.parent / "photos", count, labels)
        watch = Stopwatch()
        page.goto(f"{url}/train{'?preset=first-look' if quick else ''}", wait_until="commit")
        page.get_by_text("On this machine", exact=True).first.click()
        page.get_by_role("textbox", name="Path").fill(str(folder))
        page.get_by_text(re.compile("A small set, about")).wait_for()
        page.get_by_role("button", name="Start training").click()
        run = finished(page)
        if labels:
            page.get_by_text("kNN").first.wait_for()
        watch.stop(STAGES[1])
        umap(page, run)
        watch.stop(STAGES[2])
        pin(page, run)
        watch.stop(STAGES[3])
        return watch.times

    return walk


def photos(folder: Path, count: int, labels: bool) -> Path:
    """Embedded images of three classes as files of mixed sizes, in a folder for each class or in one."""
    from PIL import Image

    from byol_core.data.catalog import load

    own = load("eurosat", 64)
    assert own.labels is not None
    rows = [(own.labels == own.class_names.index(name)).nonzero()[:, 0].tolist() for name in CLASSES]
    for number in range(count):
        kind = number % len(CLASSES)
        pixels = own.images[rows[kind][number // len(CLASSES)]].permute(1, 2, 0).numpy()
        place = folder / CLASSES[kind] if labels else folder
        place.mkdir(parents=True, exist_ok=True)
        size = (320 + 40 * (number % 7), 480 - 30 * (number % 5))
        Image.fromarray(pixels).resize(size).save(place / f"IMG_{number:04}.jpg")
    return folder


# Walks


def _spin() -> None:
    while True:
        pass


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes that compute without a pause."""
    loops = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(count)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.join()


def once(walk: Callable[[Page, str, bool, Path], dict[str, float]], quick: bool) -> dict[str, float]:
    """One walk from a fresh home."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        with served(str(home)) as url:
            browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, LIGHT])
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            page.set_default_timeout(PATIENCE)
            try:
                return walk(page, url, quick, home)
            finally:
                browser.close()
                end_runs(home)


def end_runs(home: Path) -> None:
    """A walk that broke off leaves no training behind."""
    from byol_core.runs.store import RunStore

    store = RunStore(home)
    for run in store.runs():
        if run.live or run.state == "queued":
            store.request_stop(run.run_id)


def measure(chosen: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """The stages of each kind of walk, in turn within a round."""
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(1 if chosen.quick else chosen.rounds):
        if chosen.photos:
            for name, count in PHOTOS.items():
                common.say(f"round {number + 1}, {name}")
                found.setdefault(name, []).append(once(with_photos(count, "without" not in name), chosen.quick))
            continue
        common.say(f"round {number + 1}, alone")
        found.setdefault("alone", []).append(once(through_lab, chosen.quick))
        if chosen.busy:
            common.say(f"round {number + 1}, beside busy loops")
            with busy_loops(os.cpu_count() or 1):
                found.setdefault("busy", []).append(once(through_lab, chosen.quick))
    return found


def whole(walks: list[dict[str, float]]) -> list[float]:
    """Seconds of each walk."""
    return [sum(walk.values()) for walk in walks]


def requirements(found: dict[str, list[dict[str, float]]]) -> list[Requirement]:
    """How long a class waits, from the first page to the answer."""
    return [
        Requirement(f"{name}: whole walk, median s", LONGEST[name], common.middle(whole(walks)), most=True)
        for name, walks in found.items()
        if name in LONGEST
    ]


def report(found: dict[str, list[dict[str, float]]], machine: dict[str, Any]) -> str:
    """The tables."""
    stages = [stage for stage in STAGES if any(stage in walk for walks in found.values() for walk in walks)]
    rows = [
        [stage, *(common.spread(walk.get(stage) for walk in walks) for walks in found.values())] for stage in stages
    ]
    rows.append(["in all", *(common.spread(whole(walks)) for walks in found.values())])
    parts = [
        common.heading("A walk with a stopwatch", machine),
        "Seconds, each stage from the end of the one before, from a fresh home, no setting touched. Chromium without a "
        "display, server, training and browser on the same cores. Busy: beside one busy loop a core.",
        common.requirements_table(requirements(found)) if requirements(found) else "",
        common.table(["stage", *found], rows),
    ]
    return "\n\n".join(filter(None, parts))


def main() -> None:
    """Walk, print, and write where asked."""
    parser = common.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", action="store_true", help="walk also beside one busy loop a core")
    parser.add_argument("--photos", action="store_true", help="walk with photos of one's own instead")
    chosen = parser.parse_args()
    found = measure(chosen)
    machine = common.describe()
    machine["versions"] |= common.installed(["streamlit", "umap-learn", "playwright"])
    required = [each.as_dict() for each in requirements(found)]
    data = {"machine": machine, "seconds": found, "requirements": required}
    common.show(chosen, "walk_photos" if chosen.photos else "walk", data, report(found, machine))


if __name__ == "__main__":
    common.guarded(main)
