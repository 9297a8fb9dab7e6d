from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import warnings

import pytest

from byol_core.cli import run_tables
from byol_core.errors import InputError, LabError
from byol_core.events import Alarm, Progress, StopAsked, Summary
from byol_core.runs import unsaved, worker
from byol_core.runs.folder import LOG
from byol_core.system.processes import identity

DONE = Summary(False, 20, 2.0, 1.5, 100.0, 0.5, 0.8, 0.6, 0.4, float("nan"), 0.9, 20, 0.1, 10, 5)


def training(action=lambda *_: None, result=DONE):
    def train(config, folder, callback, *, resume=False):
        action(config, folder, callback, resume)
        return result

    return train


def raising(error):
    def action(*_):
        raise error

    return training(action)


def test_a_finished_run_has_its_numbers_and_a_free_process(store, config):
    run = store.create(config)
    assert worker.main([run.run_id], training()) == 0
    run = store.get(run.run_id)
    assert (run.state, run.attempt, run.pid, run.message) == ("finished", 1, None, "")
    assert run.summary["knn_accuracy"] == 0.8
    assert run.summary["std_ratio"] is None  # JSON has no NaN


@pytest.mark.filterwarnings("default")
def test_the_training_gets_the_settings_and_what_it_says_is_kept(store, config, row, until):
    def action(given, folder, callback, resume):
        assert (given, resume, folder.name) == (config, False, run.run_id)
        callback.on_metrics([row(1, 0.5)])
        callback.on_progress(Progress(1, 20, 0.1, 100.0, 3.0, "training"))
        callback.on_note("a broken image was skipped")
        warnings.warn("slow here", stacklevel=1)
        until(lambda: store.get(run.run_id).step == 1)
        seen.append(store.get(run.run_id))

    seen = []
    run = store.create(config)
    worker.main([run.run_id], training(action))
    assert (seen[0].state, seen[0].step, seen[0].phase, seen[0].pid) == ("running", 1, "training", os.getpid())
    assert store.series(run.run_id, "loss") == [(1, 0.1, 0.1, 0.5)]
    log = (run.folder / LOG).read_text()
    assert "a broken image was skipped" in log
    assert "UserWarning: slow here" in log


@pytest.mark.parametrize(
    ("error", "sentence", "status"),
    [
        (InputError("There are no images."), "There are no images.", 2),
        (LabError("The loss was not a number."), "The loss was not a number.", 1),
        (MemoryError(), "clone the run with batch_size=48, or with accumulate=4 to keep the batch.", 1),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "clone the run with batch_size=48", 1),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory"), "clone the run with batch_size=48", 1),
        (LabError("Process 2 of 2 failed: OutOfMemoryError: CUDA"), "clone the run with batch_size=48", 1),
        (OSError(errno.ENOSPC, "No space left on device"), "is full; free some space", 1),
        (OSError(errno.EFBIG, "File too large"), "The run cannot write its files (", 1),
        (ZeroDivisionError("division by zero\nand more"), "(ZeroDivisionError: division by zero); its log.txt", 1),
    ],
)
def test_a_failure_is_one_sentence_and_an_exit_status(store, config, error, sentence, status, monkeypatch):
    monkeypatch.setattr(worker, "largest_batch", lambda *_: 48)  # found by real trying in tests/faults/test_memory.py
    run = store.create(config)
    assert worker.main([run.run_id], raising(error)) == status
    run = store.get(run.run_id)
    assert run.state == "failed"
    assert sentence in run.message
    assert "\n" not in run.message


def test_a_traceback_is_in_the_log_only(store, config, capsys):
    run = store.create(config)
    worker.main([run.run_id], raising(KeyError("nothing")))
    assert "Traceback" in (run.folder / LOG).read_text()
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_asks_for_a_stop(store, config, name):
    def action(_config, _folder, callback, _resume):
        assert not callback.should_stop()
        os.kill(os.getpid(), getattr(signal, name))
        assert callback.should_stop()

    before = signal.getsignal(getattr(signal, name))
    run = store.create(config)
    assert worker.main([run.run_id], training(action, Summary(True, *list(vars(DONE).values())[1:]))) == 0
    assert store.get(run.run_id).state == "stopped"
    assert signal.getsignal(getattr(signal, name)) == before


