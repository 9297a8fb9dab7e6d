"""Wrong input: exit status 2, one sentence on stderr, nothing on stdout."""

from __future__ import annotations

import pytest

from byol_core.config import RunConfig


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
        (["show"], "Missing argument"),
        (["show", "nothing"], "There is no run 'nothing'"),
        (["stop", "nothing"], "There is no run 'nothing'"),
        (["resume", "nothing"], "There is no run 'nothing'"),
        (["clone", "nothing"], "There is no run 'nothing'"),
        (["delete", "nothing"], "There is no run 'nothing'"),
        (["tail", "nothing"], "There is no run 'nothing'"),
        (["runs", "--limit", "0"], "'--limit'"),
        (["app", "--port", "99999"], "'--port'"),
        (["train", "--preset", "nothing"], "There is no preset 'nothing'"),
        (["train", "--data", "nothing"], "There is no image set and no path 'nothing'"),
        (["train", "--data", "x" * 5000], "cannot be read"),
        (["train", "--config", "nothing.yaml"], "'nothing.yaml' cannot be read"),
        (["train", "--set", "views.strenght=1"], "did you mean 'views.strength'?"),
        (["train", "--set", "views.strength"], "should have the form key=value"),
        (["train", "--set", "views.strength=3"], "'views.strength' should be less than or equal to 2"),
        (["train", "--set", "views.strength=[1"], "cannot be read"),
        (["train", "--set", "epochs=2024-01-01"], "'epochs' should"),
        (["train", "--set", "data=eurosat"], "'data' should"),
        (["train", "--name", "x" * 200], "at most 120 characters"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_status_2(byol, store, arguments, sentence):
    status, out, err = byol(*arguments)
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert store.runs() == []


@pytest.mark.parametrize(
    "text",
    ["views: 3", "nonsense: 1", "- a\n- b", "{", "epochs: 2024-01-01", "a: &a [*a]", "{[1]: 2}", "\x00", "epochs: x"],
)
def test_a_wrong_configuration_file_is_one_sentence(byol, tmp_path, text):
    file = tmp_path / "run.yaml"
    file.write_text(text)
    status, out, err = byol("train", "--config", file)
    assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("in_the_way", ["home", "home/lab.sqlite"])
def test_a_home_that_cannot_be_used_is_one_sentence(byol, home, in_the_way):
    if in_the_way == "home":
        home.write_text("")
    else:
        (home / "lab.sqlite").mkdir(parents=True)
    status, out, err = byol("train", "--preset", "first-look")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "set BYOL_LAB_HOME to another folder" in err


def test_no_space_for_the_run_folder_is_one_sentence(byol, store, monkeypatch):
    monkeypatch.setattr("byol_core.runs.folder.LEAST_FREE_BYTES", 10**18)
    status, out, err = byol("train", "--preset", "first-look")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "There is no space for the run folder" in err


def test_a_live_run_is_not_deleted(byol, store):
    run = store.create(RunConfig(), here=True)
    assert byol("delete", run.run_id)[0] == 2
    assert byol("resume", run.run_id)[0] == 2
