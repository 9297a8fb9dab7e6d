"""What is left of a queued run, of maps and of evaluations beside busy programs; and whether the page still answers.

python benchmarks/under_load.py [--seconds 20] [--rounds 5] [--quick] [--json] [--write]

The run is queued as from the form, so it has the worker's priority and a session of its own. In turn, it trains alone,
beside one busy loop a core, and beside a program that computes for 9.6 ms of each 16 ms as a browser does that plays
something; each load is a session of its own with normal priority. Speeds are compared within a round. The pages are
opened while the run trains beside the loops. Then the run is stopped, and maps and evaluations take their turns: the
run itself does not evaluate, since a turn with an evaluation in it cannot be compared with one without.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from common import (
    Requirement,
    counted,
    describe,
    disturbance,
    guarded,
    heading,
    in_turn,
    middle,
    parser,
    requirements_table,
    say,
    show,
    spread,
    table,
)
from pages import served
from turns import Others
from viewers import watch

from byol_core import jobs as warm
from byol_core.embeddings.timeline import MAP
from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import Protocol
from byol_core.runs.run import LIVE, Run
from byol_core.runs.store import RunStore

ALONE, LOOPS, BROWSER = "alone", "one busy loop a core", "60 % of one core"
LEAST = {LOOPS: 0.30, BROWSER: 0.5}
PAGE_SECONDS = 2.0
BUSY = "while True: pass"
# A fixed amount of work for each frame, and a rest until the next.
FRAMES = """
import time
frame = time.perf_counter()
while True:
    frame = max(frame + 0.016, time.perf_counter() - 0.016)
    end = time.process_time() + 0.0096
    while time.process_time() < end:
        pass
    time.sleep(max(0.0, frame - time.perf_counter()))
"""
TABS, STAY = 2, 3.0


@contextmanager
def load(kind: str) -> Iterator[None]:
    """Other programs, from here to the end of the block."""
    code = {ALONE: [], LOOPS: [BUSY] * (psutil.cpu_count() or 1), BROWSER: [FRAMES]}[kind]
    programs = [subprocess.Popen([sys.executable, "-c", each], start_new_session=True) for each in code]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


class Lab:
    """A home with the app, and a run that the supervisor started and that outlasts the benchmark."""

    def __init__(self, home: str, url: str) -> None:
        self.home, self.url = Path(home).resolve(), url
        changed = ("epochs=5000", "steps=null", "evaluation.every=1000", "evaluation.early=false")
        settings = ["--preset", "classroom", *(f"--set={each}" for each in changed), "--queue", "--json"]
        command = [sys.executable, "-m", "byol_core.cli", "train", *settings]
        environment = {**os.environ, "BYOL_LAB_HOME": home}
        made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        self.run_id: str = json.loads(made.stdout)["run_id"]
        self.store = RunStore(self.home)
        self.made = 0  # maps and evaluations, each of which is another one
        while self.run.step < 100 and self.run.state in ("queued", *LIVE):
            time.sleep(0.5)

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return self.store.get(self.run_id)

    def speed(self, seconds: float) -> float:
        """Steps a second, from one word on how far it is to another."""
        first = self._logged()
        time.sleep(seconds)
        steps, took = (now - before for now, before in zip(self._logged(), first, strict=True))
        return steps / took if took > 0 else 0.0

    def _logged(self) -> tuple[int, float]:
        """The newest step, and when it was told."""
        before, end = self.run.step, time.monotonic() + 60
        while (now := self.run.step) == before and time.monotonic() < end:
            time.sleep(0.02)
        return now, time.perf_counter()

    def pages(self, seconds: float) -> dict[str, Any]:
        """How long pages take to open, in seconds, and what went wrong."""
        paths = ["home", f"runs?run={self.run_id}", "runs", "embeddings?run=byol-tiny"]
        seen = asyncio.run(watch(self.url, paths, TABS, seconds, STAY))
        return {"pages": seen.pages, "complaints": seen.complaints}

    def stop(self) -> None:
        """Stop the run, with its encoder kept."""
        self.store.request_stop(self.run_id)
        while self.run.live:
            time.sleep(0.2)

    def map(self) -> float:
        """A map that nobody has asked for, a second."""
        self.made += 1
        folder, key = self.run.folder / "embeddings" / "maps", f"under-load-{self.made}"
        task = {"space": "representation", "step": 0, "method": "UMAP"}
        task |= {"neighbors": 15, "min_dist": 0.1, "seed": self.made}
        warm.ask(self.home, MAP, folder, key, task)
        return _rate(lambda: warm.job(folder, key).state)

    def evaluation(self) -> float:
        """An evaluation that nobody has asked for, a second."""
        self.made += 1
        folder, protocol = self.run.folder, Protocol(labels="10", splits=10, seed=1000 * self.made)
        jobs.ask(self.home, folder, protocol)
        return _rate(lambda: jobs.job(folder, protocol).state)


def _rate(state: Callable[[], str]) -> float:
    started = time.perf_counter()
    while (now := state()) in ("waiting", "running"):
        time.sleep(0.02)
    if now != "ready":
        raise RuntimeError(f"it ended as {now}")
    return 1 / (time.perf_counter() - started)


def turn(kind: str, settle: float, measure: Callable[[], Any]) -> dict[str, Any]:
    """What is measured beside one kind of load, once everybody has got used to it."""
    with load(kind):
        time.sleep(settle)
        return {"load": kind, "found": measure()}


def rounds(chosen: argparse.Namespace, what: str, measure: Callable[[], float]) -> list[dict[str, Any]]:
    """All turns of one kind of work, each with its round."""
    found = []
    for number in range(chosen.rounds):
        for kind in in_turn([ALONE, LOOPS, BROWSER], number):
            found.append({"what": what, "round": number, **turn(kind, chosen.settle, measure)})
            say(f"{what}, {kind}: {found[-1]['found']:.2f}/s")
    return found


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Everything."""
    quiet = [others()]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, served(home) as url:
        lab = Lab(home, url)
        try:
            lab.pages(4 * STAY)  # the server's imports are over
            found = rounds(chosen, "training", lambda: lab.speed(chosen.seconds))
            seen = [turn(kind, chosen.settle, lambda: lab.pages(2 * chosen.seconds)) for kind in (ALONE, LOOPS)]
        finally:
            lab.stop()
        for what, ask in (("maps", lab.map), ("evaluations", lab.evaluation)):
            ask()  # what it imports is loaded
            found += rounds(chosen, what, ask)
    pages = {each["load"]: each["found"] for each in seen}
    return {"turns": found, "pages": pages, "quiet": [*quiet, others()]}


