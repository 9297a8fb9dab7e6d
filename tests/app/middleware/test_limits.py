"""How many connections and pages one address may have. With a real server: tests/faults/test_siege.py."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from app.middleware import limits
from app.middleware.limits import Bounds, Room


class Plug(asyncio.BaseTransport):
    """A connection that is open until it is closed."""

    open = True

    def is_closing(self) -> bool:
        return not self.open


@pytest.mark.parametrize("open_files", [1024, 4096, 8192])
def test_a_class_behind_one_address_fits_with_room_for_others(open_files: int) -> None:
    found = Bounds(open_files)
    assert found.pages >= 40
    assert found.pages < found.all_pages and found.connections < found.all_connections
    assert found.all_connections + 3 * found.all_pages <= open_files - limits.OWN_FILES


def test_default_limits_let_forty_students_load_pages_at_once() -> None:
    found = Bounds(8192)
    assert (found.pages, found.connections) == (200, 500)
    assert found.connections > 40 * 7


def test_more_pages_for_one_address_can_be_chosen() -> None:
    assert Bounds(8192, 300).pages == 300
    assert Bounds(8192, 300).connections == 750
    assert Bounds(1024, 300).pages < 102  # never all that there are


def test_an_address_has_so_many_connections_until_it_closes_some() -> None:
    room = Room(SimpleNamespace(connections=2, all_connections=3, pages=1, all_pages=1))  # type: ignore[arg-type]
    first, second, third = Plug(), Plug(), Plug()
    assert room.lets_in("a", first) and room.lets_in("a", second) and not room.lets_in("a", third)
    assert room.lets_in("b", third) and not room.lets_in("b", Plug())  # there are three in all
    first.open = False
    assert room.lets_in("a", Plug())


def test_an_address_has_so_many_pages_until_it_closes_some() -> None:
    room = Room(SimpleNamespace(connections=9, all_connections=9, pages=1, all_pages=2))  # type: ignore[arg-type]
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(room.page("a"))
        assert "as many pages open here as it may (1)" in room.refusal("a") and not room.refusal("b")
        second.enter_context(room.page("b"))
        assert room.refusal("c") == "Too many people are viewing this page: try again in a minute."
        first.close()
        assert room.refusal("a") == ""


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.7", 1234), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (("testclient", 1), "testclient"),
        (None, ""),
    ],
)
def test_a_household_is_one_address(client: Any, address: str) -> None:
    assert limits.address_of(client) == address


@pytest.mark.parametrize(
    ("asked", "upgraded", "closed"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_who_asks_for_nothing_gives_the_connection_back(asked: bool, upgraded: bool, closed: bool) -> None:
    aborted: list[bool] = []
    protocol = SimpleNamespace(cycle=object() if asked else None)
    now = object() if upgraded else protocol
    protocol.transport = SimpleNamespace(abort=lambda: aborted.append(True), get_protocol=lambda: now)
    limits.drop_if_silent(protocol)
    assert bool(aborted) == closed
