from __future__ import annotations

import json

import pytest


def test_a_grid_is_a_group_left_to_the_supervisor_once(byol, store, quiet):
    grid = ["--grid", "views.strength=0.3,0.6", "--grid", "seed=0,1,2"]
    out = json.loads(byol("sweep", "--preset", "first-look", *grid, "--name", "s", "--json")[1])
    assert [run["name"] for run in out][:2] == ["s strength=0.3 seed=0", "s strength=0.3 seed=1"]
    assert {(run["group"], run["state"], run["preset"]) for run in out} == {("s", "queued", "first-look")}
    assert quiet == [store.home]


def test_people_are_told_how_to_compare(byol, quiet):
    out = byol("sweep", "--grid", "seed=1,2", "--name", "my seeds")[1]
    assert out == "Group 'my seeds': 2 runs wait for a turn; compare with: byol compare 'my seeds'\n"


@pytest.mark.parametrize(
    "text", ["- {seed: 1, views: {strength: 0.5}}\n- {epochs: 3}\n", '[{"views.strength": 0.5}, {"epochs": 3}]']
)
def test_a_list_of_settings_is_a_run_each(byol, store, quiet, tmp_path, text):
    file = tmp_path / "points.yaml"
    file.write_text(text)
    assert byol("sweep", "--list", file)[0] == 0
    last, first = store.runs()
    assert (first.config["views"]["strength"], last.config["epochs"]) == (0.5, 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "at least one setting"),
        (["--grid", "seed"], "should have the form key=value,value"),
        (["--grid", "seed="], "has no values"),
        (["--grid", "seed=[1"], "cannot be read"),
        (["--grid", "sead=1"], "did you mean 'seed'"),
        (["--grid", "views.strength=0.3,9"], "'views.strength' should be less"),
        (["--grid", "data.source=eurosat,nothing"], "There is no image set and no path 'nothing'"),
        (["--grid", "seed=" + ",".join(map(str, range(201)))], "at most 200 runs"),
        (["--list", "nothing.yaml"], "cannot be read"),
    ],
)
def test_a_wrong_sweep_is_one_sentence_and_no_run(byol, store, arguments, sentence):
    status, out, err = byol("sweep", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert store.runs() == []


@pytest.mark.parametrize("text", ["seed: 1", "[]", "- 1", "- [", "&a [*a]", "- {1: 2}", "- {seed: 2024-01-01}"])
def test_a_wrong_list_is_one_sentence(byol, store, tmp_path, text):
    (tmp_path / "points.yaml").write_text(text)
    status, out, err = byol("sweep", "--list", tmp_path / "points.yaml")
    assert (status, out, err.count("\n"), store.runs()) == (2, "", 1, [])
