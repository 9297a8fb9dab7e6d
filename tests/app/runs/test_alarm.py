"""An alarm is seen on the run's page, in the table, on the cards of the Lab, and leads to what helps."""

from __future__ import annotations

import pytest

from byol_core.events import Alarm, MetricRow
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, links, text
from tests.rows import put

COLLAPSING = Alarm("The projection is going, probably because of this.", "collapsing", "projection")
COLLAPSED = Alarm("The projection is gone, probably because of this.", "collapsed", "projection")


@pytest.mark.parametrize("state", ["running", "finished", "stopped", "interrupted"])
def test_an_alarm_is_a_banner_that_leads_to_a_mended_run(open_page: Open, make: Make, state: str) -> None:
    run = make(state, alarm=COLLAPSING, **{"method.stop_gradient": False})
    page = open_page("runs", run=run.run_id)
    assert COLLAPSING.text in [banner.value for banner in page.warning]
    assert links(page) == {"Try again with: Stop-gradient on": "preset=classroom"}


def test_what_a_preset_has_is_what_helps_and_else_what_mostly_does(open_page: Open, make: Make) -> None:
    changes = {"method.predictor": "none", "method.tau_base": 0.0}  # the preset has 0.9
    page = open_page("runs", run=make("running", alarm=COLLAPSING, **changes).run_id)
    assert links(page) == {"Try again with: Predictor mlp, Tau at the start 0.9": "preset=classroom"}
    page = open_page("runs", run=make("running", alarm=COLLAPSING).run_id)
    assert links(page) == {"Try again with: Learning rate 0.00033": "preset=classroom&optimizer.lr=0.00033"}


def test_a_banner_leads_to_the_signs_of_health(open_page: Open, make: Make) -> None:
    run = make("running", alarm=COLLAPSING)
    page = open_page("runs", run=run.run_id)
    page.button(key="to_health").click().run()
    assert "Measured on the test images of the map, without labels." in text(page)
    assert links(open_page("lab"))["See its signs of health"] == f"run={run.run_id}&show=health"


def test_a_collapse_is_an_error(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("running", alarm=COLLAPSED).run_id)
    assert [banner.value for banner in page.error] == [COLLAPSED.text]


@pytest.mark.parametrize(("ratio", "kind"), [(0.05, "error"), (0.2, "warning"), (0.7, "warning")])
def test_an_alarm_of_an_earlier_release_is_read_off_the_curves(
    open_page: Open, make: Make, store: RunStore, ratio: float, kind: str
) -> None:
    run = make("running")
    store.add_metrics(run.run_id, 1, [MetricRow(30, 1.5, 30.0, {"std_ratio": ratio})])
    put(store, run.run_id, alarm="Kept without its codes.")
    page = open_page("runs", run=run.run_id)
    assert [banner.value for banner in page.get(kind)] == ["Kept without its codes."]


def test_a_run_that_is_well_has_no_banner(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("running").run_id)
    assert not page.warning and not page.error


def test_a_failure_that_is_its_own_alarm_is_said_once(open_page: Open, make: Make) -> None:
    alarm = Alarm("The loss was not a number.", "not_a_number")
    page = open_page("runs", run=make("failed", message=alarm.text, alarm=alarm).run_id)
    assert text(page).count("The loss was not a number.") == 1


def test_a_banner_comes_and_goes_while_the_page_is_open(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    page = open_page("runs", run=run.run_id)
    store.set_alarm(run.run_id, COLLAPSING)
    assert [banner.value for banner in page.run().warning] == [COLLAPSING.text]
    store.set_alarm(run.run_id, None)
    assert not page.run().warning


def test_settings_of_another_release_still_have_their_banner(open_page: Open, make: Make, store: RunStore) -> None:
    from sqlalchemy import update

    from byol_core.runs.schema import runs

    run = make("running", alarm=COLLAPSING)
    with store.writing() as connection:
        connection.execute(update(runs).where(runs.c.run_id == run.run_id).values(config='{"other": 1}'))
    page = open_page("runs", run=run.run_id)
    assert [banner.value for banner in page.warning] == [COLLAPSING.text]
    assert page.button(key="to_health") and not links(page)


def test_the_table_and_the_cards_mark_it(open_page: Open, make: Make) -> None:
    make("finished", alarm=COLLAPSED)
    make("finished")
    table = open_page("runs").dataframe[0].value
    assert [list(state) for state in table["state"]] == [["Finished"], ["Finished", "Alarm"]]
    assert text(open_page("lab")).count(":red-badge[:material/warning: Alarm]") == 1
