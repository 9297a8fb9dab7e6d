from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from byol_core.errors import InputError, LabError
from byol_core.events import Alarm
from byol_core.runs import folder, queries
from byol_core.runs.run import STATES, TRANSITIONS
from byol_core.runs.store import RunStore
from byol_core.system.processes import identity
from tests.rows import put_summary


def live(store, config, **options):
    """A run that this process works on."""
    run = store.create(config, here=True, **options)
    return store.move(run.run_id, "running")


def ended(store, config, state="stopped"):
    return store.move(live(store, config).run_id, state, message="because")


def test_a_new_run_waits_in_a_folder_with_its_configuration(store, config):
    run = store.create(config, name=" mine ", preset="classroom")
    assert (run.state, run.name, run.preset, run.attempt, run.pid) == ("queued", "mine", "classroom", 0, None)
    assert json.loads((run.folder / "config.json").read_text()) == run.config == config.model_dump(mode="json")


def test_names_are_given_and_counted(store, config):
    names = [store.create(config, preset=preset).name for preset in ("classroom", "classroom", None)]
    assert names == ["classroom-1", "classroom-2", "run-1"]


@pytest.mark.parametrize("name", ["x" * 121, "two\nlines", "\x1b[31m"])
def test_a_bad_name_is_refused_and_leaves_nothing(store, config, name):
    with pytest.raises(InputError, match="name of a run"):
        store.create(config, name=name)
    assert store.runs() == []
    assert not [path for path in store.home.iterdir() if path.is_dir()]


def test_a_run_is_found_by_id_beginning_and_name(store, config):
    run = store.create(config, name="the one")
    assert {store.get(ref).run_id for ref in (run.run_id, run.run_id[:5], "the one")} == {run.run_id}


@pytest.mark.parametrize("ref", ["", "nothing", "%", "_"])
def test_an_unknown_run_is_refused(store, config, ref):
    store.create(config)
    with pytest.raises(InputError, match="There is no run"):
        store.get(ref)


def test_a_name_that_two_runs_have_is_refused_with_their_ids(store, config):
    runs = [store.create(config, name="twin") for _ in range(2)]
    with pytest.raises(InputError, match="could be any of 2 runs") as caught:
        store.get("twin")
    assert all(run.run_id in str(caught.value) for run in runs)


def test_the_newest_run_comes_first(store, config):
    ids = [store.create(config).run_id for _ in range(3)]
    assert [run.run_id for run in store.runs()] == ids[::-1]
    assert [run.run_id for run in store.runs(2)] == ids[:0:-1]
    assert [run.run_id for run in store.queue()] == ids


def test_only_named_changes_of_state_exist(store, config):
    for before in STATES:
        for after in set(STATES) - set(TRANSITIONS[before]):
            run = store.create(config)
            for state in {"queued": [], "starting": ["starting"]}.get(before, ["starting", "running", before]):
                if store.get(run.run_id).state != state:
                    store.claim(run.run_id, identity()) if state == "starting" else store.move(run.run_id, state)
            with pytest.raises(InputError, match=f"is {before}; it cannot become {after}"):
                store.move(run.run_id, after)


def test_only_one_of_two_takes_a_run(store, config):
    run = store.create(config)
    other = RunStore(store.home)
    assert store.claim(run.run_id, identity()).attempt == 1
    assert other.claim(run.run_id, identity()) is None
    other.engine.dispose()


def test_the_end_of_a_run_frees_its_process(store, config):
    run = ended(store, config, "failed")
    assert (run.state, run.message, run.pid) == ("failed", "because", None)
    assert run.ended >= run.started


def test_a_stop_is_a_flag_for_a_live_run_and_at_once_for_a_waiting_one(store, config):
    running, waiting = live(store, config), store.create(config)
    assert store.request_stop(running.run_id).state == "running"
    assert store.stop_requested(running.run_id)
    assert store.request_stop(waiting.run_id).state == "stopped"


