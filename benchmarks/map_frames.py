"""The embedding map in a real browser: frames while dragged, hover, readiness and memory, beside plotly's scattergl.

python benchmarks/map_frames.py [--rounds 3] [--quick] [--json] [--write]      (needs Chromium or Chrome on the PATH)

Both draw the same points on the same page (map_page.py), by turns. A frame is one that the page could show while the
map was dragged in circles by the mouse: the browser gives the next only when the last is drawn. Hover is from the
mouse's event to the first frame with the card (plotly: to its hover event). Ready is from the mounting of the map, the
points at hand on the server, to the first frame with points. Memory is that of the tab's own process.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from typing import Any

import common
import psutil
from common import Requirement
from pages import ARGUMENTS, chromium, served
from playwright.sync_api import Browser, Page, sync_playwright

WHO = ("byol-lab", "plotly")
KEYS = ("fps", "drawn", "hover_ms", "ready_s", "tab_mib")
SIZES = (5_000, 60_000)
MAP = {"byol-lab": ".byol-map-plot", "plotly": ".plotly-map"}
READY = {
    "byol-lab": "() => globalThis.byolMaps?.bench?.frames > 0",
    "plotly": "() => document.querySelector('.plotly-map')?.dataset.ready === 'yes'",
}
# Counts the frames that the browser gave to the page since it was asked.
COUNT = """() => { globalThis.given = 0; globalThis.began = performance.now()
  const next = () => { globalThis.given += 1; globalThis.ticking = requestAnimationFrame(next) }
  cancelAnimationFrame(globalThis.ticking); next() }"""
COUNTED = "() => 1000 * globalThis.given / (performance.now() - globalThis.began)"


def drag(page: Page, where: str, seconds: float) -> tuple[float, float]:
    """Frames a second while the map is dragged in circles, and how many per cent of the points the last of them had."""
    box = page.locator(where).first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(COUNT)
    ends, turn = time.perf_counter() + seconds, 0
    while time.perf_counter() < ends:
        turn += 1
        page.mouse.move(x + (turn % 40 - 20) * 3, y + (turn // 3 % 30 - 15) * 3)
    frames = float(page.evaluate(COUNTED))
    part = page.evaluate("() => globalThis.byolMaps?.bench?.part ?? 1")
    page.mouse.up()
    return frames, 100 * float(part)


def hover(page: Page, where: str, who: str) -> float | None:
    """Milliseconds from the mouse's event to what tells the point under it, the median of twenty; None: none met."""
    box = page.locator(where).first.bounding_box()
    assert box
    script = HOVER_OURS if who == "byol-lab" else HOVER_PLOTLY
    found = []
    for turn in range(20):
        at = [box["x"] + box["width"] * (0.3 + 0.02 * turn), box["y"] + box["height"] * (0.35 + 0.015 * turn)]
        page.evaluate(script)
        page.mouse.move(*at)
        page.wait_for_timeout(150)
        if (taken := page.evaluate("() => globalThis.took")) is not None:
            found.append(float(taken))
    return common.middle(found)


_LISTEN = """() => { globalThis.took = null; let began = 0
  document.addEventListener('pointermove', () => { began ||= performance.now() }, { capture: true, once: true })
  const look = () => { if (!began) return requestAnimationFrame(look)
    %s
    if (performance.now() - began < 140) requestAnimationFrame(look) }
  requestAnimationFrame(look) }"""
HOVER_OURS = _LISTEN % (
    "const card = document.querySelector('.byol-map-card');"
    "if (card && !card.hidden) { globalThis.took = performance.now() - began; return }"
)
HOVER_PLOTLY = _LISTEN % "if (globalThis.hovered > began) { globalThis.took = globalThis.hovered - began; return }"


def renderer_mib(browser: Browser) -> float:
    """Proportional memory of the largest renderer, which is the tab's."""
    session = browser.new_browser_cdp_session()
    listed = session.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [psutil.Process(p["id"]).memory_full_info().pss for p in listed if p["type"] == "renderer"]
    return float(max(sizes)) / 2**20


