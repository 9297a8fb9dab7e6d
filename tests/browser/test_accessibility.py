"""Every page in both themes, as axe-core evaluates it: no serious finding, that letters can be read among them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from byol_core.evaluation.html import html
from byol_core.evaluation.protocol import Protocol
from byol_core.evaluation.report import report
from byol_core.evaluation.results import Predictions
from byol_core.runs import export_zip
from byol_core.runs.store import RunStore
from byol_core.sharing import HASH_VARIABLE, hash_passphrase
from tests.browser.answered import WHERE, answer
from tests.browser.conftest import PATIENCE, Served, settled, sign_in, still
from tests.evaluation.judged import judged
from tests.serving import ROOT, serving

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WORD = "blue-whale-42"
RUN, PAIR, MAP = "/runs?run=byol-tiny", "/runs?compare=byol-tiny,OTHER", "/embeddings?run=byol-tiny"
# Each page with what is drawn last on it. OTHER stands for the second run.
PAGES = {
    "lab": ("/", "text=What happens in a training"),
    "train": ("/train", "[data-testid=stCode]"),
    "runs": ("/runs", "[data-testid=stDataFrame] canvas"),
    "curves": (RUN, ".st-key-chart-tau .main-svg"),
    "health": (f"{RUN}&show=health", ".st-key-health-spectrum .main-svg, [data-testid=stCaptionContainer]"),
    "system": (f"{RUN}&show=system", ".byol-chart .main-svg"),
    "log": (f"{RUN}&show=log", "[data-testid=stTabs]"),
    "settings": (f"{RUN}&show=settings", "[data-testid=stDataFrame] canvas"),
    "comparison": (PAIR, ".st-key-compare-loss .main-svg"),
    "table of a comparison": (f"{PAIR}&side=table", "[data-testid=stDataFrame] canvas"),
    "settings of a comparison": (f"{PAIR}&side=settings", "[data-testid=stTabs]"),
    "map": (MAP, "[data-drawn]"),
    "two maps": (f"{MAP}&with=OTHER", ".stColumn:nth-child(2) [data-drawn]"),
    "augment": ("/augment", ".byol-views, canvas, img"),
    "result": (f"/evaluate?{WHERE}", ".main-svg"),
    "report": (f"/evaluate?{WHERE}&part=report", ".st-key-precision-recall .main-svg"),
    "few labels": (f"/evaluate?{WHERE}&part=labels", "[data-testid=stTabs]"),
    "transfer": (f"/evaluate?{WHERE}&part=transfer", ".byol-matrix td"),
    "teacher": ("/sign-in", "text=You are signed in"),
}
# Made of what other pages have as well.
NIGHTLY = ("log", "settings", "table of a comparison", "settings of a comparison", "few labels", "transfer")
GRAVE = ("serious", "critical")
OF_COLORS = ("color-contrast", "link-in-text-block")  # what another theme may change
COLORS = "(e) => getComputedStyle(e).color + getComputedStyle(e).fill"


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    if not AXE.is_file():
        if os.environ.get("CI"):
            pytest.fail("axe-core is missing ('npm ci' brings it), and in CI these tests may not be skipped")
        pytest.skip("axe-core is missing: 'npm ci' brings it")
    return AXE.read_text()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A shared lab with the demo run, which has an answer, and its twin; and the number of that."""
    folder = tmp_path_factory.mktemp("judged")
    home, log = folder / "home", folder / "server.log"
    store = RunStore(home)
    answer(store)
    (twin,) = export_zip.unpack_all(store, export_zip.pack(store, "byol-tiny", folder / "run.zip"))

    def arguments(port: int) -> list[str]:
        return ["byol_core.cli", "app", "--share", "--port", str(port)]

    with serving(
        arguments, log, {**os.environ, "BYOL_LAB_HOME": str(home), HASH_VARIABLE: hash_passphrase(WORD)}
    ) as url:
        yield Served(url, home, log), twin.run_id


@pytest.fixture(scope="module")
def teacher(browser: Browser, lab: tuple[Served, str], axe: str) -> Iterator[Page]:
    """A page of somebody who has signed in, in the light theme, that has axe wherever it goes."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sign_in(page, lab[0].url, WORD)
    yield page
    context.close()


def turn(page: Page, theme: str) -> None:
    """Into the light or the dark theme, until everything has its new color."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    ground = "getComputedStyle(document.querySelector('[data-testid=stApp]'))"
    page.wait_for_function(f"{ground}.colorScheme === '{theme}'")
    still(page, f"[...document.querySelectorAll('p, button, svg text')].map({COLORS})")


def found(page: Page, axe: str, rules: Sequence[str] = ()) -> list[str]:
    """What axe finds by all of its rules, or these, a line for each element that is at fault."""
    page.evaluate(axe)
    options = {"resultTypes": ["violations"]} | ({"runOnly": {"type": "rule", "values": list(rules)}} if rules else {})
    said: list[dict[str, Any]] = page.evaluate(
        "(options) => axe.run(document, options).then((r) => r.violations)", options
    )
    return [
        f"{one['id']}: {node['html'][:160]} {' '.join(why['message'] for why in node['any'] + node['none'])}"
        for one in said
        if one["impact"] in GRAVE or one["id"] == "heading-order"
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.nightly] * (name in NIGHTLY)) for name in PAGES]
)
def test_axe_finds_nothing_serious_in_either_theme(teacher: Page, lab: tuple[Served, str], axe: str, name: str) -> None:
    address, last = PAGES[name]
    teacher.emulate_media(color_scheme="light")
    teacher.goto(lab[0].url + address.replace("OTHER", lab[1]))
    settled(teacher, last)
    assert found(teacher, axe) == []
    turn(teacher, "dark")
    assert found(teacher, axe, OF_COLORS) == []


def test_axe_finds_nothing_serious_where_one_signs_in(page: Page, lab: tuple[Served, str], axe: str) -> None:
    page.goto(f"{lab[0].url}/sign-in")
    settled(page, "text=Everybody here has view-only access")
    assert found(page, axe) == []
    turn(page, "dark")
    assert found(page, axe, OF_COLORS) == []


def test_axe_finds_nothing_serious_in_a_downloaded_report(page: Page, axe: str) -> None:
    labels = np.arange(60) % 3
    named = (labels + (np.arange(60) % 7 == 0)) % 3
    asked = judged(Protocol(labels="10"))
    made = report(asked, Predictions(np.eye(3, dtype=np.float32)[named], np.arange(60), labels))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.set_content(html(made, asked, "run", {}))
        assert found(page, axe) == []


def test_a_fault_would_be_found(page: Page, axe: str) -> None:
    page.set_content(
        "<main><h1>Title</h1><p style='color: #999; background: #fff'>hard to read</p><button></button></main>"
    )
    assert {"color-contrast", "button-name"} <= {line.split(":")[0] for line in found(page, axe)}
