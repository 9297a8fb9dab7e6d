from __future__ import annotations

import json

import pytest


def test_tags_are_added_taken_away_and_told(byol, finished):
    finished()
    assert json.loads(byol("tag", "done", "good", "paper", "--json")[1])["tags"] == ["good", "paper"]
    assert byol("tag", "done", "new")[1].endswith("'done' has good, paper, new.\n")
    assert byol("tag", "done", "paper", "good", "--remove")[1].endswith("'done' has new.\n")
    assert byol("tag", "done")[1].endswith("'done' has new.\n")


def test_a_note_is_written_and_shown(byol, finished):
    finished()
    assert json.loads(byol("note", "done", "a good one", "--json")[1])["notes"] == "a good one"
    assert "a good one" in byol("show", "done")[1]
    assert byol("note", "done", "")[1].endswith("are empty.\n")


def test_an_archived_run_is_listed_only_when_asked_for(byol, finished):
    finished("one"), finished("two")
    assert "2 runs are in the archive" in byol("archive", "one", "two")[1]
    assert json.loads(byol("runs", "--json")[1]) == []
    assert len(json.loads(byol("runs", "--all", "--json")[1])) == 2
    assert json.loads(byol("archive", "one", "--undo", "--json")[1])[0]["archived"] is False
    assert "one" in byol("runs")[1] and "two" not in byol("runs")[1]


def test_a_deleted_run_goes_to_the_trash_and_comes_back(byol, store, finished):
    run = finished()
    out = byol("delete", "done")[1]
    assert out == f"Run {run.run_id} 'done' is in the trash; bring back with: byol restore {run.run_id}\n"
    assert byol("show", "done")[0] == 2
    (thrown,) = json.loads(byol("trash", "--json")[1])
    assert (thrown["run_id"], thrown["bytes"] > 0) == (run.run_id, True)
    assert run.run_id in byol("trash")[1]
    assert byol("restore", run.run_id)[1] == f"Run {run.run_id} 'done' is back.\n"
    assert store.get("done").deleted is None


def test_delete_now_and_an_emptied_trash_are_for_good(byol, store, finished):
    first, second, kept = finished("one"), finished("two"), finished("three")
    assert json.loads(byol("delete", "one", "--now", "--json")[1]) == [
        {"run_id": first.run_id, "name": "one", "deleted": True}
    ]
    byol("delete", "two")
    assert byol("trash", "--empty")[1] == f"Run {second.run_id} 'two' is deleted for good.\n"
    assert byol("trash")[1] == byol("trash", "--empty")[1] == "The trash is empty.\n"
    assert [path.name for path in store.home.iterdir() if path.is_dir()] == [kept.run_id]


def test_a_live_run_among_several_is_refused_and_all_stay(byol, store, finished):
    from byol_core.config import RunConfig

    done, live = finished(), store.create(RunConfig(), name="busy", here=True)
    status, out, err = byol("delete", done.run_id, live.run_id)
    assert (status, out) == (2, "")
    assert err == "The run 'busy' is being worked on; stop it before deleting it.\n"
    assert len(store.runs()) == 2


@pytest.mark.parametrize("command", ["show", "resume", "stop", "clone", "delete"])
def test_a_run_in_the_trash_is_said_to_be_there(byol, finished, command):
    run = finished()
    byol("delete", "done")
    status, out, err = byol(command, "done")
    assert (status, out) == (2, "")
    assert err == f"The run 'done' is in the trash; bring it back there, or with: byol restore {run.run_id}\n"


def test_a_run_that_is_not_in_the_trash_cannot_be_restored(byol, finished):
    finished()
    status, out, err = byol("restore", "done")
    assert (status, out, err) == (2, "", "The run 'done' is not in the trash, so there is nothing to restore.\n")


@pytest.mark.parametrize("command", ["tag", "archive", "delete", "restore", "pack"])
def test_an_unknown_run_is_one_sentence(byol, command):
    status, out, err = byol(command, "nothing")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "There is no run 'nothing'" in err