@pytest.mark.parametrize("state", ["stopped", "failed", "interrupted"])
def test_a_run_that_ended_early_can_be_resumed(store, config, state):
    run = live(store, config)
    store.request_stop(run.run_id)
    store.move(run.run_id, state)
    run = store.resume(run.run_id)
    assert (run.state, run.stop_requested, run.ended, run.message) == ("queued", False, None, "")
    assert store.claim(run.run_id, identity()).attempt == 2


def test_a_resumed_run_does_not_tell_the_numbers_of_the_end_before(store, config):
    run = store.create(config, here=True)
    put_summary(store, run.run_id, {"knn_accuracy": 0.7})
    assert store.move(run.run_id, "stopped").summary == {"knn_accuracy": 0.7}
    assert store.resume(run.run_id).summary == {}


def test_the_alarm_of_a_live_run_stays_until_it_is_resumed(store, config):
    run = live(store, config)
    assert run.alarm is None
    store.set_alarm(run.run_id, Alarm("It collapses.", "collapsed", "projection"))
    assert store.move(run.run_id, "stopped").alarm == "It collapses."
    store.set_alarm(run.run_id, None)  # too late: it is over
    assert store.get(run.run_id).as_dict()["alarm"] == "It collapses."
    resumed = store.resume(run.run_id)
    assert (resumed.alarm, resumed.alarm_kind, resumed.alarm_space) == (None, "", "")


def test_a_resumed_run_goes_to_the_end_of_the_queue(store, config):
    first, second = ended(store, config), store.create(config)
    store.resume(first.run_id)
    assert [run.run_id for run in store.queue()] == [second.run_id, first.run_id]


def test_a_finished_run_is_not_resumed_but_cloned(store, config):
    run = ended(store, config, "finished")
    with pytest.raises(InputError, match="clone it"):
        store.resume(run.run_id)
    clone = store.clone(run.run_id, {"optimizer.lr": 0.1})
    assert clone.config == {**run.config, "optimizer": {**run.config["optimizer"], "lr": 0.1}}
    assert (clone.state, clone.name) == ("queued", f"{run.name}-clone-1")


def test_a_clone_with_an_unknown_setting_is_refused(store, config):
    with pytest.raises(InputError, match=r"did you mean 'optimizer\.lr'"):
        store.clone(store.create(config).run_id, {"optimizer.lrr": 1})


def test_a_stopped_run_cannot_be_stopped(store, config):
    with pytest.raises(InputError, match="nothing to stop"):
        store.request_stop(ended(store, config).run_id)


def test_a_live_run_is_not_deleted(store, config):
    run = live(store, config)
    with pytest.raises(InputError, match="stop it before deleting"):
        store.delete(run.run_id)
    assert run.folder.is_dir()


def test_a_deleted_run_leaves_nothing(store, config, row):
    run = ended(store, config)
    store.add_metrics(run.run_id, 1, [row(1, 0.5)])
    store.delete(run.run_id)
    assert (store.runs(), store.metric_keys(run.run_id)) == ([], [])
    assert [path.name for path in store.home.iterdir() if not path.name.startswith("lab.sqlite")] == []


def test_a_run_whose_row_stays_keeps_its_folder(store, config):
    def full(_connection):
        raise LabError("The disk is full.")

    run = ended(store, config)
    event.listen(store.engine, "commit", full)
    with pytest.raises(LabError, match="disk is full"):
        store.delete(run.run_id)
    event.remove(store.engine, "commit", full)
    folder.empty_trash(store.home)
    assert (store.get(run.run_id).folder / folder.CONFIG).is_file()


def test_a_stop_is_not_lost_when_a_supervisor_takes_the_run_at_the_same_moment(store, config, monkeypatch):
    run, other, real = store.create(config), RunStore(store.home), queries.change
    taker = threading.Thread(target=lambda: other.claim(run.run_id, identity()))

    def change(*arguments):
        taker.start()
        taker.join(0.3)  # it waits for the store until this is over
        return real(*arguments)

    monkeypatch.setattr(queries, "change", change)
    store.request_stop(run.run_id)
    taker.join()
    other.engine.dispose()
    assert store.get(run.run_id).state == "stopped"


