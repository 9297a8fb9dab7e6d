from __future__ import annotations

import json
import re

from byol_core.cli.run_tables import NUMBERS
from byol_core.config import RunConfig
from tests.rows import put


def test_runs_and_show_print_the_contract_as_json(byol, store, finished):
    run = finished()
    waiting = store.create(RunConfig())
    status, out, _ = byol("runs", "--json")
    newest, oldest = json.loads(out)
    assert (status, newest["run_id"], oldest["run_id"]) == (0, waiting.run_id, run.run_id)
    shown = json.loads(byol("show", "done", "--json")[1])
    assert {**oldest, "account": None} == shown
    assert {"run_id", "state", "pid", "attempt", "config", "folder", "wall_seconds", *NUMBERS} <= set(shown)
    assert (shown["steps"], shown["knn_accuracy"], shown["knn_pixels"], shown["loss"]) == (3, 0.7, None, 0.25)
    assert newest["loss"] is None


def test_people_read_tables(byol, store, finished):
    run = finished()
    assert re.search(rf"{run.run_id} +done +finished .* 0.700", byol("runs")[1])
    assert "finished" in byol("show", "done")[1]


def test_a_new_home_says_how_to_begin(byol):
    status, out, _ = byol("runs")
    assert (status, "byol train --preset classroom" in out) == (0, True)


def test_queue_resume_and_clone_leave_the_run_to_the_supervisor(byol, store, quiet):
    first = json.loads(byol("train", "--preset", "first-look", "--queue", "--name", "one", "--json")[1])
    assert (first["state"], first["name"], first["preset"], first["steps"]) == ("queued", "one", "first-look", None)
    assert json.loads(byol("stop", "one", "--json")[1])["state"] == "stopped"
    assert json.loads(byol("resume", "one", "--json")[1])["state"] == "queued"
    clone = json.loads(byol("clone", "one", "--set", "seed=5", "--name", "two", "--json")[1])
    assert (clone["config"]["seed"], clone["preset"], clone["name"]) == (5, "first-look", "two")
    assert quiet == [store.home] * 3


def test_tail_prints_the_end_of_the_log(byol, store, finished):
    run = finished()
    (run.folder / "log.txt").write_text("one\ntwo\nthree  0 %\rthree 100 %\n")
    assert byol("tail", "done", "-n", "2")[1] == "two\nthree 100 %\n"
    assert byol("tail", "done", "-n", "1", "--follow")[1] == "three 100 %\n"
    assert json.loads(byol("tail", "done", "--json")[1])["lines"][0] == "one"


def test_a_name_is_no_markup(byol, store, finished, quiet):
    one, other, waits, gone = (finished("[/x] net"), finished("[red] :smile:"), store.create(RunConfig(), name="[/]"),
                               finished("[/gone]"))  # fmt: skip
    byol("delete", gone.run_id)
    said = [byol("runs"), byol("show", one.run_id), byol("queue"), byol("compare", one.run_id, other.run_id)]
    assert [status for status, _, _ in [*said, byol("trash")]] == [0] * 5
    assert "[/x] net" in said[0][1] and "[red] :smile:" in said[0][1] and waits.name in said[2][1]
    assert all("[/x] net" in out for _, out, _ in (said[1], said[3])) and "[/gone]" in byol("trash")[1]


def test_a_reference_that_is_no_text_is_one_sentence(byol, store):
    status, _, err = byol("show", "x\udcff")
    assert (status, err) == (2, "There is no run 'x\\udcff'; 'byol runs' lists them.\n")


def test_the_list_in_a_pipe_has_one_line_a_run_with_all_of_it(byol, store, finished):
    run = finished()
    alarm = "The projection is collapsing, " * 20 + "probably because of this."
    put(store, run.run_id, alarm=alarm)
    status, out, _ = byol("runs")
    assert (status, [line.rstrip().endswith(alarm) for line in out.splitlines()]) == (0, [False, True])
