from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from byol_core.errors import InputError, LabError
from byol_core.runs import folder, sweep
from tests.rows import looking_on


def test_a_grid_is_every_combination_in_order():
    found = sweep.points({"views.strength": [0.3, 0.6], "seed": [0, 1]})
    assert found[:2] == [{"views.strength": 0.3, "seed": 0}, {"views.strength": 0.3, "seed": 1}]
    assert len(found) == 4


def test_a_list_is_taken_as_it_is_and_a_grid_at_each_of_it():
    listed = [{"epochs": 1}, {"epochs": 2, "seed": 5}]
    assert sweep.points({}, listed) == listed
    assert sweep.points({"batch_size": [8, 16]}, listed)[:2] == [
        {"epochs": 1, "batch_size": 8},
        {"epochs": 1, "batch_size": 16},
    ]


def test_a_point_that_comes_twice_is_one():
    assert sweep.points({"seed": [1, 2, 1]}) == [{"seed": 1}, {"seed": 2}]


@pytest.mark.parametrize(
    ("grid", "listed", "sentence"),
    [
        ({}, [], "at least one setting"),
        ({}, [{}], "at least one setting"),
        ({"seed": []}, [], "'seed' of the sweep has no values"),
        ({"seed": range(201)}, [], "at most 200 runs, but these are 201"),
        ({"seed": range(10**6), "epochs": range(1, 10**6)}, [], "at most 200 runs"),
        ({"sead": [1]}, [], "did you mean 'seed'"),
        ({}, [{"sead": 1}], "did you mean 'seed'"),
    ],
)
def test_nothing_and_too_much_are_refused(grid, listed, sentence):
    with pytest.raises(InputError, match=sentence):
        sweep.points(grid, listed)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.3, 0.6", [0.3, 0.6]),
        ("simclr,byol", ["simclr", "byol"]),
        ("[1, 2], [3, 4]", [[1, 2], [3, 4]]),
        ("", []),
        ("null, 5", [None, 5]),
        ("true", [True]),
    ],
)
def test_values_are_read_as_people_write_them(text, values):
    assert sweep.parse_values(text) == values


@pytest.mark.parametrize("text", ["[1", "]", "&a [*a]", "\0"])
def test_values_that_cannot_be_read_are_one_sentence(text):
    with pytest.raises(InputError, match="cannot be read"):
        sweep.parse_values(text)


def test_a_sweep_is_a_group_of_waiting_runs_in_order(store, config):
    points = sweep.points({"views.strength": [0.3, 0.6], "seed": [0, 1]})
    made = sweep.create(store, config, points, name="strengths", preset="classroom")
    assert [run.name for run in made][:2] == ["strengths strength=0.3 seed=0", "strengths strength=0.3 seed=1"]
    assert [run.run_id for run in store.queue()] == [run.run_id for run in made]
    assert {(run.group, run.preset, run.state) for run in made} == {("strengths", "classroom", "queued")}
    assert [run.config["views"]["strength"] for run in made] == [0.3, 0.3, 0.6, 0.6]
    assert all((run.folder / folder.CONFIG).is_file() for run in made)


def test_a_group_without_a_name_gets_the_next_number(store, config):
    groups = [sweep.create(store, config, [{"seed": 1}])[0].group for _ in range(2)]
    assert groups == ["sweep-1", "sweep-2"]


def test_a_name_that_a_group_has_is_refused(store, config):
    sweep.create(store, config, [{"seed": 1}], name="mine")
    with pytest.raises(InputError, match="There is a group 'mine' already; give the sweep another name"):
        sweep.create(store, config, [{"seed": 1}], name="mine")
    assert len(store.runs()) == len([path for path in store.home.iterdir() if path.is_dir()]) == 1


def test_two_sweeps_at_once_are_two_groups(store, config, monkeypatch):
    real, both = sweep.names, threading.Barrier(2)

    def names(*arguments):
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # as far as this come both at once, unless one waits for the other
        return real(*arguments)

    monkeypatch.setattr(sweep, "names", names)
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda seed: sweep.create(store, config, [{"seed": seed}])[0].group, (1, 2)))
    assert sorted(found) == ["sweep-1", "sweep-2"]


def test_settings_that_end_alike_are_named_in_full():
    assert sweep.names("g", [{"data.limit": 3, "views.size": 2}, {"views.size": None}])[1] == "g size=null"
    found = sweep.names("g", [{"optimizer.lr": 1, "evaluation.lr": 2}])
    assert found == ["g optimizer.lr=1 evaluation.lr=2"]


def test_names_that_would_be_too_long_are_numbered():
    assert sweep.names("g" * 110, [{"seed": 123456789}, {"seed": 2}]) == ["g" * 110 + " 1", "g" * 110 + " 2"]


def nothing_is_left(store):
    return store.runs() == [] and not [path for path in store.home.iterdir() if path.is_dir()]


def test_one_wrong_point_leaves_nothing(store, config):
    with pytest.raises(InputError, match=r"'views\.strength' should be less"):
        sweep.create(store, config, [{"views.strength": 0.3}, {"views.strength": 99}])
    assert nothing_is_left(store)


def test_a_failure_in_the_middle_leaves_nothing(store, config, monkeypatch):
    real, made = folder.create, []

    def second_fails(path, tree):
        if made:
            raise LabError("full")
        made.append(path)
        real(path, tree)

    monkeypatch.setattr(folder, "create", second_fails)
    with pytest.raises(LabError, match="full"):
        sweep.create(store, config, [{"seed": 1}, {"seed": 2}])
    assert nothing_is_left(store)


def test_whoever_may_only_look_starts_none(store, config):
    with pytest.raises(InputError, match="Only a teacher"):
        sweep.create(looking_on(store, "Only a teacher may."), config, [{"seed": 1}])
    assert nothing_is_left(store)