def test_a_rename_is_checked(store, config):
    run = store.create(config)
    assert store.rename(run.run_id, "better").name == "better"
    with pytest.raises(InputError, match="empty"):
        store.rename(run.run_id, "  ")


def test_a_home_that_cannot_be_made_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        RunStore(tmp_path / "file" / "home")


def test_no_space_for_the_run_folder_is_refused_in_one_sentence(store, config, monkeypatch):
    usage = type(folder.shutil.disk_usage(store.home))
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(InputError, match=r"no space for the run folder .* 1 MB"):
        store.create(config)
    assert store.runs() == []


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x/y"])
def test_a_bad_database_url_is_refused_in_one_sentence(tmp_path, url):
    with pytest.raises(InputError, match="URL cannot be used"):
        RunStore(tmp_path, url)


def test_a_path_of_images_is_kept_whole(store, config, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    run = store.create(config.changed(**{"data.source": "photos"}))
    assert run.config["data"]["source"] == str(tmp_path / "photos")
    (tmp_path / "eurosat").mkdir()
    assert store.create(config).config["data"]["source"] == "eurosat"


# What is shown is true, also when nobody watches over the processes


def test_a_run_whose_process_is_gone_is_interrupted(store, config, until):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = store.create(config)
    store.claim(run.run_id, identity(child.pid))
    store.move(run.run_id, "running")
    assert store.get(run.run_id).state == "running"
    child.kill()  # not waited for: a zombie is dead, too
    until(lambda: store.get(run.run_id).state == "interrupted", 5)
    assert f"process {child.pid}" in store.get(run.run_id).message
    assert store.get(run.run_id).message.endswith("resume it to start again from the beginning.")
    child.communicate()


def test_a_run_that_is_gone_goes_on_from_its_last_checkpoint_where_there_is_one(store, config):
    run = store.create(config)
    store.claim(run.run_id, (identity()[0], 1.0))
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "step-00000007.pt").touch()
    assert RunStore(store.home).get(run.run_id).message.endswith("resume it to go on from its last checkpoint.")


def test_a_pid_that_was_handed_to_another_process_does_not_count(store, config):
    run = store.create(config)
    pid, created = identity()
    store.claim(run.run_id, (pid, created - 100))
    assert RunStore(store.home).get(run.run_id).state == "interrupted"


def test_a_run_that_was_asked_to_stop_and_is_gone_is_stopped(store, config):
    run = store.create(config)
    store.claim(run.run_id, identity())
    store.request_stop(run.run_id)
    store.set_process(run.run_id, (identity()[0], 1.0))
    assert RunStore(store.home).get(run.run_id).state == "stopped"


def test_a_run_of_another_machine_is_left_alone(store, config, monkeypatch):
    run = store.create(config)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("byol_core.runs.queries.HOST", "elsewhere")
        store.claim(run.run_id, (1, 1.0))
    assert RunStore(store.home).get(run.run_id).state == "starting"


# Two processes


def test_two_processes_write_at_once(store, config):
    code = (
        "import sys; from pathlib import Path\n"
        "from byol_core.events import MetricRow; from byol_core.runs.store import RunStore\n"
        "store = RunStore(Path(sys.argv[1]))\n"
        "for step in range(200):\n"
        "    store.add_metrics(sys.argv[2], int(sys.argv[3]), [MetricRow(step, 0.0, 0.0, {sys.argv[3]: 1.0})])\n"
    )
    run = store.create(config)
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(store.home), run.run_id, str(n)], cwd=Path.cwd())
        for n in (1, 2)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert [len(store.series(run.run_id, key)) for key in "12"] == [200, 200]


def test_several_processes_open_a_new_home_at_once(home):
    code = "import sys, pathlib; from byol_core.runs.store import RunStore; RunStore(pathlib.Path(sys.argv[1]))"
    openers = [subprocess.Popen([sys.executable, "-c", code, str(home)], cwd=Path.cwd()) for _ in range(4)]
    assert [opener.wait(60) for opener in openers] == [0] * 4
