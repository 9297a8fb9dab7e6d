"""The real app, served on a free port from a home of its own, and a real Chromium to use it with."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from byol_core.runs.store import RunStore
from tests.serving import serving, streamlit

PATIENCE = 60_000  # milliseconds: a page may be slow on a busy machine, and no test is about its speed
expect.set_options(timeout=PATIENCE)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
# The graphics card in software draws WebGL alone: a page that it puts together takes half a core while anything on it
# turns, and 6 % of one without it.
LIGHT = "--disable-gpu-compositing"
# What Streamlit itself causes: below an address such as /runs it first looks for its server there, and it looks whether
# the file of a download button is there, which a newer run of the page may have replaced by then.
ALLOWED = re.compile(r"/[^/]+/_stcore/(?:health|host-config)$|/media/[0-9a-f]{32,}$")
REPLACED = "Client Error: Download Button source error - 404"
COMPLAINTS: list[str] = []  # of every page that a test opened


@dataclass(frozen=True)
class Served:
    """The running app: its address, its home and what its server wrote."""

    url: str
    home: Path
    log: Path

    @property
    def store(self) -> RunStore:
        return RunStore(self.home)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts Chromium with these arguments beside the usual ones."""
    executable = os.environ.get("BYOL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on the PATH, and in CI the browser tests may not be skipped")
        pytest.skip("no Chromium or Chrome on the PATH")
    with sync_playwright() as playwright:

        def launch(*more: str) -> Browser:
            running = playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more])
            running.new_context = watched(running.new_context)
            running.new_page = lambda **options: running.new_context(**options).new_page()
            return running

        yield launch


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    running = launch(LIGHT)
    yield running
    running.close()


def watched(new_context: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
    """Contexts of which every page says what goes wrong in it."""

    def opened(**options: object) -> BrowserContext:
        context = new_context(**options)
        context.on("weberror", lambda error: COMPLAINTS.append(f"{error.page and error.page.url}: {error.error}"))
        context.on("console", hear)
        return context

    return opened


def hear(said: ConsoleMessage) -> None:
    if said.type == "error" and not ALLOWED.search(said.location["url"]) and said.text != REPLACED:
        COMPLAINTS.append(f"{said.location['url']}: {said.text}")


@pytest.fixture(autouse=True)
def no_page_complains(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves an error in a page; begun before all other fixtures, it ends when their pages are closed.

    ``@pytest.mark.complains("403")``: a test that has a page ask for what it is refused.
    """
    COMPLAINTS.clear()
    yield
    expected = [text for mark in request.node.iter_markers("complains") for text in mark.args]
    assert [said for said in COMPLAINTS if not any(text in said for text in expected)] == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    home, log = folder / "home", folder / "server.log"
    with serving(streamlit("app/main.py"), log, {**os.environ, "BYOL_LAB_HOME": str(home)}) as url:
        app = Served(url, home, log)
        try:
            yield app
        finally:
            for run in app.store.runs():
                if run.live:
                    app.store.request_stop(run.run_id)
    complaints = re.findall(
        r"^.*(?:Traceback|Warning|deprecat|Error|missing ScriptRunContext).*$", log.read_text(), re.M
    )
    assert complaints == []


def sign_in(page: Page, url: str, word: str) -> None:
    """Become a teacher with the passphrase, until the browser has the cookie that says so."""
    page.goto(f"{url}/sign-in")
    page.get_by_label("Passphrase", exact=True).fill(word)
    page.get_by_test_id("stMain").get_by_role("button", name="Sign in").click()
    page.wait_for_function("document.cookie.includes('byol_lab_teacher')")


def still(page: Page, what: str) -> None:
    """Wait until this expression has had one value for half a second."""
    page.evaluate("delete globalThis.byolStill")
    page.wait_for_function(
        f"globalThis.byolStill === (globalThis.byolStill = JSON.stringify({what}) ?? NaN)",
        polling=500,
        timeout=PATIENCE,
    )


def settled(page: Page, last: str) -> None:
    """Wait until what a page draws last is there and nothing on it changes any more."""
    expect(page.locator(last).first).to_be_visible()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    still(page, "document.querySelector('[data-testid=stMain]').innerText")


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """Where the tests of a file open their pages, which have Streamlit's programs compiled from the first one on."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(desk: BrowserContext) -> Iterator[Page]:
    yield desk.new_page()
    for opened in desk.pages:
        opened.evaluate("location.protocol === 'http:' && localStorage.clear()")
        opened.close()
    desk.clear_cookies()
