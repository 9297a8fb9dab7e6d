"""Links of earlier releases, which held labels and other names, open what they opened then."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from app.augment import choices, modes
from app.embeddings import data
from app.runs import compare, curves, lines, run_page
from app.shared import old_links
from byol_core.config import OPERATIONS
from byol_core.data.catalog import entries
from byol_core.embeddings import SPACES as MAPPED
from byol_core.embeddings.fields import _TITLES
from byol_core.evaluation.protocol import METHODS
from byol_core.health import signs
from tests.app.conftest import Make, Open, text

KNOWN: dict[str, Collection[str]] = {
    "show": (*run_page.TABS, *modes.MODES),
    "side": compare.TABS,
    "part": ("result", "report", "labels", "transfer"),
    "order": lines.ORDERS,
    "state": lines.LOOKS,
    "scale": curves.LOG,
    "vectors": signs.SPACES,
    "space": MAPPED,
    "pictures": choices.PLACES,
    "view": ("image",),
    "by": METHODS,
    "labels": ("all",),
    "on": [entry.name for entry in entries()],
    "operation": OPERATIONS,
    "color": (*_TITLES, data.PLAIN),
    "curves": (*curves.KEYS, *signs.keys("representation"), *signs.keys("projection")),
}


@pytest.mark.parametrize("name", KNOWN)
def test_every_label_is_read_as_a_code_that_there_is(name: str) -> None:
    assert set(old_links._CODES[name].values()) <= set(KNOWN[name])
    assert {old_links.current(name, code) for code in KNOWN[name]} == set(KNOWN[name])


@pytest.mark.parametrize(
    ("old", "amount"),
    [
        ("5 labels a class", "5"),
        ("1 label a class", "1"),
        ("3% of the labels", "3%"),
        ("all labels", "all"),
        ("7", "7"),
    ],
)
def test_an_amount_in_words_is_read_as_the_amount(old: str, amount: str) -> None:
    assert old_links.current("labels", old) == amount


def test_an_old_link_opens_the_tab_of_a_run(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished").run_id, show="Health")
    assert "Measured on the test images of the map, without labels." in text(page)
    assert page.query_params["show"] == "health"


def test_an_old_link_opens_the_tab_of_a_comparison(open_page: Open, make: Make) -> None:
    runs = [make("finished", seed=seed).run_id for seed in (1, 2)]
    page = open_page("runs", compare=",".join(runs), side="Settings", curves="Learning rate")
    assert page.multiselect(key="curves").value == ["learning_rate"]
    assert page.query_params["side"] == "settings"


def test_an_old_link_finds_the_same_runs_in_the_same_order(open_page: Open, make: Make) -> None:
    make("finished"), make("failed", message="It broke."), make("stopped")
    page = open_page("runs", state="Failed", order="Oldest first")
    assert list(page.dataframe[-1].value["name"]) == ["a failed run"]
    assert (page.query_params["state"], page.query_params["order"]) == ("failed", "oldest")


def test_an_old_link_shows_the_same_views(open_page: Open) -> None:
    page = open_page("augment", show="One operation", operation="Brightness", view="as the image", pictures="Set")
    assert page.selectbox(key="operation").value == "brightness" and page.selectbox(key="view").value == 0
    assert (page.query_params["show"], page.query_params["view"]) == ("operation", "image")
