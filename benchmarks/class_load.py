"""What a class that looks on costs the training: 40 viewers of one shared app while a run trains, on loopback.

python benchmarks/class_load.py [--tabs 40] [--seconds 60] [--rounds 3] [--quick] [--json] [--write]

In turn, the training alone and with the tabs on; its speed is the steps between the two ends of each turn, from the
store. The tabs go round the run's live page, the Lab, Runs and a map, stay half a minute on each, and poll as the
server tells them (see viewers.py). They stand for other machines: here they let everybody else go first.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from common import (
    Requirement,
    describe,
    guarded,
    heading,
    in_turn,
    middle,
    parser,
    requirements_table,
    show,
    spread,
    table,
)
from pages import ROOT, free_port, wait
from viewers import Seen, elsewhere

from byol_core.runs.store import RunStore
from byol_core.sharing import HASH_VARIABLE, hash_passphrase, make_passphrase

STAY = 30.0  # seconds that a tab stays on a page
COMPLAINT = re.compile(r"^.*(?:Traceback|Error|Exception|Warning).*$", re.M)


class Lab:
    """The app in a home of its own, with a run that outlasts the benchmark."""

    def __init__(self, home: Path) -> None:
        self.home, self.log = home, home / "server.log"
        home.mkdir(parents=True, exist_ok=True)
        hashed = hash_passphrase(make_passphrase())  # nobody signs in
        self.environment = {**os.environ, "BYOL_LAB_HOME": str(home), HASH_VARIABLE: hashed}

    def __enter__(self) -> Lab:
        port = free_port()
        command = [sys.executable, "-m", "byol_core.cli", "app", "--share", "--port", str(port)]
        with self.log.open("w") as log:
            self.server = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.url = wait(f"http://localhost:{port}")
        self.store = RunStore(self.home)
        self.run = self._train()
        return self

    def _train(self) -> str:
        settings = ["--preset", "classroom", "--set", "epochs=5000", "--set", "steps=null", "--queue", "--json"]
        command = [sys.executable, "-m", "byol_core.cli", "train", *settings]
        made = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        run: str = json.loads(made.stdout)["run_id"]
        while self.store.get(run).step < 50:
            time.sleep(0.5)
        return run

    def __exit__(self, *_: object) -> None:
        self.store.request_stop(self.run)
        while self.store.get(self.run).live:
            time.sleep(0.5)
        self.server.terminate()
        self.server.wait(30)

    def cpu_seconds(self) -> float:
        """What the server has used of the processor."""
        used = psutil.Process(self.server.pid).cpu_times()
        return used.user + used.system


def turn(lab: Lab, tabs: int, seconds: float) -> dict[str, Any]:
    """Steps a second of wall time, with so many tabs on."""
    paths = _paths(lab)
    viewers = elsewhere(lab.url, paths, tabs, STAY + seconds, STAY) if tabs else None
    time.sleep(STAY if tabs else 3.0)  # until the last tab is there
    speed, server = _speed(lab, seconds)
    seen = json.loads(viewers.communicate()[0]) if viewers else asdict(Seen())
    return {"tabs": tabs, "speed": speed, "server": server, **seen}


def _paths(lab: Lab) -> list[str]:
    run = f"runs?run={lab.run}"
    return [run, "home", run, "runs", run, "embeddings?run=byol-tiny"]


def _speed(lab: Lab, seconds: float) -> tuple[float, float]:
    """Steps a second between two looks, and how much of one core the server used."""
    first, started, used = lab.store.get(lab.run).step, time.perf_counter(), lab.cpu_seconds()
    time.sleep(seconds)
    done = lab.store.get(lab.run).step - first
    taken = time.perf_counter() - started
    return done / taken, (lab.cpu_seconds() - used) / taken


def measure(chosen: argparse.Namespace, home: Path) -> dict[str, Any]:
    """All turns, and what the server complained of."""
    with Lab(home) as lab:
        turn(lab, 2, 5.0)  # the server's imports are over
        orders = (in_turn([0, chosen.tabs], number) for number in range(chosen.rounds))
        turns = [turn(lab, tabs, chosen.seconds) for order in orders for tabs in order]
    return {"turns": turns, "log": COMPLAINT.findall(lab.log.read_text())}


def kept(found: dict[str, Any]) -> list[float]:
    """The share of its speed that the training kept, in each round."""
    speeds: dict[bool, list[float]] = {True: [], False: []}
    for each in found["turns"]:
        speeds[each["tabs"] > 0].append(each["speed"])
    return [watched / alone for watched, alone in zip(speeds[True], speeds[False], strict=True)]


def percentile(values: list[float], share: float) -> float | None:
    """The value that so large a share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def gathered(found: dict[str, Any], key: str) -> list[Any]:
    """What all turns with tabs saw."""
    return [value for each in found["turns"] for value in each[key]]


def requirements(found: dict[str, Any]) -> list[Requirement]:
    """What a class may cost."""
    wrong = len(found["log"]) + len(gathered(found, "complaints"))
    return [
        Requirement("share of its speed that the training keeps", 0.9, middle(kept(found))),
        Requirement("pages, 95th percentile, s", 2.0, percentile(gathered(found, "pages"), 0.95), most=True),
        Requirement("errors in the log or on a page", 0, wrong, most=True),
    ]


def report(chosen: argparse.Namespace, found: dict[str, Any]) -> str:
    """The tables."""
    watched = [each for each in found["turns"] if each["tabs"]]
    alone = [each for each in found["turns"] if not each["tabs"]]
    pages, polls = gathered(found, "pages"), gathered(found, "polls")
    rows = [
        ["training alone, steps/s", spread(each["speed"] for each in alone)],
        [f"training with {chosen.tabs} tabs on, steps/s", spread(each["speed"] for each in watched)],
        ["kept, within a round", spread(kept(found))],
        ["the server, cores", spread(each["server"] for each in watched)],
        [f"opening a page, s (n = {len(pages)})", spread(pages)],
        ["opening a page, 95th percentile, s", spread([percentile(pages, 0.95)])],
        [f"a poll, s (n = {len(polls)})", spread(polls)],
        ["a poll, 95th percentile, s", spread([percentile(polls, 0.95)])],
    ]
    wrong = found["log"] + gathered(found, "complaints")
    said = "Nothing was wrong in the log or on a page." if not wrong else f"Wrong: {wrong[:5]}"
    about = f"{chosen.tabs} tabs, {chosen.rounds} rounds of {chosen.seconds:.0f} s each way; median (range). {said}"
    return "\n\n".join([about, table(["", "measured"], rows), "## Required", requirements_table(requirements(found))])


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--tabs", type=int, default=40)
    options.add_argument("--seconds", type=float, default=60.0, help="of each turn")
    options.add_argument("--rounds", type=int, default=3)
    found = options.parse_args()
    if found.quick:
        found.seconds, found.rounds = 15.0, 1
    return found


def main() -> None:
    """Measure and print."""
    chosen, machine = arguments(), describe()
    with tempfile.TemporaryDirectory() as temporary:
        found = measure(chosen, Path(temporary))
    required = [each.as_dict() for each in requirements(found)]
    data = {"machine": machine, **found, "required": required}
    show(chosen, "class_load", data, f"{heading('A class looks on', machine)}\n\n{report(chosen, found)}")


if __name__ == "__main__":
    guarded(main)
