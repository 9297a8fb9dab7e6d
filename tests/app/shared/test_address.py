"""Choices in the address: as codes, left out at first, there again on the way back, and gone with their widget."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Make, Open


def page_of_widgets() -> None:
    import streamlit as st

    from app.shared import address

    names = {"a": "First", "b": "Second", "c": "Third"}
    with address.of_page("here"):
        if not st.session_state.get("hidden"):
            with address.one_of("one", list(names), "b"):
                st.selectbox("One", list(names), format_func=names.__getitem__, key="one")
            with address.some_of("some", list(names)):
                st.pills("Some", list(names), selection_mode="multi", format_func=names.__getitem__, key="some")
            with address.one_of("free", ["all"], free=True):
                st.text_input("Free", key="free")
            for code, tab in address.tabs("tab", names).items():
                if tab.open:
                    tab.markdown(f"open: {code}")
        if st.session_state.pop("chosen_by_code", False):
            address.choose("tab", "c")


def opened(**query: str | list[str]) -> AppTest:
    page = AppTest.from_function(page_of_widgets, default_timeout=30)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def test_the_first_choice_is_left_out_of_the_address() -> None:
    page = opened()
    assert (page.selectbox(key="one").value, page.query_params) == ("b", {})
    page.selectbox(key="one").set_value("c").run()
    assert page.query_params == {"one": "c"}
    page.selectbox(key="one").set_value("b").run()
    assert page.query_params == {}


def test_a_page_begins_as_its_address_says() -> None:
    page = opened(one="a", some=["a", "c"], free="x", tab="b")
    assert (page.selectbox(key="one").value, page.pills(key="some").value) == ("a", ["a", "c"])
    assert (page.text_input(key="free").value, page.markdown[0].value) == ("x", "open: b")


def test_what_is_no_code_is_taken_out_of_the_address() -> None:
    page = opened(one="Second", some=["odd"], tab="Third")
    assert (page.selectbox(key="one").value, page.pills(key="some").value) == ("b", [])
    assert (page.markdown[0].value, page.query_params) == ("open: a", {})


def test_an_old_address_from_the_browser_undoes_no_choice() -> None:
    page = opened(one="a")
    page.selectbox(key="one").set_value("c").run()
    page.query_params["one"] = "a"
    page.run()
    assert (page.selectbox(key="one").value, page.query_params) == ("c", {"one": "c"})


def test_a_choice_comes_back_with_the_element_that_shows_it() -> None:
    page = opened(one="a", tab="b")
    page.session_state["hidden"] = True
    page.run()
    assert page.query_params == {}
    page.session_state["hidden"] = False
    page.run()
    assert (page.selectbox(key="one").value, page.markdown[0].value) == ("a", "open: b")
    assert page.query_params == {"one": "a", "tab": "b"}


def test_a_link_counts_more_than_what_was_chosen_before() -> None:
    page = opened(one="a")
    page.session_state["hidden"] = True
    page.run()
    page.session_state["hidden"] = False
    page.query_params["one"] = "c"
    page.run()
    assert page.selectbox(key="one").value == "c"


def test_code_can_open_a_tab() -> None:
    page = opened()
    page.session_state["chosen_by_code"] = True
    page.run()
    page.run()
    assert (page.markdown[0].value, page.query_params) == ("open: c", {"tab": "c"})


def test_a_run_opened_from_a_link_opens_at_its_tab(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished").run_id, show="log")
    page.button(key="back").click().run()
    assert "show" not in page.query_params
    page.query_params["run"], page.query_params["show"] = make("stopped").run_id, "settings"
    page.run()
    assert [expander.label for expander in page.expander] == ["All settings"]


def page_of_writes() -> None:
    import streamlit as st

    from app.shared import address

    address.catch_up()
    with address.of_page(st.session_state.get("page", "here")):
        address.catch_up()  # a part of the page, in the same run
        st.text(st.query_params.get("run", "no run"))
        st.button("Write", on_click=lambda: address.write(run="b"))
        st.button("Clear", on_click=lambda: address.write(run=None))


def written(name: str, **query: str) -> AppTest:
    """A page whose address was written once, and whose browser has not heard of it yet."""
    page = AppTest.from_function(page_of_writes, default_timeout=30)
    page.query_params |= query
    page.run()
    before = page.query_params.get("run")
    next(button for button in page.button if button.label == name).click().run()
    page.query_params.pop("run", None)
    if before:
        page.query_params["run"] = before
    return page


def test_an_old_address_does_not_undo_what_a_callback_wrote() -> None:
    page = written("Write", run="a")
    for _ in range(2):
        assert (page.run().text[0].value, page.query_params) == ("b", {"run": "b"})
        page.query_params["run"] = "a"
    assert written("Clear", run="a").run().text[0].value == "no run"
    assert written("Write").run().text[0].value == "b"


def test_an_address_that_the_browser_knows_is_left_to_it() -> None:
    page = written("Write", run="a")
    page.query_params["run"] = "b"
    page.run()
    page.query_params["run"] = "a"
    assert page.run().text[0].value == "a"


def test_another_address_counts_more_than_what_a_callback_wrote() -> None:
    page = written("Write", run="a")
    page.query_params["run"] = "c"
    assert page.run().text[0].value == "c"
    page = written("Write", run="a")
    page.session_state["page"] = "there"
    page.run()  # the page is left
    page.query_params["run"] = "a"
    assert page.run().text[0].value == "a"


def test_the_back_of_the_browser_undoes_what_a_callback_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    page = written("Write", run="a")
    monkeypatch.setattr("app.shared.streamlit_private.went_back", lambda: True)
    assert page.run().text[0].value == "a"
