"""Parts of the widgets' JavaScript alone, where what would bring them about on a page is a matter of luck."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from app.components.packed import script
from tests.browser.conftest import COMPLAINTS, Served

Run = Callable[[str, str], object]


@pytest.fixture
def run(page: Page) -> Run:
    """``run("held.js files.js", body)`` is what the body returns after those files, in an empty page."""

    def run(files: str, body: str) -> object:
        source = script(*files.split()).replace("export default", "const mounted_by_streamlit =")
        return page.evaluate(f"async () => {{ {source}\n{body} }}")

    return run


def test_what_goes_wrong_in_any_page_fails_its_test(page: Page, browser: Browser) -> None:
    other = browser.new_context().new_page()
    with other.expect_event("pageerror"), page.expect_console_message():
        page.evaluate("console.error('a complaint')")
        other.evaluate("setTimeout(() => { throw new Error('a throw') })")
    heard = " ".join(COMPLAINTS)
    COMPLAINTS.clear()
    assert "a complaint" in heard and "a throw" in heard
    other.context.close()


def test_only_the_last_call_ends_what_all_of_them_share(run: Run) -> None:
    body = """
        const known = new WeakMap(), ended = []
        const begin = () => ({ close: () => ended.push(known.has(document.body)) })
        const [first, end_first] = hold(known, document.body, begin)
        const [second, end_second] = hold(known, document.body, begin)
        end_first()
        const early = ended.length
        end_second()
        return [first === second, early, ended, known.has(document.body)]"""
    assert run("held.js", body) == [True, 0, [False], False]


def test_a_file_that_two_maps_wait_for_is_asked_for_by_the_one_that_stays(run: Run) -> None:
    body = """
        const one = new Courier("one"), two = new Courier("two"), asked = []
        two.send = (number, digests) => asked.push(...digests)
        one.send = () => {}
        file("shared", "one")
        file("shared", "two")
        one.close()
        await new Promise((resolve) => setTimeout(resolve, 3 * PAUSE))
        two.close()
        return asked"""
    assert run("held.js embedding_map/files.js embedding_map/courier.js", body) == ["shared"]


def test_a_category_called_none_is_not_the_lack_of_one(run: Run) -> None:
    body = """
        const field = { title: "Mine", kind: "category", names: ["none", "some"], values: [0, 1, -1, -1], colours: {} }
        const map = { field, theme: { palette: [], grey: [1, 1, 1] }, recolour: () => map.legend.draw() }
        map.legend = new Legend(map, document.body)
        map.legend.draw()
        const buttons = [...document.querySelectorAll("[data-class]")]
        buttons[0].onclick({ detail: 1 })
        return [buttons.map((button) => button.textContent), buttons.map((button) => button.ariaPressed)]"""
    files = "embedding_map/toolbar.js embedding_map/colour.js embedding_map/legend.js"
    assert run(files, body) == [["none1", "some1", "none2"], ["false", "true", "true"]]


def test_a_strength_between_two_steps_is_shown_as_it_is(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/augment?shown=4&blur=0.33")
    expect(page.get_by_role("slider", name="Blur", exact=True)).to_have_value("0.33")
    page.get_by_role("slider", name="Crop", exact=True).press("ArrowRight")
    expect(page).to_have_url(re.compile("crop="))
    assert "blur=0.33" in page.url
