"""The real app, served on a free port from a home of its own, and a real Chromium to use it with."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from byol_core.runs.store import RunStore

ROOT = Path(__file__).parents[2]
PORTS = 5  # that are tried, before something else must be wrong
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
def browser() -> Iterator[Browser]:
    executable = os.environ.get("BYOL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on the PATH, and in CI the browser tests may not be skipped")
        pytest.skip("no Chromium or Chrome on the PATH")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield running
        running.close()


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
    complaints = re.findall(r"^.*(?:Traceback|Warning|deprecat|Error).*$", log.read_text(), re.M)
    assert complaints == []


def streamlit(script: str, *options: str) -> Callable[[int], list[str]]:
    """How Streamlit is told to serve this script on a port."""
    return lambda port: ["streamlit", "run", script, f"--server.port={port}", "--server.headless=true", *options]


@contextmanager
def serving(arguments: Callable[[int], list[str]], log: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a module that serves on the port it is told, and end it afterwards; gives its address."""
    for left in reversed(range(PORTS)):
        port = free_port()
        with log.open("w") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", *arguments(port)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            if answers(port, server):
                yield f"http://localhost:{port}"
                return
        finally:
            stop(server)
        # Another worker of pytest may have taken the port that was free a moment ago.
        assert left and f"Port {port} is not available" in log.read_text(), f"no answer: {log.read_text()}"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Wait until this very server answers on the port; False when it ended before, or never does."""
    end = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5).close()
            if listens(port, server):
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def listens(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Whether it is this server that has the port, and not that of another worker."""
    try:
        parent = psutil.Process(server.pid)
        used = [one for each in (parent, *parent.children(True)) for one in each.net_connections("tcp")]
    except psutil.NoSuchProcess:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in used)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def still(page: Page, what: str) -> None:
    """Wait until this expression has had one value for half a second."""
    page.evaluate("delete globalThis.byolStill")
    page.wait_for_function(
        f"globalThis.byolStill === (globalThis.byolStill = JSON.stringify({what}) ?? NaN)",
        polling=500,
        timeout=PATIENCE,
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