def turn(browser: Browser, url: str, who: str, n: int, seconds: float) -> dict[str, Any]:
    """One contender with so many points, in a tab of its own."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{url}/?who={who}&n={n}")
    page.wait_for_function(READY[who], timeout=120_000)  # the server has everything at hand from now on
    started = time.perf_counter()
    page.reload()
    page.wait_for_function(READY[who], timeout=120_000, polling=20)
    found: dict[str, Any] = {"ready_s": time.perf_counter() - started}
    page.wait_for_timeout(4000)
    found["fps"], found["drawn"] = drag(page, MAP[who], seconds)
    page.wait_for_timeout(500)
    found["hover_ms"] = hover(page, MAP[who], who)
    found["tab_mib"] = renderer_mib(browser)
    if who == "byol-lab":
        found |= {f"own_{name}": value for name, value in page.evaluate("() => globalThis.byolMaps.bench").items()}
    page.close()
    return found


def measure(rounds: int, seconds: float, sizes: Sequence[int]) -> dict[int, list[dict[str, dict[str, Any]]]]:
    """The turns of every round, for each number of points."""
    with (
        tempfile.TemporaryDirectory() as home,
        served(home, "benchmarks/map_page.py") as url,
        sync_playwright() as playwright,
    ):
        found: dict[int, list[dict[str, dict[str, Any]]]] = {n: [] for n in sizes}
        for number in range(rounds):
            for n in sizes:
                found[n].append({})
                for who in common.in_turn(WHO, number):
                    browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
                    found[n][-1][who] = turn(browser, url, who, n, seconds)
                    browser.close()
                    common.say(f"round {number + 1}, {n:,} points, {who}: {found[n][-1][who]}")
    return found


def requirements(found: dict[int, list[dict[str, dict[str, Any]]]]) -> list[Requirement]:
    """What the map has to reach."""
    least, most = found[min(found)], found[max(found)]

    def own(key: str) -> float | None:
        return common.middle(common.of(most, "byol-lab", key))

    return [
        Requirement(
            f"frames with {max(found):,} points, times plotly's",
            4.0,
            common.middle(common.ratios(most, *WHO, "fps")),
        ),
        Requirement(
            f"frames a second with {min(found):,} points", 30.0, common.middle(common.of(least, "byol-lab", "fps"))
        ),
        Requirement(f"s until {max(found):,} points are there", 3.0, own("ready_s"), most=True),
        Requirement(f"ms to the card with {max(found):,} points", 50.0, own("hover_ms"), most=True),
        Requirement(f"MiB of the tab with {max(found):,} points", 1000.0, own("tab_mib"), most=True),
    ]


def report(found: dict[int, list[dict[str, dict[str, Any]]]], machine: dict[str, Any]) -> str:
    """The tables."""
    rows = [
        [
            f"{n:,}",
            who,
            *(common.spread(common.of(turns, who, key)) for key in KEYS),
        ]
        for n, turns in found.items()
        for who in WHO
    ]
    header = [
        "points",
        "drawn by",
        "frames/s while dragged",
        "% of the points drawn then",
        "hover ms",
        "ready s",
        "tab MiB",
    ]
    return "\n\n".join(
        [
            common.heading("The embedding map in a browser", machine),
            "Chromium without a display, WebGL by software (SwiftShader) on the same cores.",
            common.requirements_table(requirements(found)),
            common.table(header, rows),
        ]
    )


def main() -> None:
    """Measure, print, and write where asked."""
    parser = common.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rounds, seconds = (1, 2.0) if arguments.quick else (arguments.rounds, 4.0)
    found = measure(rounds, seconds, SIZES)
    machine = common.describe()
    machine["versions"] |= common.installed(["streamlit", "plotly", "playwright"])
    common.show(
        arguments,
        "map_frames",
        {
            "machine": machine,
            "turns": found,
            "requirements": [r.as_dict() for r in requirements(found)],
        },
        report(found, machine),
    )


if __name__ == "__main__":
    common.guarded(main)
