"""How quick a home with a long history is: 2,000 runs and 20 million logged values by default.

python benchmarks/history.py [--runs 2000] [--rows 20000000] [--rounds 7] [--quick] [--json] [--write]

(needs Chromium or Chrome on the PATH)

The store is built as a worker would have left it. Then, in a real browser: opening Runs from a click in the navigation
and from a fresh request of its address, to the table; and a run's page to its first chart. And, of a run that logs all
the while: one poll of its curves in the store, and one poll of its page through the server (the seconds from asking to
the last word of the answer, nothing else going on).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from common import (
    Requirement,
    describe,
    guarded,
    heading,
    middle,
    parser,
    requirements_table,
    show,
    spread,
    table,
)  # fmt: skip
from pages import ARGUMENTS, BROWSERS, served
from playwright.sync_api import Page, sync_playwright
from viewers import watch

from byol_core.config.presets import get
from byol_core.events import MetricRow, Progress
from byol_core.runs.store import RunStore

KEYS = ("images_per_second", "learning_rate", "loss", "tau")
SEEN = ("loss", "knn_accuracy", "std_ratio", "cross_view_cosine", "learning_rate", "tau")  # what a run's page shows
STATES = ("finished", "finished", "finished", "stopped", "failed", "interrupted")
CLICK, ADDRESS, RUN = "Runs, from a click", "Runs, from its address", "a run, from its address to its first chart"
POLL_STORE, POLL_PAGE = "poll of a live run, in the store", "poll of a live run, through the server"
TABLE, CHART = "[data-testid=stDataFrame]", ".js-plotly-plot .main-svg"


def build(home: Path, runs: int, rows: int) -> float:
    """Fill a new store; the seconds it took. Rows go in by the order of their key, as SQLite likes it best."""
    started = time.perf_counter()
    home.mkdir(parents=True, exist_ok=True)
    RunStore(home).engine.dispose()
    config = json.dumps(get("classroom").config().model_dump(mode="json"))
    steps = max(1, rows // runs // len(KEYS))
    with closing(sqlite3.connect(home / "lab.sqlite")) as store:
        store.execute("PRAGMA synchronous=OFF")
        store.executemany(
            "INSERT INTO runs (run_id, name, state, config, preset, created, started, ended, host, device, attempt,"
            " stop_requested, position, step, total_steps, epoch, images_per_second, phase, message, summary, demo)"
            f" VALUES ({', '.join('?' * 21)})",
            (_run(number, config, steps) for number in range(runs)),
        )
        names = ((f"r{number:07d}", 1, -1) for number in range(runs))
        store.executemany("INSERT INTO attempts VALUES (?, ?, ?)", names)
        store.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?)", _values(runs, steps))
        store.commit()
    return time.perf_counter() - started


def _run(number: int, config: str, steps: int) -> tuple[object, ...]:
    state = STATES[number % len(STATES)]
    created = 1_700_000_000.0 + 3600 * number
    summary = json.dumps({"knn_accuracy": 0.7, "seconds": 120.0}) if state == "finished" else "{}"
    facts = (created, created + 1, created + 121, "here", "cpu", 1, False, number, steps, steps, 15.0, 2000.0)
    return (f"r{number:07d}", f"classroom-{number}", state, config, "classroom", *facts, "", "", summary, False)


def _values(runs: int, steps: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(0)
    noise = [chance.gauss(0, 0.05) for _ in range(997)]
    for number in range(runs):
        for key in KEYS:
            for step in range(1, steps + 1):
                value = 2 * math.exp(-step / steps) + noise[(step * 7 + number) % 997]
                yield f"r{number:07d}", key, step, 1, step / 28, step * 0.05, value


@contextmanager
def logging(store: RunStore) -> Iterator[str]:
    """A run of this process that logs twice a second, as a worker does; its id."""
    run = store.create(get("classroom").config(), name="live", here=True)
    store.move(run.run_id, "running")
    over = threading.Event()

    def log() -> None:
        for step in range(1, 10**6):
            values = {key: math.exp(-step / 100) for key in KEYS}
            store.add_metrics(run.run_id, 1, [MetricRow(step, step / 28, step * 0.5, values)])
            store.set_progress(run.run_id, Progress(step, 10**6, step / 28, 2000.0, 100.0, "training"))
            if over.wait(0.5):
                return

    thread = threading.Thread(target=log)
    thread.start()
    try:
        yield run.run_id
    finally:
        over.set()
        thread.join()
        store.move(run.run_id, "finished")


def poll_store(store: RunStore, run_id: str, rounds: int) -> list[float]:
    """Seconds of reading what is new of all curves, of a run that logs."""
    after, times = dict.fromkeys(SEEN, -1), []
    for _ in range(rounds):
        started = time.perf_counter()
        found = store.curves(run_id, after)
        times.append(time.perf_counter() - started)
        after |= {key: points[-1][0] for key, points in found.items() if points}
        time.sleep(0.5)
    return times


def opened(page: Page, url: str, path: str, what: str) -> float:
    """From the request of an address to what is looked for."""
    started = time.perf_counter()
    page.goto(f"{url}/{path}", wait_until="commit")
    page.locator(what).first.wait_for(state="visible", timeout=120_000)
    return time.perf_counter() - started


def clicked(page: Page) -> float:
    """From a click on Runs in the navigation to the table."""
    page.get_by_role("link", name="Lab", exact=True).first.click()
    page.get_by_role("heading", name="BYOL Lab", level=1).wait_for(state="visible")
    page.wait_for_timeout(1500)
    started = time.perf_counter()
    page.get_by_role("link", name="Runs", exact=True).first.click()
    page.locator(TABLE).first.wait_for(state="visible", timeout=120_000)
    return time.perf_counter() - started


def browse(url: str, run: str, rounds: int) -> dict[str, list[float]]:
    """Seconds in a real browser; a first round warms the server and is left out."""
    executable = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        found: dict[str, list[float]] = {CLICK: [], ADDRESS: [], RUN: []}
        for _ in range(rounds + 1):
            found[ADDRESS].append(opened(page, url, "runs", TABLE))
            found[CLICK].append(clicked(page))
            found[RUN].append(opened(page, url, f"runs?run={run}", CHART))
        browser.close()
    return {what: times[1:] for what, times in found.items()}


def measure(home: Path, rounds: int) -> dict[str, list[float]]:
    """All seconds of a store that is there."""
    store = RunStore(home)
    with served(str(home)) as url, logging(store) as live:
        found = {POLL_STORE: poll_store(store, live, 4 * rounds)}
        asyncio.run(watch(url, ["home"], 1, 12, 12))  # the server's imports are over
        found[POLL_PAGE] = asyncio.run(watch(url, [f"runs?run={live}"], 1, 20, 20)).polls
        return found | browse(url, "r0000007", rounds)


def requirements(found: dict[str, list[float]]) -> list[Requirement]:
    """What a long history may cost."""
    return [
        Requirement("Runs opens, from a click, s", 1.5, middle(found[CLICK]), most=True),
        Requirement("Runs opens, from its address, s", 1.5, middle(found[ADDRESS]), most=True),
        Requirement("a poll of a live chart, in the store, s", 0.05, middle(found[POLL_STORE]), most=True),
        Requirement("a poll of a live chart, through the server, s", 0.05, middle(found[POLL_PAGE]), most=True),
    ]


def report(chosen: argparse.Namespace, built: dict[str, float], found: dict[str, list[float]]) -> str:
    """The tables."""
    size = f"{chosen.runs:,} runs, {chosen.rows:,} logged values, {built['bytes'] / 1e9:.2f} GB of SQLite"
    took = f", filled in {built['seconds']:.0f} s" if built["seconds"] else ""
    rows = [[what, spread(times), len(times)] for what, times in found.items()]
    return "\n\n".join(
        [f"{size}{took}.", table(["", "seconds, median (range)", "n"], rows), "## Required",
         requirements_table(requirements(found))]
    )  # fmt: skip


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--runs", type=int, default=2000)
    options.add_argument("--rows", type=int, default=20_000_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--home", type=Path, help="where the store is built, and used again when it is there")
    found = options.parse_args()
    if found.quick:
        found.runs, found.rows, found.rounds = 100, 100_000, 1
    return found


def main() -> None:
    """Build, measure, print."""
    chosen, machine = arguments(), describe()
    with tempfile.TemporaryDirectory() as temporary:
        home = chosen.home or Path(temporary)
        seconds = 0.0 if (home / "lab.sqlite").exists() else build(home, chosen.runs, chosen.rows)
        found = measure(home, chosen.rounds)
        built = {"seconds": seconds, "bytes": float((home / "lab.sqlite").stat().st_size)}
    required = [each.as_dict() for each in requirements(found)]
    data = {"machine": machine, "built": built, "seconds": found, "required": required}
    show(chosen, "history", data, f"{heading('A long history', machine)}\n\n{report(chosen, built, found)}")


if __name__ == "__main__":
    guarded(main)
