"""Parts of the widgets' JavaScript alone, where what would bring them about on a page is a matter of luck."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from app.widgets.packed import script
from tests.browser.conftest import COMPLAINTS, Served

Run = Callable[[str, str], object]


@pytest.fixture
def run(page: Page) -> Run:
    """``run("mount.js files.js", body)`` is what the body returns after those files, in an empty page."""

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
    assert run("mount.js", body) == [True, 0, [False], False]


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
    assert run("mount.js apart.js embedding_map/files.js embedding_map/file_requests.js", body) == ["shared"]


def test_a_category_called_none_is_not_the_lack_of_one(run: Run) -> None:
    body = """
        const field = { title: "Mine", kind: "category", names: ["none", "some"], values: [0, 1, -1, -1], colors: {} }
        const theme = { palette: [], primary: [2, 2, 2], gray: [1, 1, 1] }
        const map = { field, theme, names: { on: true }, recolor: () => map.legend.draw() }
        map.legend = new Legend(map, document.body)
        map.legend.draw()
        const buttons = [...document.querySelectorAll("[data-class]")]
        buttons[0].onclick({ detail: 1 })
        return [buttons.map((button) => button.textContent), buttons.map((button) => button.ariaPressed)]"""
    files = " ".join(f"embedding_map/{name}.js" for name in ("toolbar", "color", "shapes", "names", "legend"))
    assert run(files, body) == [["none1", "some1", "none2"], ["false", "true", "true"]]


def test_letters_on_a_shaded_cell_can_be_read_whatever_its_shade(run: Run) -> None:
    body = """
        const [light, dark] = [[0.95, 0.94, 0.91], [0.11, 0.15, 0.16]], tone = [0.08, 0.5, 0.48]
        const css = { "": null, "#fff": [1, 1, 1], "#000": [0, 0, 0] }
        return Math.min(...[[light, [0.04, 0.07, 0.09]], [dark, [0.9, 0.92, 0.91]]].flatMap(([ground, text]) =>
          Array.from({ length: 101 }, (_, shade) => {
            const cell = ground.map((part, i) => part + ((tone[i] - part) * shade) / 100)
            return contrast(cell, css[letters(cell, text)] ?? text)
          })))"""
    assert run("confusion_matrix/confusion_matrix.js", body) >= 4.5  # type: ignore[operator]


def test_a_hundred_categories_differ_in_color_or_shape(run: Run) -> None:
    body = "return new Set(Array.from({ length: 100 }, (_, i) => `${i % 10} ${shapeOf(i)}`)).size"
    assert run("embedding_map/shapes.js", body) == 100


def test_both_ways_to_draw_give_a_point_its_shape(run: Run) -> None:
    body = """
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
        return [new Set(kinds.map(([one]) => one.join())).size, Math.max(...apart), kinds[0][0].length]"""
    files = "color shapes points_gl points_2d"
    different, apart, places = run(" ".join(f"embedding_map/{name}.js" for name in files.split()), body)  # type: ignore[misc]
    assert different == 11
    assert apart < places / 30  # the edges alone


def test_names_that_would_lie_upon_each_other_make_way(run: Run) -> None:
    body = """
        const names = Array.from({ length: 12 }, (_, i) => `class ${i}`), n = 60
        const values = Array.from({ length: n }, (_, i) => i % 12), field = { kind: "category", names, values }
        const goal = Float32Array.from({ length: 2 * n }, (_, i) => 150 + (i % 24))
        const map = { field, theme: { font: "sans-serif" }, places: { goal, moved: 1 }, order: values.map((_, i) => i) }
        map.visible = new Uint8Array(n).fill(1)
        map.camera = { toScreen: (x, y) => [x, y], width: 300, height: 300 }
        map.legend = { groups: () => names.map((name, i) => ({ name, count: i })) }
        const own = new Names(map), marks = own.marks()
        const wide = (one, other) => (own.width(one.text) + own.width(other.text)) / 2
        const away = (one, other, axis) => Math.abs(one[axis] - other[axis])
        const beside = (one, other) => away(one, other, "x") >= wide(one, other) || away(one, other, "y") >= LABEL
        const free = marks.every((one, i) => marks.slice(i + 1).every((other) => beside(one, other)))
        return [marks.map((mark) => mark.text), free]"""
    texts, free = run("embedding_map/export.js embedding_map/names.js", body)  # type: ignore[misc]
    assert texts[0] == "class 11" and 3 <= len(texts) < 12  # the largest has its place
    assert free


def test_a_strength_between_two_steps_is_shown_as_it_is(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/augment?shown=4&blur=0.33")
    expect(page.get_by_role("slider", name="Blur", exact=True)).to_have_value("0.33")
    page.get_by_role("slider", name="Crop", exact=True).press("ArrowRight")
    expect(page).to_have_url(re.compile("crop="))
    assert "blur=0.33" in page.url
