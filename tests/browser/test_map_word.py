"""What the page decides about a map and what the viewer did on it become one: whoever spoke last is right."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from byol_core.runs import demo, export_zip
from byol_core.system import paths
from tests.browser.conftest import PATIENCE, Served
from tests.browser.test_embeddings import PATH, TINY, at, lasso, show

NEWEST = re.compile("after 150 epochs")


def press(page: Page, key: str) -> None:
    page.locator(".byol-map-plot").first.press(key)


def pin(page: Page, point: int = 7) -> None:
    page.mouse.click(*at(page, point))
    expect(page.get_by_text("9 nearest images").first).to_be_visible()


def test_an_evaluation_in_the_url_is_kept_when_a_point_is_pinned(page: Page, served: Served) -> None:
    show(page, served, f"{PATH}&evaluation=3500")
    expect(page.get_by_text("after 125 epochs")).to_be_visible()
    pin(page)
    expect(page.get_by_text("after 125 epochs")).to_be_visible()
    assert page.evaluate(f"byolMaps['{TINY}'].now().step") == 3500 and "evaluation=3500" in page.url


def test_the_newest_evaluation_stays_once_the_page_went_there(page: Page, served: Served) -> None:
    show(page, served)
    press(page, "[")
    page.wait_for_url(re.compile("evaluation=3500"))
    picture = (paths.bundled("app") / "icon.png").read_bytes()
    payload: FilePayload = {"name": "mine.png", "mimeType": "image/png", "buffer": picture}
    page.locator("input[type=file]").last.set_input_files(payload)
    page.get_by_role("button", name="Show the newest evaluation").click(timeout=PATIENCE)
    expect(page.get_by_text(NEWEST)).to_be_visible()
    page.wait_for_function(f"byolMaps['{TINY}'].now().step === 4200")
    pin(page)  # a word of the browser's, with all that it knows
    expect(page.get_by_text(NEWEST)).to_be_visible()
    assert page.evaluate(f"byolMaps['{TINY}'].now().step") == 4200 and "evaluation" not in page.url


def test_what_the_page_cleared_at_once_is_not_selected_again(page: Page, served: Served) -> None:
    show(page, served)
    lasso(page)
    page.get_by_role("button", name=re.compile("^Clear$")).last.click()
    expect(page.get_by_text(re.compile("points selected"))).to_have_count(0)
    page.wait_for_function(f"byolMaps['{TINY}'].now().selected === 0")
    pin(page)
    expect(page.get_by_text(re.compile("points selected"))).to_have_count(0)
    assert page.evaluate(f"byolMaps['{TINY}'].now().selected") == 0


def test_a_pin_does_not_end_the_film(page: Page, served: Served) -> None:
    show(page, served)
    page.locator(".byol-map-speed").select_option("0.5")  # seven evaluations in ten seconds
    press(page, "p")
    page.wait_for_function(f"byolMaps['{TINY}'].now().step === 700")
    for _ in range(5):  # a point that moves may be elsewhere by the time of the click
        page.mouse.click(*at(page, 7))
        page.wait_for_timeout(1000)
        if page.evaluate(f"byolMaps['{TINY}'].now().pinned") is not None:
            break
    page.get_by_role("button", name="Unpin").wait_for()
    expect(page.get_by_text("9 nearest images").first).to_be_visible()
    passed = page.evaluate(f"byolMaps['{TINY}'].now().step")
    expect(page.get_by_role("button", name="Pause (P)")).to_be_visible()
    page.wait_for_function(f"byolMaps['{TINY}'].now().step > {passed}")
    assert passed < 4200


@pytest.fixture(scope="module")
def others(served: Served, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two more runs over the same images."""
    demo.ensure(served.store)
    file = export_zip.pack(served.store, "byol-tiny", tmp_path_factory.mktemp("packed") / "run.zip")
    return [run.run_id for _ in range(2) for run in export_zip.unpack_all(served.store, file)]


def test_a_removed_map_drops_its_pin_and_a_new_map_is_informed(page: Page, served: Served, others: list[str]) -> None:
    first, second = others
    show(page, served, f"{PATH}&with={first}", (TINY, f"map-{first}"))
    lasso(page)
    page.wait_for_function(f"byolMaps['map-{first}'].now().selected > 900")
    page.mouse.click(*at(page, 7, f"map-{first}"))
    page.wait_for_function(f"byolMaps['{TINY}'].now().linked.pin === 7")
    page.get_by_role("combobox", name=re.compile("Compare with")).click()
    page.get_by_role("option").first.click()  # the newest run
    key = f"map-{second}"
    page.wait_for_function(f"globalThis.byolMaps['{key}']?.ready && !byolMaps['map-{first}']")
    page.wait_for_function(f"byolMaps['{TINY}'].now().linked.pin === null")
    page.wait_for_function(f"byolMaps['{key}'].now().selected > 900")
