"""The sweep form of the Train page: settings with several values, checked by the configuration, started as a group."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.shared.draft import Draft, from_address
from app.train import sweep_form
from byol_core.config.presets import PRESETS
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, text


@pytest.fixture(autouse=True)
def no_calibration_by_itself(make: Make) -> None:
    make("running")


def fill(page: AppTest, place: int, key: str, values: str) -> AppTest:
    page.selectbox(key=f"setting:sweep-key-{place}").set_value(key).run()
    return page.text_input(key=f"setting:sweep-values-{place}").set_value(values).run()


def test_values_make_runs_and_a_command(open_page: Open) -> None:
    page = open_page("train")
    assert page.button(key="start").label == "Start training"
    fill(page, 0, "views.strength", "0.3, 0.6")
    fill(page, 1, "seed", "0, 1, 2")
    assert page.button(key="start").label == "Start 6 runs"
    assert "byol sweep --preset classroom" in text(page)
    assert "--grid views.strength=0.3,0.6" in text(page) and "--grid seed=0,1,2" in text(page)
    assert page.query_params["sweep"] == "views.strength=0.3, 0.6; seed=0, 1, 2"


def test_a_sweep_comes_from_the_address(open_page: Open) -> None:
    page = open_page("train", sweep="views.strength=0.3,0.6;nonsense=1")
    assert page.button(key="start").label == "Start 2 runs"
    assert page.text_input(key="setting:sweep-values-0").value == "0.3,0.6"
    assert "There is no setting 'nonsense'" in page.warning[0].value


@pytest.mark.parametrize(
    ("key", "values", "said"),
    [
        ("views.strength", "0.3, 9", "should be less than or equal to 2"),
        ("views.strength", "", "has no values"),
        ("seed", "{", "cannot be read"),
        ("seed", ", ".join(map(str, range(201))), "at most 200 runs"),
    ],
)
def test_a_wrong_value_is_said_and_cannot_be_started(open_page: Open, key: str, values: str, said: str) -> None:
    page = fill(open_page("train"), 0, key, values)
    assert said in page.error[0].value
    assert page.button(key="start").disabled


def test_the_largest_batch_of_a_sweep_is_warned_of(open_page: Open) -> None:
    page = fill(open_page("train"), 0, "batch_size", "64, 60000")
    assert "The batch of 60,000 is larger than" in page.warning[0].value
    assert not page.button(key="start").disabled


def test_a_row_that_is_emptied_lets_the_others_move_up(open_page: Open) -> None:
    page = open_page("train", sweep="views.strength=0.3,0.6;seed=0,1")
    page.selectbox(key="setting:sweep-key-0").set_value(None).run()
    assert page.selectbox(key="setting:sweep-key-0").value == "seed"
    assert page.text_input(key="setting:sweep-values-0").value == "0,1"
    assert page.button(key="start").label == "Start 2 runs"


def test_a_setting_is_chosen_once_and_three_at_most(open_page: Open) -> None:
    page = open_page("train", sweep="views.strength=0.3;seed=0,1;epochs=1,2")
    boxes = [box for box in page.selectbox if str(box.key).startswith("setting:sweep-key")]
    assert len(boxes) == sweep_form.MOST_SETTINGS
    assert "Strength · views.strength" in boxes[0].options
    assert "Epochs (passes) · epochs" not in boxes[0].options


def test_start_queues_a_group_and_opens_the_comparison(open_page: Open, store: RunStore) -> None:
    page = open_page("train", sweep="views.strength=0.3,0.6", preset="first-look")
    page.text_input(key="setting:name").set_value("crops").run()
    page.button(key="start").click().run()
    assert not page.exception
    made = [run for run in store.queue() if run.group == "crops"]
    assert [run.config["views"]["strength"] for run in made] == [0.3, 0.6]
    assert page.title[0].value == "crops"
    assert page.query_params["compare"] == ",".join(run.run_id for run in made)


def test_undo_takes_the_sweep_back(open_page: Open) -> None:
    page = open_page("train", **{"sweep": "seed=0,1", "epochs": "3"})
    page.button(key="undo").click().run()
    assert page.query_params == {"preset": "classroom"}


def test_a_draft_with_a_sweep_comes_back_from_its_address() -> None:
    made = Draft(grid={"views.strength": "0.3, 0.6", "method.predictor": "mlp, none"})
    assert from_address(made.address()).grid == made.grid


def test_an_objective_or_a_switch_can_be_swept(open_page: Open) -> None:
    page = open_page("train", sweep="method.objective=byol,simclr;method.stop_gradient=true,false")
    assert page.button(key="start").label == "Start 4 runs"


def test_every_example_of_values_is_accepted() -> None:
    draft = Draft()
    config = PRESETS[draft.preset].config()
    for key in sweep_form._choices(draft, None):
        draft.grid = {key: sweep_form._example(draft, key)}
        points, complaint = sweep_form.check(draft, config)
        assert points and not complaint, (draft.grid, complaint)
