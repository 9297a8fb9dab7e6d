"""What the Augment page says of a model before anybody asked, its lines, and what a browser can say of its grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.augment import charts, model
from app.widgets.view_grid import linked
from byol_core import augment_study, sharing
from byol_core.augment_study import Asked, Curves, Numbers
from byol_core.augment_study.requests import STRENGTHS
from byol_core.config import OPERATIONS
from byol_core.jobs import Job
from tests.app.conftest import MAIN, text


def opened() -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=120).run()
    app.switch_page("augment/page.py").run()
    assert not app.exception
    return app


def test_a_home_without_runs_says_what_will_be_here(open_page) -> None:
    assert "No run has weights yet" in text(open_page("augment"))


def test_the_model_is_not_queried_until_the_sliders_are_at_rest(home: Path) -> None:
    app = opened()
    assert app.selectbox(key="model").value and "Evaluated once the sliders are at rest" in text(app)
    assert not (home / "warm").exists() and not (home / "lab").exists()


def test_whoever_looks_on_asks_nothing_and_saves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "LOG_COST", 10)
    monkeypatch.setenv(sharing.HASH_VARIABLE, sharing.hash_passphrase("a long passphrase"))
    app = opened()
    (grid,) = (each.proto for each in app.get("bidi_component") if each.proto.component_name == "byol_view_grid")
    about = grid.bytes.split(b'"about": "')[1][:16].decode()
    app.session_state["view_link"] = {"rest": about, "pick": None}
    app.run()
    assert "Only a teacher may ask a model here" in text(app)
    assert not (home / "warm").exists() and not (home / "lab").exists()
    next(button for button in app.button if button.label == "Save or copy").click().run()
    assert "Only a teacher may save views" in text(app) and app.code
    assert "views_save" not in [button.key for button in app.button]


def test_a_tab_withdraws_only_what_it_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    withdrawn: list[str] = []
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(augment_study, "withdraw", lambda home, key: withdrawn.append(key))
    mine = model._noted(lambda start: Asked(Job("waiting" if start else "absent"), None, "mine"), True)
    model._noted(lambda start: Asked(Job("waiting"), None, "theirs"), True)
    model._withdraw_others([mine])
    assert withdrawn == []
    model._withdraw_others([Asked(Job("ready"), None, "new")])
    assert withdrawn == ["mine"]


def test_a_part_of_an_answer_is_not_called_unasked() -> None:
    def script() -> None:
        from app.augment.waiting import waiting
        from byol_core.augment_study import Asked
        from byol_core.jobs import Job

        waiting(Asked(Job("absent"), "a part"))

    assert [said.value for said in AppTest.from_function(script).run().caption] == [
        "Computed so far; the rest follows once the sliders are at rest."
    ]


def test_what_a_mean_goes_over_is_said() -> None:
    empty = np.zeros((len(OPERATIONS), 9), np.float32)
    said = model._averaged(Curves(np.asarray(STRENGTHS, np.float32), empty, empty, 256, 0.5))
    assert said.startswith("Means over 256 images. Mirror left-right, Mirror up-down and Grayscale apply as often")


def test_the_scale_marks_the_numbers_and_where_the_verdict_turns() -> None:
    numbers = Numbers(0.88, 0.6, 0.16, 0.7, 0.1, k=10, images=256, labeled=True)
    figure = charts.scale(numbers)
    assert figure["data"][0]["x"] == pytest.approx([0.7, 0.1])
    ends = {shape["x1"] for shape in figure["layout"]["shapes"]} | {shape["x0"] for shape in figure["layout"]["shapes"]}
    assert ends == {0.0, 0.25, 0.9, 1.0}


def test_a_line_marks_the_strength_in_use_and_what_unlike_means() -> None:
    mean = np.tile(np.linspace(1, 0.5, 9, dtype=np.float32), (len(OPERATIONS), 1))
    found = Curves(np.asarray(STRENGTHS, np.float32), mean, np.full_like(mean, 0.1), 256, 0.56)
    figure = charts.invariance(found, "hue", 0.75)
    low, high, line = figure["data"]
    assert line["y"][0] == 1 and line["y"][-1] == 0.5
    assert np.subtract(high["y"], low["y"]) == pytest.approx(0.2, abs=1e-3)
    now, unlike = figure["layout"]["shapes"]
    assert (now["x0"], unlike["y0"]) == (0.75, 0.56)


@pytest.mark.parametrize(
    ("said", "pick"),
    [([3, 1], (3, 1)), ([8, 0], (0, 0)), ([0, 2], (0, 0)), ("ab", (0, 0)), ([True, 1], (0, 0)), (None, (0, 0))],
)
def test_a_picked_view_is_one_of_the_grid(said: object, pick: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"link": {"rest": "abc", "pick": said}})
    assert linked("link", 8).pick == pick and linked("link", 8).rest == "abc"