def test_a_run_that_is_stopped_before_its_first_step_starts_again_from_the_beginning(store, config):
    def first(_config, _folder, callback, _resume):
        callback.on_progress(Progress(0, 0, 0.0, 0.0, 0.0, "loading images"))
        raise StopAsked

    resumed = []
    run = store.create(config)
    assert worker.main([run.run_id], training(first)) == 0
    run = store.get(run.run_id)
    assert (run.state, run.message) == ("stopped", "Stopped before its first step.")
    seen = run_tables.as_object(store, run)
    assert (seen["steps"], seen["loss"], seen["knn_accuracy"], seen["std_ratio"]) == (0, None, None, None)
    assert "Traceback" not in (run.folder / LOG).read_text()
    store.resume(run.run_id)
    assert worker.main([run.run_id], training(lambda *given: resumed.append(given[-1]))) == 0
    assert (resumed, store.get(run.run_id).state) == ([False], "finished")


def test_a_stop_while_a_resumed_run_is_loading_keeps_how_far_it_was(store, config):
    def first(_config, folder, callback, _resume):
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "step-00000006.pt").write_bytes(b"")
        callback.on_progress(Progress(6, 20, 0.6, 100.0, 1.0, "training"))
        raise LabError("enough")

    def second(_config, _folder, callback, _resume):
        callback.on_progress(Progress(0, 0, 0.0, 0.0, 0.0, "loading images"))
        raise StopAsked

    run = store.create(config)
    worker.main([run.run_id], training(first))
    store.resume(run.run_id)
    assert worker.main([run.run_id], training(second)) == 0
    run = store.get(run.run_id)
    assert (run.state, run.step, run.total_steps) == ("stopped", 6, 20)
    assert run.message == "Stopped before it went on from its checkpoint."


