"""A home of its own for every test, the real store in it, and pages opened as a browser would."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from app.shared import surveys
from app.widgets.packed import unpack
from byol_core.config import presets
from byol_core.events import Alarm, MetricRow, Progress
from byol_core.health import signs
from byol_core.jobs import own_process
from byol_core.runs import demo
from byol_core.runs.launcher import supervisor_lock
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system import processes
from tests.rows import put_summary

MAIN = Path(__file__).resolve().parents[2] / "app" / "navigation.py"
SUMMARY = {
    "steps": 40,
    "epochs": 2.0,
    "seconds": 92.0,
    "images_per_second": 900.0,
    "loss": 0.26,
    "knn_accuracy": 0.781,
    "knn_untrained": 0.652,
    "knn_pixels": 0.376,
    "std_ratio": 0.91,
    "train_images": 3600,
    "test_images": 1000,
    "knn_images": 1000,
    "validation_images": 400,
    "knn_untrained_gained": 160,
    "knn_untrained_lost": 31,
    "knn_pixels_gained": 450,
    "knn_pixels_lost": 45,
}
Open = Callable[..., AppTest]
Make = Callable[..., Run]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home; its supervisor's lock is held, so that no run starts by itself."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BYOL_LAB_HOME", str(folder))
    monkeypatch.setenv("BYOL_LAB_WARM_UP", "0")
    st.cache_resource.clear()
    folder.mkdir()
    with supervisor_lock(folder):
        yield folder
    for calibration in list(own_process._started):  # of the Train page; nobody waits for it any more
        calibration.kill()
        calibration.wait()
    st.cache_resource.clear()


@pytest.fixture
def store(home: Path) -> RunStore:
    """The store of that home, without the demo run."""
    store = RunStore(home)
    if shipped := demo.ensure(store):
        store.delete(shipped.run_id)
    return store


@pytest.fixture(scope="session", autouse=True)
def _one_search_for_components() -> Iterator[None]:
    """Each page that a test opens would search all installed packages for Streamlit components, longer than it runs."""
    with pytest.MonkeyPatch.context() as patch:
        search = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", search)
        yield


REGISTERED: dict[str, Any] = {}  # the pages of the app, which are the same in all tests


@pytest.fixture
def open_page(store: RunStore) -> Open:
    """``open_page("runs", run="abc")`` opens a page with parameters in its address."""

    def open_page(page: str, /, **query: str) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=120)
        if not REGISTERED:
            REGISTERED.update(app.run()._registered_pages)
        app._registered_pages = REGISTERED  # otherwise it has to draw the first page before it knows the others
        app.query_params.clear()
        for key, value in query.items():
            app.query_params[key] = value
        app.switch_page(f"{'home' if page == 'lab' else page}/page.py").run()
        assert not app.exception
        return app

    return open_page


@pytest.fixture
def make(store: RunStore) -> Make:
    """``make("running")`` makes a run in that state, with curves when it has come so far."""

    def make(state: str, *, labels: bool = True, message: str = "", alarm: Alarm | None = None, **changes: Any) -> Run:
        run = store.create(presets.get("classroom").config().changed(**changes), name=f"a {state} run")
        if state == "queued":
            return run
        store.claim(run.run_id, processes.identity())
        if state == "starting":
            return store.get(run.run_id)
        store.move(run.run_id, "running")
        store.add_metrics(run.run_id, 1, curve_rows(labels))
        store.set_progress(run.run_id, Progress(20, 40, 1.0, 900.0, 42.0, "training"))
        store.set_alarm(run.run_id, alarm)
        if state == "finished":
            unlabeled = {key: None for key in SUMMARY if key.startswith("knn")}
            put_summary(store, run.run_id, SUMMARY if labels else SUMMARY | unlabeled)
        return store.get(run.run_id) if state == "running" else store.move(run.run_id, state, message=message)

    return make


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> dict[str, float | None]:
    """The parts of the pages that look again by themselves, by their names in the code, and how often."""
    found: dict[str, float | None] = {}
    real = st.fragment

    def fragment(part: Callable[..., None] | None = None, *, run_every: float | None = None) -> Any:
        if part is None:
            return partial(fragment, run_every=run_every)
        found[part.__name__] = run_every
        return real(part, run_every=run_every)

    monkeypatch.setattr(st, "fragment", fragment)
    return found


def curve_rows(labels: bool) -> list[MetricRow]:
    """Twenty steps of every curve."""
    rows = []
    for step in range(0, 21, 2):
        values = {"loss": 4.0 / (1 + step), "learning_rate": 0.01, "tau": 0.99, "images_per_second": 900.0}
        if step % 10 == 0:
            values |= {"std_ratio": 0.8, "cross_view_cosine": 0.7}
            values |= {"knn_accuracy": 0.6 + step / 100, "knn_untrained": 0.652, "knn_pixels": 0.376} if labels else {}
        rows.append(MetricRow(step, step / 20, float(step), values))
    return rows


def health_rows(*spaces: str, without: tuple[str, ...] = ()) -> list[MetricRow]:
    """Every sign of health at three evaluations, for the representation, the projection or both."""
    known = [sign for sign in signs.SIGNS.values() if sign.key not in without]
    return [
        MetricRow(step, step / 20, float(step), {sign.key_of(space): 0.5 for sign in known for space in spaces})
        for step in (0, 10, 20)
    ]


def listed(app: AppTest, source: object) -> AppTest:
    """The page as it is when the images at a path have been listed."""
    until = time.monotonic() + 60
    while surveys.look(str(source)).pending:
        assert time.monotonic() < until, "the images were never listed"
        time.sleep(0.02)
    return app.run()


def links(app: AppTest) -> dict[str, str]:
    """The labels of all links to pages, with the parameters that they bring."""
    return {link.proto.label: link.proto.query_string for link in app.get("page_link")}


def text(app: AppTest) -> str:
    """All that a page says."""
    kinds = ("title", "header", "markdown", "caption", "error", "warning", "code")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def sent(page: AppTest) -> dict[str, tuple[int, list[int]]]:
    """What the page brings to the browser: of each curve the step after which it was read, and the steps."""
    (feed,) = (widget.proto for widget in page.get("bidi_component") if widget.proto.component_name == "byol_feed")
    message: dict[str, Any] = unpack(feed.bytes)
    ends = np.cumsum([part["count"] for part in message["curves"]])
    steps = np.split(message["step"].astype(int), ends[:-1])
    return {part["id"]: (part["after"], own.tolist()) for part, own in zip(message["curves"], steps, strict=True)}


def figures(page: AppTest) -> list[dict[str, Any]]:
    """The figures on the page."""
    found = (widget.proto for widget in page.get("bidi_component") if widget.proto.component_name == "byol_live_chart")
    return [json.loads(widget.json)["figure"] for widget in found]
