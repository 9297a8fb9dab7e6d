"""The switch of the language: in the other language's own name, and nothing that somebody chose is lost by it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.app.conftest import Make, Open

SWITCH = {"en": "language_en", "zh_CN": "language_zh_CN"}


def page_of_choices() -> None:
    import streamlit as st

    from app.shared import address, language, language_switch

    address.catch_up()
    language.settle()
    language_switch.draw()
    names = {"en": ["first", "second"], "zh_CN": ["一", "二"]}[language.current()]
    with address.of_page("here"):
        with address.one_of("one", [0, 1]):
            st.selectbox("One", [0, 1], format_func=names.__getitem__, key="one")
        with address.some_of("some", ["0", "1"]):
            st.pills("Some", ["0", "1"], selection_mode="multi", format_func=lambda code: names[int(code)], key="some")
        for code, tab in address.tabs("tab", dict(zip("ab", names, strict=True))).items():
            if tab.open:
                tab.markdown(f"open: {code}")
        st.text_input(names[0], key="name")


def opened(**query: str) -> AppTest:
    page = AppTest.from_function(page_of_choices, default_timeout=30)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def test_the_switch_names_the_other_language_as_it_calls_itself() -> None:
    page = opened()
    assert page.button(key=SWITCH["zh_CN"]).label == "中文"
    page.button(key=SWITCH["zh_CN"]).click().run()
    assert page.button(key=SWITCH["en"]).label == "English"


def test_a_switch_keeps_choices_texts_tabs_and_the_address() -> None:
    page = opened(one="1", tab="b")
    page.pills(key="some").set_value(["1"]).run()
    page.text_input(key="name").set_value("mine").run()
    before = dict(page.query_params)
    for language in ("zh_CN", "en", "zh_CN"):
        page.button(key=SWITCH[language]).click().run()
        assert (page.selectbox(key="one").value, page.pills(key="some").value) == (1, ["1"])
        assert (page.text_input(key="name").value, page.markdown[0].value) == ("mine", "open: b")
        assert page.query_params == before
        page.run()
        assert (page.selectbox(key="one").value, page.pills(key="some").value) == (1, ["1"])


def test_a_browser_is_told_its_choices_by_their_new_labels() -> None:
    page = opened(one="1")
    page.button(key=SWITCH["zh_CN"]).click().run()
    sent = page.selectbox(key="one").proto
    assert (sent.set_value, sent.raw_value) == (True, "二")


def test_the_switch_outweighs_the_language_of_the_address() -> None:
    page = opened(lang="zh")
    page.button(key=SWITCH["en"]).click().run()
    assert "lang" not in page.query_params and page.button(key=SWITCH["zh_CN"]).label == "中文"
    page.run()
    assert page.button(key=SWITCH["zh_CN"])


def test_every_page_has_the_switch_and_stays_where_it_is(open_page: Open, make: Make) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.button(key=SWITCH["zh_CN"]).click().run()
    assert not page.exception and page.title[0].value == run.name
    assert page.query_params["run"] == run.run_id
