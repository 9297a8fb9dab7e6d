from __future__ import annotations

import json

import pytest

from byol_core.config import RunConfig
from tests.rows import put


@pytest.fixture
def three(store):
    return [store.create(RunConfig(), name=name) for name in "abc"]


def names(out):
    return [run["name"] for run in json.loads(out)]


def test_the_queue_is_listed_in_order_and_rearranged(byol, store, three):
    put(store, three[0].run_id, message="Waits for the CPU.")
    assert names(byol("queue", "--json")[1]) == ["a", "b", "c"]
    assert "Waits for the CPU." in byol("queue")[1]
    assert names(byol("move", "c", "first", "--json")[1]) == ["c", "a", "b"]
    assert byol("move", "a", "last")[1].index(three[1].run_id) > 0


def test_a_priority_may_be_negative(byol, three):
    assert byol("priority", "a", "-1")[1] == f"Run {three[0].run_id} 'a' has priority -1.\n"
    assert json.loads(byol("priority", "c", "9", "--json")[1])["priority"] == 9
    assert names(byol("queue", "--json")[1]) == ["c", "b", "a"]


def test_an_empty_queue_says_so(byol):
    assert byol("queue")[:2] == (0, "No run waits.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["move", "a", "middle"], "'middle' is not one of"),
        (["priority", "a", "10"], "from -9 to 9"),
        (["priority", "a", "high"], "Invalid value for 'N'"),
        (["move", "nothing", "up"], "There is no run 'nothing'"),
    ],
)
def test_wrong_places_and_priorities_are_one_sentence(byol, three, arguments, sentence):
    status, out, err = byol(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
