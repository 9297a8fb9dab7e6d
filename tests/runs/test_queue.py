from __future__ import annotations

import pytest

from byol_core.errors import InputError
from byol_core.runs import queue
from byol_core.runs.schema import runs as table
from byol_core.system.processes import identity


@pytest.fixture
def three(store, config):
    return [store.create(config, name=name) for name in "abc"]


def order(store):
    return "".join(run.name for run in store.queue())


@pytest.mark.parametrize(
    ("name", "where", "after"),
    [
        ("c", "first", "cab"),
        ("c", "up", "acb"),
        ("a", "down", "bac"),
        ("a", "last", "bca"),
        ("b", "first", "bac"),
        ("a", "first", "abc"),
        ("a", "up", "abc"),
        ("c", "down", "abc"),
        ("c", "last", "abc"),
    ],
)
def test_a_waiting_run_is_moved(store, three, name, where, after):
    queue.move(store, store.get(name).run_id, where)
    assert order(store) == after


def test_a_moved_run_stays_before_those_that_come_later(store, three, config):
    queue.move(store, three[0].run_id, "last")
    store.create(config, name="d")
    assert order(store) == "bcad"


def test_priority_orders_the_queue_and_moves_stay_within_it(store, three):
    assert queue.set_priority(store, "c", 2).priority == 2
    assert order(store) == "cab"
    queue.move(store, three[1].run_id, "first")
    assert order(store) == "cba"
    queue.set_priority(store, "b", -1)
    assert order(store) == "cab"


def test_runs_that_share_a_position_are_told_apart(store, three):
    with store.writing() as connection:
        connection.execute(table.update().values(position=1))
    queue.move(store, three[2].run_id, "up")
    assert order(store) == "acb"
    queue.move(store, three[0].run_id, "last")
    assert order(store) == "cba"


@pytest.mark.parametrize("priority", [-10, 10])
def test_a_priority_is_bounded(store, three, priority):
    with pytest.raises(InputError, match="from -9 to 9"):
        queue.set_priority(store, "a", priority)


def test_a_run_that_waits_no_longer_is_refused(store, three):
    store.claim(three[0].run_id, identity())
    for act in (
        lambda: queue.move(store, three[0].run_id, "last"),
        lambda: queue.set_priority(store, "a", 1),
        lambda: queue.cancel(store, "a"),
    ):
        with pytest.raises(InputError, match="'a' is starting; only a waiting run"):
            act()
    assert store.get("a").state == "starting"


def test_a_canceled_run_is_stopped_and_resumes_with_a_priority(store, three):
    run = queue.cancel(store, "a")
    assert (run.state, order(store)) == ("stopped", "bc")
    queue.set_priority(store, "a", 3)
    store.resume("a")
    assert order(store) == "abc"
