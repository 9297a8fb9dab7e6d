"""What speaking two languages costs: opening a page before and now, in English and in Chinese, and a switch.

python benchmarks/language.py [--before 8aa92e3] [--rounds 20] [--quick] [--json] [--write]     (needs Chromium)

Opening is the time of the script of a page, through Streamlit's AppTest, in three processes that take turns: the code
of an earlier commit, and this code in either language. A first round warms them and is left out. A switch is measured
in a real browser, from the click until nothing on the page changes any more.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import common
from common import Requirement

ROOT = Path(__file__).parents[1]
BEFORE, ENGLISH, CHINESE = "before", "now, English", "now, Chinese"
CONTENDERS = (BEFORE, ENGLISH, CHINESE)
LANGUAGES = {ENGLISH: "en", CHINESE: "zh_CN"}
# What is opened: the file of the page, and its address.
PAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Lab": ("home", {}),
    "Runs": ("runs", {}),
    "a run": ("runs", {"run": "byol-tiny"}),
    "Augment": ("augment", {}),
    "Embeddings": ("embeddings", {"run": "byol-tiny", "method": "PCA"}),
}
ADDRESSES = {"Runs": "runs", "a run": "runs?run=byol-tiny", "Augment": "augment", "Embeddings": "embeddings"}
MORE, SWITCH = 1.05, 0.5  # at most: of the time of before, and seconds of a switch
SETTLED_MS = 2500  # of a switch, until everything has changed for sure

# The process of a contender: it reads a page and its address a line, and writes the seconds.
OPENER = """
import json, sys, time
from streamlit.testing.v1 import AppTest
main, known = sys.argv[1], {}
for line in sys.stdin:
    page, address = json.loads(line)
    app = AppTest.from_file(main, default_timeout=300)
    if not known:
        known.update(app.run()._registered_pages)
    app._registered_pages = known
    app.query_params.clear()
    for name, value in address.items():
        app.query_params[name] = value
    app.switch_page(page + "/page.py")
    started = time.perf_counter()
    app.run()
    seconds = time.perf_counter() - started
    assert not app.exception, app.exception
    print("seconds", seconds, flush=True)
"""
WATCH = """(button) => {
  let last = 0
  const watcher = new MutationObserver(() => { last = performance.now() })
  watcher.observe(document.body, { childList: true, subtree: true, characterData: true })
  const start = performance.now()
  button.click()
  return new Promise((done) => setTimeout(() => { watcher.disconnect(); done((last - start) / 1000) }, %d))
}"""


@contextmanager
def earlier(commit: str) -> Iterator[Path]:
    """The code of a commit, in a folder of its own."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if packed.returncode:
        common.leave(f"There is no commit {commit} here: {packed.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
        yield Path(folder)


@contextmanager
def opener(code: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that opens pages of this code, in a home that has the demo run alone."""
    with tempfile.TemporaryDirectory() as home:
        mine = {"BYOL_LAB_HOME": home, "BYOL_LAB_WARM_UP": "0", "PYTHONPATH": str(code)}
        process = subprocess.Popen(
            [sys.executable, "-c", OPENER, str(code / "app" / "navigation.py")],
            cwd=code,
            env={**os.environ, **mine},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def seconds(process: subprocess.Popen[str], page: str, language: str | None) -> float:
    """Of the script of a page."""
    assert process.stdin and process.stdout
    file, address = PAGES[page]
    asked = {**address, "lang": language} if language else address
    process.stdin.write(json.dumps([file, asked]) + "\n")
    process.stdin.flush()
    said = next((line for line in process.stdout if line.startswith("seconds ")), None)
    return float((said or common.leave(f"The page {page} could not be opened.")).split()[1])


def opened(before: Path, rounds: int) -> list[dict[str, dict[str, float]]]:
    """By round, contender and page."""
    found = []
    with ExitStack() as stack:
        codes = {BEFORE: before, ENGLISH: ROOT, CHINESE: ROOT}
        processes = {name: stack.enter_context(opener(code)) for name, code in codes.items()}
        for number in range(rounds + 1):
            turns: dict[str, dict[str, float]] = {name: {} for name in CONTENDERS}
            for page in PAGES:
                for name in common.in_turn(CONTENDERS, number):
                    turns[name][page] = seconds(processes[name], page, LANGUAGES.get(name))
            found.append(turns)
            common.say(f"round {number} of {rounds}")
    return found[1:]


def switched(rounds: int) -> dict[str, list[float]]:
    """Seconds of switches to and fro, by page."""
    from pages import ARGUMENTS, chromium, served
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as home, served(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB").new_page()
        for name, address in ADDRESSES.items():
            page.goto(f"{url}/{address}")
            page.locator(".st-key-language_zh_CN button").wait_for(state="visible", timeout=60_000)
            page.wait_for_timeout(2 * SETTLED_MS)
            times = []
            for number in range(2 * rounds + 2):
                button = page.locator(f".st-key-language_{('zh_CN', 'en')[number % 2]} button")
                times.append(float(button.evaluate(WATCH % SETTLED_MS)))
            found[name] = times[2:]
        browser.close()
    return found


def slower(rounds: Sequence[Mapping[str, Mapping[str, float]]], name: str, page: str) -> list[float]:
    """The time of a contender over that of before, by round."""
    return common.ratios(rounds, name, BEFORE, page)


def requirements(
    rounds: Sequence[Mapping[str, Mapping[str, float]]], switches: Mapping[str, Sequence[float]]
) -> list[Requirement]:
    """What two languages may cost."""
    required = [
        Requirement(f"{page}, {name} / before", MORE, common.middle(slower(rounds, name, page)), most=True)
        for page in PAGES
        for name in (ENGLISH, CHINESE)
    ]
    return required + [
        Requirement(f"a switch on {page}, s", SWITCH, common.middle(times), most=True)
        for page, times in switches.items()
    ]


def report(
    rounds: Sequence[Mapping[str, Mapping[str, float]]], switches: Mapping[str, Sequence[float]], machine: Any
) -> str:
    """The tables."""
    rows = [
        [
            page,
            *(common.spread(1000 * turns[name][page] for turns in rounds) for name in CONTENDERS),
            *(common.spread(slower(rounds, name, page)) for name in (ENGLISH, CHINESE)),
        ]
        for page in PAGES
    ]
    header = ["page", *(f"{name}, ms" for name in CONTENDERS), "English / before", "Chinese / before"]
    switch = [[page, common.spread(times), len(times)] for page, times in switches.items()]
    return "\n\n".join(
        [
            common.heading("Two languages", machine),
            f"{common.counted(len(rounds), 'round')}; medians with their range, ratios within a round.",
            common.requirements_table(requirements(rounds, switches)),
            common.table(header, rows),
            common.table(["page", "s of a switch", "n"], switch),
        ]
    )


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = common.parser(__doc__)
    options.add_argument("--before", default="8aa92e3", help="the commit that is compared with")
    options.add_argument("--rounds", type=int, default=20)
    found = options.parse_args()
    if found.quick:
        found.rounds = 2
    return found


def main() -> None:
    """Measure, print, and write where asked."""
    chosen = arguments()
    machine = common.describe()
    machine["versions"] |= common.installed(["streamlit", "babel", "playwright"])
    with earlier(chosen.before) as before:
        rounds = opened(before, chosen.rounds)
    switches = switched(1 if chosen.quick else 5)
    required = [each.as_dict() for each in requirements(rounds, switches)]
    data = {"machine": machine, "rounds": rounds, "switches": switches, "required": required}
    common.show(chosen, "language", data, report(rounds, switches, machine))


if __name__ == "__main__":
    common.guarded(main)
