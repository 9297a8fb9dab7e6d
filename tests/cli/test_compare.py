from __future__ import annotations

import json

from byol_core.config import RunConfig
from byol_core.runs import sweep
from tests.rows import put_summary


def test_a_comparison_is_one_object(byol, finished):
    one, two = finished("one", seed=1), finished("two", seed=2)
    found = json.loads(byol("compare", "one", "two", "one", "--json")[1])
    assert [run["run_id"] for run in found["runs"]] == [one.run_id, two.run_id]
    assert found["differences"] == {"seed": [1, 2]}
    assert found["best_and_last"][one.run_id] == {"loss": {"best": 0.25, "last": 0.25}}
    (row,) = found["groups"]["rows"]
    assert (row["n"], row["mean"], row["sd"], row["runs"]) == (2, 0.7, 0.0, [one.run_id, two.run_id])


def test_people_read_what_differs_and_how_it_went(byol, finished):
    finished("one", **{"views.strength": 0.3}), finished("two", **{"views.strength": 0.6})
    lines = [" ".join(line.split()) for line in byol("compare", "one", "two")[1].splitlines()]
    assert "one two" in lines and "views.strength 0.3 0.6" in lines
    assert "loss, best 0.250 0.250" in lines and "kNN accuracy, test images 0.700 0.700" in lines
    assert not any("seeds as one" in line for line in lines)


def test_the_name_of_a_group_stands_for_its_runs(byol, store):
    made = sweep.create(store, RunConfig(), [{"seed": 1}, {"seed": 2}], name="seeds")
    found = json.loads(byol("compare", "seeds", "--json")[1])
    assert [run["run_id"] for run in found["runs"]] == [run.run_id for run in made]
    assert "seeds as one" not in byol("compare", "seeds")[1]  # there is no accuracy yet
    for run, accuracy in zip(made, (0.6, 0.8), strict=True):
        put_summary(store, run.run_id, {"knn_accuracy": accuracy})
    lines = [" ".join(line.split()) for line in byol("compare", "seeds")[1].splitlines()]
    assert lines[-2:] == ["seeds as one kNN (test), mean sd over seeds n", "seeds 0.700 0.141 2"]


def test_one_run_is_no_comparison(byol, finished):
    finished()
    assert byol("compare", "done")[::2] == (2, "To compare takes at least two runs, or the name of a group.\n")
    assert byol("compare", "done", "nothing")[0] == 2
