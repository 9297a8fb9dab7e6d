"""Several runs side by side: which lines there are, the tables, and what sets the runs apart."""

from __future__ import annotations

import pytest

from app.runs import compare, compare_tables, curves
from app.shared import polling
from byol_core.events import MetricRow, Progress
from byol_core.runs.run import Run
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
    page = open_page("runs", compare=address(seeds), curves="learning_rate")
    assert "**Learning rate**" in text(page) and "**Loss**" not in text(page)
    assert set(sent(page)) == {f"{run.run_id}/1/learning_rate" for run in seeds}
    page.multiselect(key="curves").set_value([]).run()
    assert "Choose a curve above." in text(page)


def test_the_table_has_best_and_last_of_each_run(open_page: Open, seeds: list[Run]) -> None:
    page = open_page("runs", compare=address(seeds), side="table")
    table, means = (frame.value for frame in page.dataframe)
    assert len(table) == 4
    assert table["Loss, best"].tolist() == pytest.approx([4 / 21] * 4)
    assert table["kNN (validation), best"].tolist() == ["0.800 [0.758, 0.836] · 400"] * 4
    assert table["kNN (test)"].tolist() == ["0.781 [0.754, 0.806] · 1\u202f000"] * 4
    assert table["kNN against the best (test)"].tolist()[1:] == ["+0.000 [-0.036, +0.036], not clear, unpaired"] * 3
    assert list(means["Settings"]) == ["strength=0.3", "strength=0.6"]
    assert list(means["kNN (test)"]) == ["0.781 ± 0"] * 2


def test_only_the_settings_that_differ_are_listed(open_page: Open, seeds: list[Run]) -> None:
    table = open_page("runs", compare=address(seeds), side="settings").dataframe[0].value
    assert list(table.columns) == ["Run", "Strength (views.strength)", "Seed (seed)"]
    assert list(table["Seed (seed)"]) == ["0", "1", "0", "1"]
    two = open_page("runs", compare=address([seeds[0], seeds[3]]), side="settings").dataframe[0].value
    assert list(two["Setting"]) == ["Strength (views.strength)", "Seed (seed)"]


def test_runs_with_the_same_settings_say_so(open_page: Open, make: Make) -> None:
    runs = [make("finished"), make("finished")]
    assert "These runs have the same settings." in text(open_page("runs", compare=address(runs), side="settings"))


def test_more_lines_than_colors_are_said_in_words(open_page: Open, make: Make) -> None:
    runs = [make("stopped", **{"batch_size": 32 + at}) for at in range(14)]
    page = open_page("runs", compare=address(runs))
    assert page.info[0].value.startswith("The first 12 of 14 runs are shown")
    assert len(figures(page)[0]["data"]) == 12


def test_runs_that_logged_nothing_are_no_error(open_page: Open, make: Make) -> None:
    page = open_page("runs", compare=address([make("queued"), make("queued", seed=3)]))
    assert "These runs have logged nothing yet" in text(page)
    for side in ("table", "settings", "system"):
        assert not open_page("runs", compare=page.query_params["compare"], side=side).exception


@pytest.mark.parametrize("side", ["curves", "table", "settings", "system"])
def test_runs_that_wait_or_are_over_are_looked_at_again(
    open_page: Open, make: Make, looks: dict[str, float | None], side: str
) -> None:
    open_page("runs", compare=address([make("queued"), make("queued", seed=3)]), side=side)
    assert looks["look"] == polling.SECONDS
    open_page("runs", compare=address([make("stopped"), make("stopped", seed=3)]), side=side)
    assert looks["look"] == polling.IDLE * polling.SECONDS


def test_a_curve_that_begins_later_joins_until_somebody_chooses(open_page: Open, make: Make, store: RunStore) -> None:
    def log(step: int, key: str) -> list[str]:
        store.add_metrics(run.run_id, 1, [MetricRow(step, 1.0, 1.0, {key: 0.5})])
        shown: list[str] = page.run().multiselect(key="curves").value
        return shown

    run = make("starting")
    page = open_page("runs", compare=address([run, make("queued", seed=3)]))
    assert (log(1, "loss"), log(2, "knn_accuracy")) == (["loss"], ["loss", "knn_accuracy"])
    page.multiselect(key="curves").set_value(["loss"]).run()
    assert log(3, "std_ratio") == ["loss"]


def test_the_curves_of_all_drawn_runs_can_be_chosen(open_page: Open, make: Make, store: RunStore) -> None:
    runs = [make("stopped", seed=seed) for seed in range(compare.MOST_LINES + 1)]
    store.add_metrics(runs[-1].run_id, 1, [MetricRow(1, 1.0, 1.0, {"my_own": 0.5})])
    assert "My own" in open_page("runs", compare=address(runs)).multiselect(key="curves").options


def test_the_table_draws_the_runs_as_they_are_at_each_look(
    make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, drawn = make("running"), []
    monkeypatch.setattr(compare_tables, "ends", lambda runs, _: drawn.extend(run.step for _, run in runs))
    again = compare._table_tab([("a", "#000000", [run])], ["loss"], frozenset())
    store.set_progress(run.run_id, Progress(33, 40, 1.6, 900.0, 42.0, "training"))
    again(compare._now([run]).runs)
    assert drawn == [33]


def test_best_and_last_are_looked_for_once_as_long_as_a_run_does_not_go_on(
    open_page: Open, seeds: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real = [], compare_tables.sides.best_and_last
    monkeypatch.setattr(
        compare_tables.sides, "best_and_last", lambda store, ids, keys: asked.extend(ids) or real(store, ids, keys)
    )
    open_page("runs", compare=address(seeds), side="table").run()
    assert sorted(asked) == sorted(run.run_id for run in seeds)


def test_curves_of_a_run_that_is_over_are_read_until_the_browser_has_them(
    open_page: Open, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [make("stopped"), make("running", seed=3)]
    page = open_page("runs", compare=address(runs))
    page.session_state["feed"] = {"have": {curves.curve_id(runs[0], key): 20 for key in (*compare.FIRST, "std_ratio")}}
    asked, real = [], RunStore.curves
    monkeypatch.setattr(RunStore, "curves", lambda self, id, *a, **k: asked.append(id) or real(self, id, *a, **k))
    page.run()
    assert asked == [runs[1].run_id]
    assert sent(page)[curves.curve_id(runs[0], "loss")] == (20, [])


def test_an_address_of_too_many_runs_is_cut_and_says_so(open_page: Open, make: Make) -> None:
    run = make("finished")
    page = open_page("runs", compare=",".join([run.run_id, run.run_id, *(f"none{at}" for at in range(500))]))
    assert page.title[0].value == "Compare runs"
    unknown, cut = (warning.value for warning in page.warning)
    assert "'none0'" in unknown and "198 more" in unknown
    assert cut.startswith("The address names 501 runs; the first 200")


def test_one_run_alone_says_how_to_choose_more(open_page: Open, make: Make) -> None:
    assert "choose several in the list" in text(open_page("runs", compare=make("finished").run_id))


def test_a_run_that_ends_is_noticed(open_page: Open, make: Make, store: RunStore) -> None:
    runs = [make("running"), make("finished", seed=2)]
    page = open_page("runs", compare=address(runs))
    assert "1 of them still to finish" in text(page)
    store.move(runs[0].run_id, "stopped")
    assert "still to finish" not in text(page.run())


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
