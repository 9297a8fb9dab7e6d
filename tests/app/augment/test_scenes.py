"""The address of views for sliders that move: what it answers, to whom, and how long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.augment import scenes
from app.widgets.packed import unpack
from byol_core import language
from tests.app.conftest import Open

HALF = dict.fromkeys(scenes.NAMES, 0.5)


@pytest.fixture
def server() -> TestClient:
    return TestClient(Starlette(routes=[scenes.route()]))


def grid(page: Any) -> dict[str, Any]:
    found = [each.proto for each in page.get("bidi_component") if each.proto.component_name == "byol_view_grid"]
    return unpack(found[0].bytes)


def asked(server: TestClient, address: str, values: Any = HALF, serial: Any = 7) -> Any:
    return server.post(address, content=json.dumps({"values": values, "serial": serial}))


def test_it_answers_with_the_views_that_the_page_would_draw(open_page: Open, server: TestClient) -> None:
    page = open_page("augment", shown="4")
    before = grid(page)
    answer = asked(server, before["more"])
    come = unpack(answer.content)
    assert (answer.status_code, come["serial"], come["more"]) == (200, 7, before["more"])
    page.query_params.update(dict.fromkeys(scenes.NAMES, "0.5"))
    there = grid(open_page("augment", shown="4", **dict.fromkeys(scenes.NAMES, "0.5")))
    assert come["about"] == there["about"] != before["about"]
    assert (come["views"] == there["views"]).all() and come["cards"] == there["cards"]


@pytest.mark.parametrize("mode", ["draws", "operation", "presets"])
def test_every_mode_has_an_address(open_page: Open, server: TestClient, mode: str) -> None:
    before = grid(open_page("augment", shown="4", show=mode))
    come = unpack(asked(server, before["more"]).content)
    assert [len(card["figures"]) for card in come["cards"]] == [len(card["figures"]) for card in before["cards"]]
    assert (come["originals"], come["layout"]) == (before["originals"], before["layout"])


def test_another_choice_has_another_address(open_page: Open, server: TestClient) -> None:
    page = open_page("augment", shown="4")
    first = grid(page)["more"]
    page.run()
    assert grid(page)["more"] == first
    page.number_input(key="draw").set_value(5).run()
    second = grid(page)["more"]
    assert second != first
    views = [unpack(asked(server, address).content)["views"] for address in (first, second)]
    assert (views[0] != views[1]).any()


def test_what_moves_speaks_the_language_of_the_page(
    open_page: Open, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = language.Catalog({"Original": "原图", "View {view}": "视图{view}"})
    monkeypatch.setattr(language, "catalog", lambda code: known if code == "zh_CN" else language.Catalog({}))
    before = grid(open_page("augment", shown="4", lang="zh_CN"))
    come = unpack(asked(server, before["more"]).content)
    for cards in (before["cards"], come["cards"]):
        assert [figure[0] for figure in cards[0]["figures"]] == ["原图", "视图1", "视图2"]


def test_an_unknown_address_is_not_found(server: TestClient) -> None:
    assert asked(server, f"/{scenes.PATH}/nobody-knows-it").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 3000,
        b"x" * 100_000,
        json.dumps({"values": HALF}).encode(),
        json.dumps({"values": HALF, "serial": True}).encode(),
        json.dumps({"values": HALF | {"crop": 2.5}, "serial": 1}).encode(),
        json.dumps({"values": HALF | {"crop": None}, "serial": 1}).encode(),
        json.dumps({"values": {"crop": 1}, "serial": 1}).encode(),
    ],
)
def test_what_is_no_request_is_refused(open_page: Open, server: TestClient, body: bytes) -> None:
    address = grid(open_page("augment", shown="4"))["more"]
    assert server.post(address, content=body).status_code == 400


def test_what_was_offered_long_ago_is_let_go() -> None:
    scenes._offers.clear()
    for number in range(3):
        scenes._offers[str(number)] = scenes._Offer(lambda values, serial: b"", scenes.MOST_KEPT // 2)
    assert "0" not in scenes._offers and len(scenes._offers) == 2
