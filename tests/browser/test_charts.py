"""Every chart of a run and of a comparison shows what is chosen, whatever was chosen before."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Page, TimeoutError

from app.runs import curves, system
from byol_core.config import presets
from byol_core.events import MetricRow
from byol_core.health import signs
from byol_core.runs.run import Run
from tests.browser.conftest import PATIENCE, Served

STEPS = range(1, 61)
PER_EPOCH, SECONDS = 10, 10.0  # steps in an epoch, seconds of a step
KEYS = (*curves.KEYS, *signs.keys("representation"), *signs.keys("projection"), *system.KEYS)
SPREAD = "projection_std_ratio"  # what the lesson on collapse is about
COMPARED = ("loss", "knn_accuracy", SPREAD)
End = tuple[float, float]
Drawing = Mapping[str, Sequence[End]]  # of each chart, by its key, where its lines end

# Read from the paths that are painted, not from what plotly was told. Pixels, and where the wanted ends would be.
PAINTED = """(wanted) => {
  const shown = [...document.querySelectorAll(".js-plotly-plot")].filter((plot) => plot._fullLayout && plot.offsetWidth)
  const keyOf = (plot) => plot.closest("[class*=st-key-]").className.match(/st-key-([\\w-]+)/)[1]
  const endOf = (path) => path.getAttribute("d").match(/[-\\d.e]+/g).slice(-2).map(Number)
  return Object.fromEntries(shown.map((plot) => {
    const { xaxis, yaxis } = plot._fullLayout
    const painted = [...plot.querySelectorAll(".scatterlayer path.js-line")].map(endOf)
    const places = (wanted[keyOf(plot)] ?? []).map(([x, y]) => [xaxis.d2p(x), yaxis.d2p(y)])
    const extra = painted.filter((end) => {
      const found = places.findIndex((place) => Math.hypot(end[0] - place[0], end[1] - place[1]) < 1)
      if (found >= 0) places.splice(found, 1)
      return found < 0
    })
    return [keyOf(plot), { missing: places, extra }]
  }))
}"""
AS_WANTED = f"""(wanted) => {{
  const charts = ({PAINTED})(wanted)
  return Object.keys(charts).sort().join() === Object.keys(wanted).sort().join()
    && Object.values(charts).every(({{ missing, extra }}) => !missing.length && !extra.length)
}}"""


@dataclass(frozen=True)
class Chosen:
    """How the curves are to be seen."""

    axis: str = "epoch"
    smooth: float = 0.0
    log_y: bool = False

    def x(self, step: int) -> float:
        return {"step": step, "epoch": step / PER_EPOCH, "time": step * SECONDS / 60}[self.axis]


def value(place: int, key: str, step: int) -> float:
    """Of the run at this place; no two curves end alike, and a learning rate is small."""
    scale = 1e-5 if key == "learning_rate" else 1.0
    return scale * (1 + place / 7 + (KEYS.index(key) + 1) * step / len(STEPS))


def smoothed(values: Sequence[float], weight: float) -> float:
    """The last value of a moving average that forgets the share ``1 - weight`` at each of 500 pieces of the axis."""
    kept = weight ** (500 / (len(values) - 1))
    sum_, share = values[0] * (1 - weight), 1 - weight
    for each in values[1:]:
        sum_, share = sum_ * kept + each * (1 - kept), share * kept + 1 - kept
    return sum_ / share


def line(place: int, key: str, chosen: Chosen) -> list[End]:
    """What is drawn of one curve: with smoothing, what was measured stays behind it."""
    values, x = [value(place, key, step) for step in STEPS], chosen.x(STEPS[-1])
    if not chosen.smooth or key in ("learning_rate", "tau"):
        return [(x, values[-1])]
    return [(x, values[-1]), (x, smoothed(values, chosen.smooth))]


def band(places: Sequence[int], key: str, chosen: Chosen) -> list[End]:
    """What is drawn of runs that differ in their seed: mean, and one deviation above and below."""
    last = [line(place, key, chosen)[-1][1] for place in places]
    mean, sd = statistics.fmean(last), statistics.stdev(last)
    return [(chosen.x(STEPS[-1]), at) for at in (mean - sd, mean, mean + sd)]


def level(at: float | None, chosen: Chosen) -> list[End]:
    return [] if at is None or (chosen.log_y and at <= 0) else [(chosen.x(STEPS[-1]), at)]


def curves_tab(chosen: Chosen) -> Drawing:
    drawn = {key: line(0, key, chosen) for key in curves.KEYS if key != "std_ratio"}
    drawn[SPREAD] += level(signs.ALARM, chosen)
    return {f"chart-{key}": ends for key, ends in drawn.items()}


def health_tab(chosen: Chosen, space: str) -> Drawing:
    return {
        f"health-{sign.key}": line(0, sign.key_of(space), chosen) + level(sign.level, chosen)
        for sign in signs.SIGNS.values()
    }


def system_tab(chosen: Chosen) -> Drawing:
    return {f"system-{key}": line(0, key, chosen) for key in system.KEYS}


def compared(chosen: Chosen, keys: Sequence[str] = COMPARED, together: bool = True) -> Drawing:
    def lines(key: str) -> list[End]:
        rest = band((1, 2), key, chosen) if together else line(1, key, chosen) + line(2, key, chosen)
        return line(0, key, chosen) + rest + (level(signs.ALARM, chosen) if key == SPREAD else [])

    return {f"compare-{key}": lines(key) for key in keys}


@pytest.fixture(scope="module")
def runs(served: Served) -> list[Run]:
    """Three runs that are over; the last differs from the second in its seed alone."""
    return [ended(served, place, *settings) for place, settings in enumerate(((0.5, 0), (1.0, 0), (1.0, 1)))]


def ended(served: Served, place: int, strength: float, seed: int) -> Run:
    config = presets.get("collapse-demo").config().changed(**{"views.strength": strength, "seed": seed})
    run = served.store.create(config, name=f"run {place}", preset="collapse-demo", here=True)
    served.store.move(run.run_id, "running")
    rows = [
        MetricRow(step, step / PER_EPOCH, step * SECONDS, {key: value(place, key, step) for key in KEYS})
        for step in STEPS
    ]
    served.store.add_metrics(run.run_id, 1, rows)
    return served.store.move(run.run_id, "stopped")


def shows(page: Page, wanted: Drawing) -> None:
    """Wait until these charts, and no others, are painted, with these lines and no others."""
    told = {key: [list(end) for end in ends] for key, ends in wanted.items()}
    try:
        page.wait_for_function(AS_WANTED, arg=told, timeout=PATIENCE)
    except TimeoutError:
        found = page.evaluate(PAINTED, told)
        assert found == {key: {"missing": [], "extra": []} for key in wanted}
        raise


def opens(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()


def toggled(page: Page) -> Iterable[Chosen]:
    """Every way to see curves, one change after another, back to the first."""
    chosen = Chosen()
    yield chosen
    for change, value_ in (
        *(("axis", "step"), ("smooth", 0.99), ("log_y", True), ("axis", "time"), ("log_x", True)),
        *(("smooth", 0.0), ("axis", "epoch"), ("log_y", False), ("log_x", False)),
    ):
        if change == "axis":
            page.get_by_role("radio", name=str(value_), exact=True).click()
        elif change == "smooth":
            page.get_by_role("slider", name="Smoothing").press("End" if value_ else "Home")
        else:
            page.get_by_role("button", name=change.replace("_", " ")).click()
        if change != "log_x":
            chosen = replace(chosen, **{change: value_})
        yield chosen


def test_the_curves_of_a_run_are_as_chosen(page: Page, served: Served, runs: list[Run]) -> None:
    page.goto(f"{served.url}/runs?run={runs[0].run_id}")
    for chosen in toggled(page):
        shows(page, curves_tab(chosen))
    rates = "[...document.querySelectorAll('.st-key-chart-learning_rate .ytick text')].map((tick) => tick.textContent)"
    # And not 25µ; an axis that was logarithmic is drawn anew in its own time.
    page.wait_for_function(f"{rates}.length && {rates}.every((rate) => /^[\\d.]+$/.test(rate))")


def test_the_signs_of_health_are_of_the_chosen_vectors(page: Page, served: Served, runs: list[Run]) -> None:
    page.goto(f"{served.url}/runs?run={runs[0].run_id}&show=health")
    for space, chosen in zip(itertools.cycle(("representation", "projection")), toggled(page)):
        page.get_by_role("radio", name=space.capitalize()).click()
        shows(page, health_tab(chosen, space))


def test_the_gauges_of_the_machine_are_as_chosen(page: Page, served: Served, runs: list[Run]) -> None:
    page.goto(f"{served.url}/runs?run={runs[0].run_id}&show=system")
    for chosen in toggled(page):
        shows(page, system_tab(chosen))


def test_every_tab_of_a_run_shows_its_own_charts_again_and_again(page: Page, served: Served, runs: list[Run]) -> None:
    page.goto(f"{served.url}/runs?run={runs[0].run_id}")
    for _ in range(2):
        opens(page, "Curves")
        shows(page, curves_tab(Chosen()))
        opens(page, "Health")
        shows(page, health_tab(Chosen(), "projection"))
        opens(page, "System")
        shows(page, system_tab(Chosen()))
        for tab in ("Log", "Settings"):
            opens(page, tab)
            shows(page, {})


def test_the_curves_of_a_comparison_are_as_chosen(page: Page, served: Served, runs: list[Run]) -> None:
    page.goto(address(served, runs))
    for together, chosen in zip(itertools.cycle((False, True)), toggled(page)):
        page.get_by_text("Seeds as one line").click()
        shows(page, compared(chosen, together=together))


def test_every_tab_of_a_comparison_shows_its_own_charts(page: Page, served: Served, runs: list[Run]) -> None:
    page.goto(address(served, runs))
    for _ in range(2):
        shows(page, compared(Chosen()))
        first, second = page.locator(".byol-legend button").all()
        first.click()  # hides its line
        shows(page, {key: ends[1:] for key, ends in compared(Chosen()).items()})
        second.click()
        first.click()  # not twice in a row, which would show it alone
        shows(page, {key: [*ends[:1], *ends[4:]] for key, ends in compared(Chosen()).items()})
        second.click()
        for tab in ("Table", "Settings"):
            opens(page, tab)
            shows(page, {})
        opens(page, "System")
        shows(page, compared(Chosen(), system.KEYS))
        opens(page, "Curves")


def test_a_curve_that_is_no_longer_chosen_takes_its_chart_with_it(page: Page, served: Served, runs: list[Run]) -> None:
    page.goto(address(served, runs))
    shows(page, compared(Chosen()))
    page.get_by_role("combobox", name="Curves").press("Backspace")
    shows(page, compared(Chosen(), COMPARED[:-1]))


def address(served: Served, runs: Sequence[Run]) -> str:
    return f"{served.url}/runs?compare={','.join(run.run_id for run in runs)}"
