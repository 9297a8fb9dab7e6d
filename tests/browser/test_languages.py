"""Every page in a real browser in a language that nobody speaks and in Chinese, and two people with two languages.

Each page is opened once: in the first language on a small and a large window, then, by the switch, in Chinese on both.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from byol_core import language
from byol_core.config import presets, run_config
from byol_core.data import embedded
from byol_core.events import MetricRow, Progress
from byol_core.runs import export_zip
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.sharing import HASH_VARIABLE, hash_passphrase
from byol_core.system.device import describe_machine
from tests import pseudo
from tests.browser.answered import WHERE, answer
from tests.browser.conftest import PATIENCE, Served, settled, sign_in, still
from tests.serving import serving

WORD = "blue-whale-42"
CHINESE = re.compile("[\u4e00-\u9fff]")
RUN, PAIR, MAP = "/runs?run=byol-tiny", "/runs?compare=byol-tiny,OTHER", "/embeddings?run=byol-tiny"
# Each page with what is drawn last on it. OTHER stands for the second run.
PAGES = {
    "lab": ("/", "[data-testid=stMetric]"),
    "train": ("/train", "[data-testid=stCode]"),
    "augment": ("/augment", "canvas.byol-views-picture"),
    "runs": ("/runs", "[data-testid=stDataFrame] canvas"),
    "curves": (RUN, ".st-key-chart-tau .main-svg"),
    "health": (f"{RUN}&show=health", ".st-key-health-std_ratio .main-svg, .byol-chart .main-svg"),
    "comparison": (PAIR, ".st-key-compare-loss .main-svg"),
    "map": (MAP, "[data-drawn]"),
    "result": (f"/evaluate?{WHERE}", ".main-svg"),
    "report": (f"/evaluate?{WHERE}&part=report", ".st-key-precision-recall .main-svg"),
    "transfer": (f"/evaluate?{WHERE}&part=transfer", ".byol-matrix td"),
    "teacher": ("/sign-in", "[data-testid=stHeading]"),
}
NIGHTLY = ("health", "comparison", "report", "transfer", "teacher")  # of which test_every_text.py reads the texts
# Names: of this program, of methods and what they are made of, of formats and of the languages.
NAMES = """BYOL Lab English SimSiam SimCLR MoCo Barlow Twins VICReg NT Xent InfoNCE PCA UMAP SNE densMAP kNN ROC JSON
CSV HTML ONNX CPU GPU PyTorch Python EuroSAT ResNet EMA RankMe SGD SVG PNG YAML MIT Copernicus Sentinel Enter
Escape bootstrap your own latent"""
# What is typed, and what these runs are called.
CODE = "byol lab tiny run doctor set eurosat conv satellite cpu qps"
# Read by nobody, or Streamlit's own: code, icons by their names, its link to the content, what it says at work.
TEXTS = """() => {
  const apart = `script, style, noscript, canvas, code, pre, .katex, a[href="#stMain"], [data-testid=stStatusWidget],
    [data-testid=stFileUploaderDropzone], [data-testid=stTooltipContent]`
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node; (node = walker.nextNode()); ) {
    const parent = node.parentElement
    if (!node.data.trim() || parent.closest(apart) || !parent.checkVisibility({ visibilityProperty: true })) continue
    if (!getComputedStyle(parent).fontFamily.includes("Material")) found.push(node.data.trim())
  }
  return found
}"""


@contextmanager
def learning(store: RunStore) -> Iterator[Run]:
    """A run of this process that logs twice a second, as a worker does."""
    run = store.create(presets.get("classroom").config(), name="live", here=True)
    store.move(run.run_id, "running")
    over = threading.Event()

    def log() -> None:
        for step in range(1, 10**6):
            store.add_metrics(run.run_id, 1, [MetricRow(step, step / 28, step * 0.5, {"loss": 1 / step})])
            store.set_progress(run.run_id, Progress(step, 10**6, step / 28, 2000.0, 100.0, "training"))
            if over.wait(0.5):
                return

    thread = threading.Thread(target=log)
    thread.start()
    try:
        yield run
    finally:
        over.set()
        thread.join()
        store.move(run.run_id, "finished")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, languages: Path) -> Iterator[tuple[Served, str]]:
    """A shared lab that knows a third language, with the demo run, which has an answer, and its twin."""
    place = tmp_path_factory.mktemp("languages")
    home, log = place / "home", place / "server.log"
    store = RunStore(home)
    answer(store)
    (twin,) = export_zip.unpack_all(store, export_zip.pack(store, "byol-tiny", place / "run.zip"))
    variables = {"BYOL_LAB_HOME": str(home), HASH_VARIABLE: hash_passphrase(WORD), language.OTHERS: str(languages)}
    with serving(
        lambda port: ["byol_core.cli", "app", "--share", "--port", str(port)], log, {**os.environ, **variables}
    ) as url:
        yield Served(url, home, log), twin.run_id
    assert re.findall(r"^.*(?:Traceback|Error).*$", log.read_text(), re.M) == []


@pytest.fixture(scope="module")
def teacher(browser: Browser, lab: tuple[Served, str]) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sign_in(page, lab[0].url, WORD)
    yield page
    context.close()


@pytest.fixture(scope="module")
def read() -> frozenset[str]:
    """Words that are no English: names, the processor's too, classes of the embedded images, settings, their values."""
    keys = run_config.all_keys()
    words = [NAMES, CODE, describe_machine()["cpu"], *json.loads(embedded.files()[1].read_text())["class_names"], *keys]
    words += [str(run_config.field_info(key).annotation) for key in keys]
    return frozenset(re.findall("[A-Za-z]+", " ".join(words)))


