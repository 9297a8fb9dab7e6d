"""How often a page looks again, by how many look."""

from __future__ import annotations

import heapq

import pytest

from app.shared.polling import GONE, IDLE, SECONDS, TABS, Crowd, pause


@pytest.mark.parametrize(("tabs", "turns"), [(0, 1), (1, 1), (TABS, 1), (TABS + 1, 2), (5 * TABS, 5)])
def test_all_tabs_together_look_no_more_often_than_a_few(tabs: int, turns: int) -> None:
    assert pause(tabs) == SECONDS * turns


def test_a_tab_counts_once_however_often_it_looks() -> None:
    crowd = Crowd()
    assert {crowd.seconds("mine", now / 10) for now in range(40)} == {SECONDS}


def test_each_tab_is_told_of_the_others() -> None:
    crowd = Crowd()
    told = [crowd.seconds(str(tab), 0.0) for tab in range(2 * TABS)]
    assert told == [SECONDS] * TABS + [2 * SECONDS] * TABS


def test_tabs_that_were_closed_count_no_more() -> None:
    crowd = Crowd()
    for tab in range(2 * TABS):
        crowd.seconds(str(tab), 0.0)
    later = GONE * pause(2 * TABS) + 1
    assert crowd.seconds("0", later) == SECONDS


@pytest.mark.parametrize("slow", [1.0, IDLE])
@pytest.mark.parametrize("tabs", [TABS + 1, 28, 60])
def test_tabs_that_stay_are_told_the_same_at_each_look(tabs: int, slow: float) -> None:
    crowd = Crowd()
    turns = [(tab / tabs, tab) for tab in range(tabs)]
    told: list[float] = []
    for _ in range(20 * tabs):
        now, tab = heapq.heappop(turns)
        told.append(crowd.seconds(str(tab), now, slow))
        heapq.heappush(turns, (now + told[-1] + tab % 3 / 10, tab))
    assert set(told[2 * tabs :]) == {slow * pause(tabs / slow)}


def test_a_tab_that_looks_more_seldom_counts_less() -> None:
    crowd = Crowd()
    told = {crowd.seconds(str(tab), 0.0, IDLE) for tab in range(int(IDLE) * TABS)}
    assert told == {IDLE * SECONDS}
    assert crowd.seconds("one more", 0.0) == 2 * SECONDS