def test_a_signal_that_is_ignored_stays_so(store, config):
    def action(_config, _folder, callback, _resume):
        os.kill(os.getpid(), signal.SIGHUP)  # as nohup has it
        assert not callback.should_stop()

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert worker.main([store.create(config).run_id], training(action)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_flag_in_the_store_asks_for_a_stop(store, config, until):
    def action(_config, _folder, callback, _resume):
        store.request_stop(run.run_id)
        until(callback.should_stop, 5)

    run = store.create(config)
    worker.main([run.run_id], training(action, Summary(True, *list(vars(DONE).values())[1:])))
    assert store.get(run.run_id).state == "stopped"


def test_a_second_ctrl_c_ends_at_once(store, config):
    def action(*_):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    run = store.create(config)
    assert worker.main([run.run_id], training(action)) == 1
    assert store.get(run.run_id).message == "Stopped at once, without a last checkpoint."


def test_an_attempt_goes_on_from_the_newest_checkpoint(store, config, row):
    def first(_config, folder, callback, _resume):
        callback.on_metrics([row(step, 1.0) for step in range(1, 10)])
        (folder / "checkpoints").mkdir()
        for step in (3, 6):
            (folder / "checkpoints" / f"step-{step:08d}.pt").write_bytes(b"")
        raise LabError("enough")

    def second(_config, _folder, callback, resume):
        resumed.append(resume)
        callback.on_metrics([row(7, 2.0)])

    resumed = []
    run = store.create(config)
    worker.main([run.run_id], training(first))
    store.resume(run.run_id)
    worker.main([run.run_id], training(second))
    assert resumed == [True]
    assert [point[0] for point in store.series(run.run_id, "loss")] == [1, 2, 3, 4, 5, 6, 7]


def test_an_alarm_is_in_the_store_and_the_log(store, config, until):
    def action(_config, _folder, callback, _resume):
        for text in ("It collapses.", "It collapses.", None, "It collapses again."):
            callback.on_alarm(text and Alarm(text, "collapsing", "projection"))
            until(lambda text=text: store.get(run.run_id).alarm == text)

    run = store.create(config)
    assert worker.main([run.run_id], training(action)) == 0
    told = store.get(run.run_id).as_dict()
    assert (told["alarm"], told["alarm_kind"], told["alarm_space"]) == (
        "It collapses again.",
        "collapsing",
        "projection",
    )
    log = (run.folder / LOG).read_text()
    assert (log.count("ALARM: It collapses."), log.count("The alarm is over")) == (1, 1)


@pytest.mark.parametrize("state", ["running", "finished"])
def test_a_run_that_does_not_wait_is_refused(store, config, state, capsys):
    run = store.create(config, here=True)
    store.move(run.run_id, "running")
    if state == "finished":
        store.move(run.run_id, "finished")
    assert worker.main([run.run_id], training()) == 2
    assert f"is {state}; only a queued run can be started" in capsys.readouterr().out


def test_a_run_that_was_given_to_another_process_is_refused(store, config):
    run = store.create(config)
    store.claim(run.run_id, (identity()[0] + 1, 1.0))
    with pytest.raises(InputError):
        worker.take(store, run.run_id)


def test_a_run_that_was_given_to_the_launcher_of_this_process_is_taken(store, config, monkeypatch):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as launcher:
        run = store.create(config)
        store.claim(run.run_id, identity(launcher.pid))
        with pytest.raises(InputError):
            worker.take(store, run.run_id)
        monkeypatch.setattr(os, "getppid", lambda: launcher.pid)
        assert worker.take(store, run.run_id).state == "starting"
        launcher.kill()


def test_a_real_worker_logs_to_its_file_and_ends(store, config):
    run = store.create(config)
    process = subprocess.run([sys.executable, "-m", "tiny_worker", run.run_id], capture_output=True, timeout=60)
    assert (process.returncode, process.stdout, process.stderr) == (0, b"", b"")
    run = store.get(run.run_id)
    assert (run.state, run.step, run.total_steps) == ("finished", 20, 20)
    assert len(store.series(run.run_id, "loss")) == 20


def test_a_worker_does_not_begin_what_was_given_to_another(store, config):
    run = store.create(config)
    claimed = store.claim(run.run_id)
    store.set_process(run.run_id, (identity()[0] + 1, 1.0))
    with pytest.raises(InputError, match="is being worked on by another process"):
        worker.work(store, claimed, training())
    assert not (run.folder / LOG).exists()


def test_a_worker_whose_run_was_taken_from_it_leaves_the_new_attempt_alone(store, config):
    def action(*_):
        store.move(run.run_id, "interrupted")
        store.resume(run.run_id)
        store.claim(run.run_id, identity())

    run = store.create(config)
    with pytest.raises(InputError, match="attempt 2; its attempt 1, which ends here, does not count"):
        worker.work(store, store.claim(run.run_id), training(action))
    assert (store.get(run.run_id).state, store.get(run.run_id).attempt) == ("starting", 2)


def test_a_signal_that_comes_before_the_training_is_heard(store, config, monkeypatch):
    def get(ref):
        os.kill(os.getpid(), signal.SIGTERM)
        return found

    def action(_config, _folder, callback, _resume):
        assert callback.should_stop()
        raise StopAsked

    run = store.create(config)
    found = store.claim(run.run_id, identity())
    monkeypatch.setattr(worker.RunStore, "get", lambda _store, ref: get(ref))
    assert worker.main([run.run_id], training(action)) == 0
    monkeypatch.undo()


def test_what_a_killed_attempt_left_behind_is_used_or_removed(store, config, row):
    run = store.create(config, here=True)
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "step-00000002.pt").write_bytes(b"")
    torn = run.folder / "checkpoints" / ".step-00000003.pt.4194305-0123abcd.tmp"  # larger than any pid
    torn.write_bytes(b"half of it")
    unsaved.append(run.folder, 1, [row(step, 0.5) for step in (1, 2, 3)])
    store.move(run.run_id, "interrupted")
    store.resume(run.run_id)
    assert worker.main([run.run_id], training(lambda *given: given[2].on_metrics([row(3, 0.7)]))) == 0
    assert [point[3] for point in store.series(run.run_id, "loss")] == [0.5, 0.5, 0.7]
    assert not torn.exists()


def test_text_that_is_no_text_ends_no_run(store, config):
    """The name of a file may hold any bytes."""

    def action(_config, _folder, callback, _resume):
        callback.on_note("bad\udcff.png: broken")
        callback.on_alarm(Alarm("stuck at \udcff", "stalled"))
        raise InputError("The images '/data/\udcff\0' are gone.")

    run = store.create(config)
    assert worker.main([run.run_id], training(action)) == 2
    run = store.get(run.run_id)
    assert (run.state, run.message) == ("failed", "The images '/data/\\udcff' are gone.")
    assert "bad\\udcff.png: broken" in (run.folder / LOG).read_text()


def test_a_writer_that_fails_in_a_folder_that_is_gone_is_no_traceback(tmp_path):
    assert not worker._disk_full(RuntimeError("write failed"), tmp_path / "gone")