def others() -> float:
    """The share of the cores that programs of somebody else have, while nothing is measured."""
    clock = Others()
    time.sleep(3.0)
    return clock.share()


# What it shows


def kept(found: dict[str, Any], what: str, kind: str) -> list[float]:
    """The share of its speed alone that a work keeps beside a load, in each round."""
    by_round: dict[int, dict[str, float]] = {}
    for each in found["turns"]:
        if each["what"] == what:
            by_round.setdefault(each["round"], {})[each["load"]] = each["found"]
    return [speeds[kind] / speeds[ALONE] for speeds in by_round.values() if speeds.keys() >= {kind, ALONE}]


def percentile(values: list[float], share: float) -> float | None:
    """The value that so large a share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def requirements(found: dict[str, Any]) -> list[Requirement]:
    """What other programs may cost."""
    names = {each["what"]: None for each in found["turns"]}
    required = [
        Requirement(f"{what} keep of their speed, {kind}", least, middle(kept(found, what, kind)))
        for what in names
        for kind, least in LEAST.items()
    ]
    for kind, seen in found["pages"].items():
        slowest = percentile(seen["pages"], 0.95)
        required.append(
            Requirement(f"pages while a run trains, {kind}, 95th percentile, s", PAGE_SECONDS, slowest, True)
        )
    wrong = sum(len(seen["complaints"]) for seen in found["pages"].values())
    return [*required, Requirement("errors on a page", 0, wrong, most=True)]


def report(chosen: argparse.Namespace, found: dict[str, Any]) -> str:
    """The tables."""
    rows = []
    for what in dict.fromkeys(each["what"] for each in found["turns"]):
        for kind in (ALONE, LOOPS, BROWSER):
            speeds = [each["found"] for each in found["turns"] if (each["what"], each["load"]) == (what, kind)]
            share = "1" if kind == ALONE else spread(kept(found, what, kind))
            rows.append([what, kind, spread(speeds), share])
    opened = [[kind, len(seen["pages"]), spread(seen["pages"])] for kind, seen in found["pages"].items()]
    about = f"{counted(chosen.rounds, 'round')}; median (range). {disturbance(found['quiet'], 'before and after')}"
    return "\n\n".join(
        [
            about,
            table(["", "beside", "steps, maps or evaluations/s", "of its speed alone"], rows),
            table(["pages while a run trains, beside", "opened", "s"], opened),
            "## Required",
            requirements_table(requirements(found)),
        ]
    )


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=20.0, help="of each turn of the training")
    options.add_argument("--settle", type=float, default=10.0, help="seconds between the start of a load and the turn")
    options.add_argument("--rounds", type=int, default=5)
    found = options.parse_args()
    if found.quick:
        found.seconds, found.rounds = 6.0, 1
    return found


def main() -> None:
    """Measure and print."""
    chosen, machine = arguments(), describe()
    found = measure(chosen)
    required = [each.as_dict() for each in requirements(found)]
    text = f"{heading('Beside busy programs', machine)}\n\n{report(chosen, found)}"
    show(chosen, "under_load", {"machine": machine, **found, "required": required}, text)


if __name__ == "__main__":
    guarded(main)