def speak(page: Page, code: str) -> None:
    """Choose a language by the switch, and wait until the page has it."""
    page.locator(f".st-key-language_{code} button").click()
    expect(page.locator("html")).to_have_attribute("lang", re.compile(code.split("_")[0]))


def wrong(page: Page, read: frozenset[str], width: int) -> list[str]:
    """The texts with words of another language, and what does not fit the window."""
    page.set_viewport_size({"width": width, "height": 900})
    still(page, "document.querySelector('[data-testid=stMain]').getBoundingClientRect().width")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    texts: list[str] = page.evaluate(TEXTS)
    found = [f"{width}: {text}" for text in dict.fromkeys(texts) if pseudo.bare(text, read)]
    return found + ([f"{width}: {wide} pixels too wide"] if wide > 0 else [])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.nightly] * (name in NIGHTLY)) for name in PAGES]
)
def test_a_page_has_no_english_left(teacher: Page, lab: tuple[Served, str], read: frozenset[str], name: str) -> None:
    address, last = PAGES[name]
    address = address.replace("OTHER", lab[1])
    teacher.set_viewport_size({"width": 390, "height": 900})
    teacher.goto(f"{lab[0].url}{address}{'&' if '?' in address else '?'}lang={pseudo.CODE}")
    settled(teacher, last)
    assert "⟦" in teacher.inner_text("[data-testid=stMain]")
    found = wrong(teacher, read, 390) + wrong(teacher, read, 1440)
    speak(teacher, "zh_CN")
    settled(teacher, last)
    text = teacher.inner_text("[data-testid=stApp]")
    assert CHINESE.search(text) and "⟦Å" not in text
    found += wrong(teacher, read, 1440) + wrong(teacher, read, 390)
    assert not found, "\n".join(found)


def test_two_people_read_one_run_in_two_languages(browser: Browser, lab: tuple[Served, str]) -> None:
    with learning(lab[0].store) as run:
        texts = {}
        for locale in ("zh-CN", "en-GB"):
            context = browser.new_context(locale=locale, viewport={"width": 1440, "height": 900})
            context.set_default_timeout(PATIENCE)
            texts[locale] = context.new_page()
            texts[locale].goto(f"{lab[0].url}/runs?run={run.run_id}")
        chinese, english = texts.values()
        for _poll in range(2):
            for page, word, none in ((chinese, "训练", "Running"), (english, "Running", "训练")):
                steps = page.get_by_test_id("stMain")
                expect(steps).to_contain_text(word)
                expect(steps).not_to_contain_text(none)
                before = steps.inner_text()
                page.wait_for_function(
                    "(text) => document.querySelector('[data-testid=stMain]').innerText !== text", arg=before
                )
        assert not any(CHINESE.search(text) for text in english.evaluate(TEXTS) if text != "中文")
        for page in texts.values():
            page.context.close()


def test_a_switch_keeps_the_page_and_what_was_typed(teacher: Page, lab: tuple[Served, str]) -> None:
    teacher.set_viewport_size({"width": 1440, "height": 900})
    teacher.goto(f"{lab[0].url}/runs?search=tiny&order=oldest&lang=en")
    settled(teacher, "[data-testid=stDataFrame] canvas")
    box = teacher.locator(".st-key-search input")
    expect(box).to_have_value("tiny")
    before = teacher.url
    speak(teacher, "zh_CN")
    settled(teacher, "[data-testid=stDataFrame] canvas")
    expect(box).to_have_value("tiny")
    assert teacher.url == before.replace("&lang=en", "").replace("lang=en&", "")
    teacher.goto(f"{lab[0].url}/runs?run=byol-tiny&show=settings")
    settled(teacher, "[data-testid=stDataFrame] canvas")
    assert teacher.get_by_role("tab", selected=True).inner_text() == "设置"
    speak(teacher, "en")
    expect(teacher.get_by_role("tab", selected=True)).to_have_text("Settings")
    assert "show=settings" in teacher.url and "run=byol-tiny" in teacher.url
