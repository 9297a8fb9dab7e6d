"""The pages open a home of the layout before, and links of that time lead to the same runs, maps and answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.runs import run_page
from byol_core.jobs import service
from byol_core.jobs.kinds import LANES
from byol_core.runs.store import RunStore
from tests import old_home
from tests.app.conftest import Open, text


@pytest.fixture
def home(home: Path) -> Iterator[Path]:
    """The old home; nobody works in its lanes, so that what is shown was there before."""
    old_home.put(home)
    with ExitStack() as held:
        for lane in LANES:
            held.enter_context(service.lane_lock(home, lane))
        yield home


def titles(page: AppTest) -> list[str]:
    return [metric.label for metric in page.metric]


@pytest.mark.parametrize("name", old_home.NAMES)
def test_the_page_of_each_run_opens_with_all_its_tabs(store: RunStore, open_page: Open, name: str) -> None:
    for tab in run_page.TABS:
        page = open_page("runs", run=store.get(name).run_id, show=tab)
        assert name in text(page) and not page.exception


def test_the_lists_of_runs_open(open_page: Open) -> None:
    assert set(open_page("runs").dataframe[-1].value["name"]) == set(old_home.NAMES)
    assert "finished byol" in text(open_page("lab"))


def test_an_old_link_to_a_map_shows_the_map_of_then(store: RunStore, open_page: Open) -> None:
    link = {"space": "Projection", "method": "UMAP", "colour": "Predicted class", "neighbours": "15"}
    page = open_page("embeddings", run=store.get("finished byol").run_id, **link)
    assert "UMAP with 15 neighbors" in text(page)  # of PCA, which stands in for a map that is not there, it says so
    assert (page.query_params["space"], page.query_params["color"]) == ("projection", "predicted")


def test_an_old_link_to_an_answer_shows_the_answer(store: RunStore, open_page: Open) -> None:
    link = {"by": "Linear", "labels": "all labels", "splits": "2", "part": "Report"}
    page = open_page("evaluate", run=store.get("finished byol").run_id, **link)
    assert "Accuracy (test)" in titles(page) and page.query_params["part"] == "report"


def test_an_old_link_to_a_form_has_the_same_settings(open_page: Open) -> None:
    link = {"optimiser.lr": "0.02", "views.greyscale": "0.5", "sweep": "views.solarise=0,1"}
    page = open_page("train", mode="expert", **link)
    draft = page.session_state["draft"]
    assert draft.complaints == []
    assert (draft.value("optimizer.lr"), draft.value("views.grayscale")) == (0.02, 0.5)
    assert draft.grid == {"views.solarize": "0,1"}


def test_an_old_link_to_views_finds_those_that_were_saved(open_page: Open) -> None:
    page = open_page("augment", recipe="soft and grey", show="One operation", operation="Solarise")
    assert page.selectbox(key="recipe").value == "soft and grey"
    assert page.selectbox(key="operation").value == "solarize"


def test_an_old_link_to_a_comparison_compares_the_same_runs(store: RunStore, open_page: Open) -> None:
    runs = [store.get(name).run_id for name in ("finished byol", "other method")]
    page = open_page("runs", compare=",".join(runs), side="Settings", curves="Learning rate")
    assert page.multiselect(key="curves").value == ["learning_rate"] and "2 runs." in text(page)
    assert page.query_params["side"] == "settings"
