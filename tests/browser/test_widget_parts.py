"""Parts of the widgets that need a browser and no page of the app; tests/js has those that need no browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

import app.widgets
from tests.browser.conftest import COMPLAINTS, Served

WIDGETS = Path(app.widgets.__file__).parent
ADDRESS = "http://widgets.test/"


@pytest.fixture
def empty(page: Page) -> Page:
    """A page with nothing on it, which finds the modules of the widgets at its address."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS)
        if name:
            route.fulfill(path=WIDGETS / name, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route(f"{ADDRESS}**", answer)
    page.goto(ADDRESS)
    return page


def test_what_goes_wrong_in_any_page_fails_its_test(page: Page, browser: Browser) -> None:
    other = browser.new_context().new_page()
    with other.expect_event("pageerror"), page.expect_console_message():
        page.evaluate("console.error('a complaint')")
        other.evaluate("setTimeout(() => { throw new Error('a throw') })")
    heard = " ".join(COMPLAINTS)
    COMPLAINTS.clear()
    assert "a complaint" in heard and "a throw" in heard
    other.context.close()


def test_both_ways_to_draw_give_a_point_its_shape(empty: Page) -> None:
    script = """async (address) => {
        const modules = ["shapes", "points_gl", "points_2d"].map((name) => import(`${address}embedding_map/${name}.js`))
        const [{ SHAPES }, { GlPoints }, { FlatPoints }] = await Promise.all(modules)
        const side = 100, at = new Float32Array(2), order = [0]
        const camera = { x: 0, y: 0, scale: 1, width: side, height: side, toScreen: () => [side / 2, side / 2] }
        const sheet = () => Object.assign(document.createElement("canvas"), { width: side, height: side })
        const seen = (canvas) => {
          const pen = sheet().getContext("2d")
          pen.drawImage(canvas, 0, 0)
          const pixels = pen.getImageData(0, 0, side, side).data
          return Array.from({ length: 256 }, (_, k) => pixels[4 * (side * (4 + 6 * (k >> 4)) + 4 + 6 * (k % 16))] > 127)
        }
        const drawn = (shape, make) => {
          const canvas = sheet(), points = make(canvas)
          points.places(at, at, order)
          points.colors(new Uint8Array([255, 0, 0, 255]), new Uint8Array([shape]), order)
          points.draw({ camera, moved: 1, size: 60, background: [0, 0, 0], layered: false, part: 1, ratio: 1 })
          return seen(canvas)
        }
        const kinds = SHAPES.map((_, shape) => [
          drawn(shape, (canvas) => new GlPoints(canvas, GlPoints.context(canvas), () => {})),
          drawn(shape, (canvas) => new FlatPoints(canvas)),
        ])
        const apart = kinds.map(([one, other]) => one.filter((on, i) => on !== other[i]).length)
        return [new Set(kinds.map(([one]) => one.join())).size, Math.max(...apart), kinds[0][0].length]
    }"""
    different, apart, places = empty.evaluate(script, ADDRESS)
    assert different == 11
    assert apart < places / 30  # the edges alone


def test_a_strength_between_two_steps_is_shown_as_it_is(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/augment?shown=4&blur=0.33")
    expect(page.get_by_role("slider", name="Blur", exact=True)).to_have_value("0.33")
    page.get_by_role("slider", name="Crop", exact=True).press("ArrowRight")
    expect(page).to_have_url(re.compile("crop="))
    assert "blur=0.33" in page.url
