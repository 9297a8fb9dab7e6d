"""Several runs side by side: which lines there are, the tables, and what sets the runs apart."""

from __future__ import annotations

import pytest

from app.components import compare_tables
from byol_core.runs.model import Run
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, figures, sent, text


@pytest.fixture
def seeds(make: Make) -> list[Run]:
    """Two strengths, two seeds each."""
    return [make("finished", **{"views.strength": s, "seed": seed}) for s in (0.3, 0.6) for seed in (0, 1)]


def address(runs: list[Run]) -> str:
    return ",".join(run.run_id for run in runs)


def test_runs_that_differ_only_in_their_seed_are_one_line(open_page: Open, seeds: list[Run]) -> None:
    page = open_page("runs", compare=address(seeds))
    lines = figures(page)[0]["data"]
    assert [line["name"] for line in lines] == ["strength=0.3 (n = 2)", "strength=0.6 (n = 2)"]
    assert [len(line["curves"]) for line in lines] == [2, 2]
    page.toggle(key="together").set_value(False).run()
    assert [len(line["curves"]) for line in figures(page)[0]["data"]] == [1, 1, 1, 1]
    assert len({line["line"]["color"] for line in figures(page)[0]["data"]}) == 4


def test_any_curve_can_be_chosen(open_page: Open, seeds: list[Run]) -> None:
    page = open_page("runs", compare=address(seeds), curves="Learning rate")
    assert "**Learning rate**" in text(page) and "**Loss**" not in text(page)
    assert set(sent(page)) == {f"{run.run_id}/1/learning_rate" for run in seeds}
    page.multiselect(key="curves").set_value([]).run()
    assert "Choose a curve above." in text(page)


def test_the_table_has_best_and_last_of_each_run(open_page: Open, seeds: list[Run]) -> None:
    page = open_page("runs", compare=address(seeds), side="Table")
    table, means = (frame.value for frame in page.dataframe)
    assert len(table) == 4
    assert table["Loss, best"].tolist() == pytest.approx([4 / 21] * 4)
    assert table["kNN (validation), best"].tolist() == [0.8] * 4
    assert table["kNN (test)"].tolist() == [0.781] * 4
    assert list(means["Settings"]) == ["strength=0.3", "strength=0.6"]
    assert list(means["kNN (test)"]) == ["0.781 ± 0"] * 2


def test_only_the_settings_that_differ_are_listed(open_page: Open, seeds: list[Run]) -> None:
    table = open_page("runs", compare=address(seeds), side="Settings").dataframe[0].value
    assert list(table.columns) == ["Run", "Strength (views.strength)", "Seed (seed)"]
    assert list(table["Seed (seed)"]) == ["0", "1", "0", "1"]
    two = open_page("runs", compare=address([seeds[0], seeds[3]]), side="Settings").dataframe[0].value
    assert list(two["Setting"]) == ["Strength (views.strength)", "Seed (seed)"]


def test_runs_with_the_same_settings_say_so(open_page: Open, make: Make) -> None:
    runs = [make("finished"), make("finished")]
    assert "These runs have the same settings." in text(open_page("runs", compare=address(runs), side="Settings"))


def test_more_lines_than_colours_are_said_in_words(open_page: Open, make: Make) -> None:
    runs = [make("stopped", **{"batch_size": 32 + at}) for at in range(14)]
    page = open_page("runs", compare=address(runs))
    assert page.info[0].value.startswith("The first 12 of 14 runs are shown")
    assert len(figures(page)[0]["data"]) == 12


def test_runs_that_logged_nothing_are_no_error(open_page: Open, make: Make) -> None:
    page = open_page("runs", compare=address([make("queued"), make("queued", seed=3)]))
    assert "These runs have logged nothing yet" in text(page)
    for side in ("Table", "Settings", "System"):
        assert not open_page("runs", compare=page.query_params["compare"], side=side).exception


def test_one_run_alone_says_how_to_choose_more(open_page: Open, make: Make) -> None:
    assert "choose several in the list" in text(open_page("runs", compare=make("finished").run_id))


def test_a_run_that_ends_is_noticed(open_page: Open, make: Make, store: RunStore) -> None:
    runs = [make("running"), make("finished", seed=2)]
    page = open_page("runs", compare=address(runs))
    assert "1 of them still to finish" in text(page)
    store.move(runs[0].run_id, "stopped")
    assert "still to finish" not in text(page.run())


def test_runs_of_one_name_are_told_apart(make: Make) -> None:
    one, other = make("finished"), make("finished")
    assert compare_tables.unique_names([one, other]) == [f"{run.name} ({run.run_id})" for run in (one, other)]


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("loss", "Loss"),
        ("projection_rankme", "RankMe, projection"),
        ("system_cpu", "Processor (%)"),
        ("my_own", "My own"),
    ],
)
def test_a_curve_is_called_in_words(key: str, label: str) -> None:
    assert compare_tables.label(key) == label
