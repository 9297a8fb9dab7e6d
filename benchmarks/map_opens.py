"""The Embeddings page with a large run, in a real browser: how long until its map is there and answers.

python benchmarks/map_opens.py [--rounds 3] [--images 60000] [--numbers 512] [--quick] [--json] [--write]
                                                                              (needs Chromium or Chrome on the PATH)

The run is a finished one with three evaluations of made-up representations, as map_fit.py makes them, and thumbnails
of 32 pixels. Each round has a home and a browser of its own, and a server that has been up for some seconds, so that it
has loaded PyTorch. Times are to the first frame with points, and to the card of a point that the mouse was moved to
right then:
first: the page by its address, nothing known of the run yet, so that the vectors are read and PCA is computed;
again: the same address from a new browser; from Lab: by a click in the navigation; UMAP: from when its file is written.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import common
import torch
from common import Requirement
from map_fit import made_up
from map_frames import renderer_mib
from pages import ARGUMENTS, chromium, served
from playwright.sync_api import Browser, Page, sync_playwright

SECONDS = 3.0
PATH = "embeddings?run=byol-tiny&method=PCA"
MAP = "globalThis.byolMaps?.['map-byol-tiny']"
TURNS = ("first", "again", "from Lab", "UMAP")
EVALUATIONS = 3
WARM_MS = 20_000
PATIENCE = 900_000  # ms, on a slow machine


def home_with(home: Path, images: int, numbers: int) -> Path:
    """Make the shipped run a large one; the folder of its embeddings."""
    from byol_core.runs import demo
    from byol_core.runs.store import RunStore
    from byol_core.training.snapshot_writer import EmbeddingFolder, Look

    run = demo.ensure(RunStore(home))
    assert run
    shutil.rmtree(run.folder / "embeddings")
    folder = EmbeddingFolder(run.folder / "embeddings", snapshot(images))  # type: ignore[arg-type]
    folder.start()
    first, second = made_up(images, numbers)
    for step, found in enumerate((first, (first + second) / 2, second)):
        vectors = torch.from_numpy(found)
        folder.add(Look(700 * step, 25.0 * step, vectors, vectors[:, :64].contiguous(), 0.5 + 0.1 * step, {}, None))
    return folder.folder


def snapshot(images: int) -> SimpleNamespace:
    """What the folder of the embeddings asks of a probe: the embedded pictures as often as it takes."""
    from byol_core.data.catalog import load
    from byol_core.data.imageset import ImageSet

    own = load("eurosat", 32)
    assert own.labels is not None
    rows = torch.arange(images)
    many = ImageSet(
        "eurosat", own.images[rows % len(own)], own.labels[rows % len(own)], own.class_names, rows[:0], rows
    )
    data = SimpleNamespace(source="eurosat", image_size=32, limit=None)
    splits = torch.full((images,), 2, dtype=torch.int8)
    return SimpleNamespace(mapped=rows, shown=rows, set=many, splits=splits, config=SimpleNamespace(data=data))


def until(page: Page, shows: str, since: float) -> dict[str, float]:
    """Seconds from a moment to the map that ``shows`` asks for, and to the card of a point of it."""
    page.wait_for_function(f"() => {MAP}?.frames > 0 && ({shows})", timeout=PATIENCE, polling=20)
    drawn = time.time()
    while page.locator(".byol-map-card:visible").count() == 0:
        page.mouse.move(*page.evaluate(f"() => {MAP}.at(Math.floor(1000 * Math.random()))"))
        page.wait_for_timeout(20)
    return {"drawn": drawn - since, "answers": time.time() - since}


def arrival(page: Page, maps: Path) -> float:
    """Choose UMAP and wait; when its map was written."""
    known = set(maps.glob("map-*.safetensors"))
    page.get_by_role("radio", name="UMAP").click()
    while not (new := set(maps.glob("map-*.safetensors")) - known):
        page.wait_for_timeout(20)
    return min(file.stat().st_mtime for file in new)


def opened(page: Page, url: str) -> dict[str, float]:
    """The page by its address."""
    since = time.time()
    page.goto(f"{url}/{PATH}", wait_until="commit")
    return until(page, "true", since)


def turn(browser: Browser, url: str, maps: Path) -> dict[str, Any]:
    """All of one round."""
    page = tab(browser)
    page.goto(url)
    page.wait_for_timeout(WARM_MS)
    page.context.close()
    page = tab(browser)
    found: dict[str, Any] = {"first": opened(page, url)}
    while len(list(maps.glob("map-*.safetensors"))) < EVALUATIONS or not list(maps.glob("near-*")):
        page.wait_for_timeout(500)  # the warm process has the rest to do: PCA of the others, the nearest of every point
    page.context.close()
    page = tab(browser)
    found["again"] = opened(page, url)
    page.get_by_role("link", name="Lab", exact=True).first.click()
    page.get_by_text("What happens in a training").first.wait_for()
    page.wait_for_timeout(2000)
    since = time.time()
    page.get_by_role("link", name="Embeddings", exact=True).first.click()
    found["from Lab"] = until(page, "true", since)
    page.mouse.move(2, 2)
    found["UMAP"] = until(page, f"{MAP}.now().shown.includes('UMAP')", arrival(page, maps))
    found["tab_mib"] = renderer_mib(browser)
    page.context.close()
    return found


def tab(browser: Browser) -> Page:
    """A tab that knows nothing of the app."""
    return browser.new_context(viewport={"width": 1440, "height": 900}).new_page()


def measure(rounds: int, images: int, numbers: int) -> list[dict[str, Any]]:
    """The rounds, each with a server and a browser of its own."""
    found = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
            maps = home_with(Path(home), images, numbers) / "maps"
            with served(home) as url:
                browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
                found.append(turn(browser, url, maps))
                browser.close()
        common.say(f"round {number + 1}: {found[-1]}")
    return found


def requirements(found: list[dict[str, Any]]) -> list[Requirement]:
    """Interactive so soon after the map is ready, and what the tab may take."""
    answers = common.middle([each["UMAP"]["answers"] for each in found])
    memory = common.middle([each["tab_mib"] for each in found])
    return [
        Requirement("s from a map that is made to a card on it", SECONDS, answers, most=True),
        Requirement("MiB of the tab", 1000.0, memory, most=True),
    ]


def report(chosen: argparse.Namespace, found: list[dict[str, Any]], machine: dict[str, Any]) -> str:
    """The tables."""
    rows = [
        [name, *(common.spread(each[name][key] for each in found) for key in ("drawn", "answers"))] for name in TURNS
    ]
    what = f"{chosen.images:,} images, {chosen.numbers} numbers each; {common.counted(len(found), 'round')}."
    return "\n\n".join(
        [
            common.heading("The Embeddings page with a large run", machine),
            f"{what} Chromium without a display, WebGL by software, server and browser on the same cores.",
            common.requirements_table(requirements(found)),
            common.table(["", "s to the first frame", "s to the card of a point"], rows),
        ]
    )


def main() -> None:
    """Measure, print, and write where asked."""
    parser = common.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--numbers", type=int, default=512)
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.images = 1, min(chosen.images, 13_000)
    found = measure(chosen.rounds, chosen.images, chosen.numbers)
    machine = common.describe()
    machine["versions"] |= common.installed(["streamlit", "umap-learn", "playwright"])
    required = [each.as_dict() for each in requirements(found)]
    data = {"machine": machine, "images": chosen.images, "rounds": found, "requirements": required}
    common.show(chosen, "map_opens", data, report(chosen, found, machine))


if __name__ == "__main__":
    common.guarded(main)
