"""Questions are asked by whoever likes, answered one after another, and found again by page and command alike."""

import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from byol_core.errors import InputError, LabError
from byol_core.evaluation import handler, results
from byol_core.evaluation.jobs import answers, ask, asked, forget, job, key, predictions, result, stop
from byol_core.evaluation.protocol import Protocol
from byol_core.events import StopAsked
from byol_core.jobs import ENDED, Job, JobFiles, queue, service
from byol_core.jobs.status import Reporter, announce
from byol_core.system import processes
from byol_core.system.files import write_json
from tests.evaluation.judged import Answering, judged, settings, write_encoder, write_run, write_set

KNN, LINEAR, TEN = Protocol(method="knn"), Protocol(), Protocol(labels="10")


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def data(tmp_path):
    return write_set(tmp_path)


@pytest.fixture
def run(home, data):
    return write_run(home, data)


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """What would have been started; the tests do the work themselves."""
    calls = []
    monkeypatch.setattr(processes, "start_detached", lambda *arguments, **_: calls.append(arguments))
    monkeypatch.setattr(service, "_is_coming", lambda home, lane: False)
    return calls


def work(run, protocol, answering, stop=lambda: False):
    return answering.work(run, protocol, stop)


def files(run, protocol):
    return JobFiles(run / results.FOLDER, results.question(protocol))


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def serving(home):
    """Serve the home in a thread while something is tried with it."""
    threads, ended = [], threading.Event()

    def begin(answering):
        threads.append(threading.Thread(target=answering.serve, args=(home,), kwargs={"ended": ended}))
        threads[-1].start()
        return ended

    yield begin
    ended.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


# Keys


def test_a_key_names_the_question_and_the_weights(home, data, run):
    assert key(run, LINEAR) == key(run, Protocol(k=7, temperature=1.0))  # which are of the kNN alone
    others = [Protocol(method="knn"), Protocol(method="knn", k=7), TEN, Protocol(splits=2), Protocol(data="cifar10")]
    assert len({key(run, protocol) for protocol in [LINEAR, *others]}) == 6
    copy = shutil.copytree(run, home / "bbbb2222")
    assert key(copy, LINEAR) == key(run, LINEAR)
    write_encoder(copy, settings(data), seed=1)
    assert key(copy, LINEAR) != key(run, LINEAR)


def test_a_run_without_weights_is_refused_at_once(home, run):
    (run / "encoder.safetensors").unlink()
    with pytest.raises(LabError, match="neither an encoder nor a checkpoint"):
        ask(home, run, LINEAR)
    assert (job(run, LINEAR).state, result(run, LINEAR), answers(run)) == ("absent", None, [])


# Asking and answering


def test_requests_of_all_runs_are_processed_in_order(home, data, run):
    other, answering = write_run(home, data, "bbbb2222"), Answering()
    for folder, protocol in ((run, LINEAR), (other, TEN), (run, KNN)):
        assert ask(home, folder, protocol).state == "waiting"
    answering.serve(home)
    assert answering.asked == [LINEAR, TEN, KNN]
    assert [job(run, LINEAR).state, job(other, TEN).state, job(run, KNN).state] == ["ready"] * 3
    assert (asked(run), answers(run)) == ([], [result(run, KNN), result(run, LINEAR)])
    found = predictions(run, LINEAR)
    assert found.rows.tolist() == list(range(48, 60)) and (found.said == found.labels).all()
    assert {path.suffix for path in (run / results.FOLDER).iterdir()} <= {".json", ".safetensors"}


def test_images_are_read_once_for_several_questions(home, run, monkeypatch):
    read, real = [], handler.load_set
    monkeypatch.setattr(handler, "load_set", lambda *given: read.append(given) or real(*given))
    for protocol in (LINEAR, TEN, KNN):
        ask(home, run, protocol)
    Answering().serve(home)
    assert len(read) == 1


def test_what_is_answered_is_not_answered_again(home, run):
    answering = Answering()
    work(run, LINEAR, answering)
    assert ask(home, run, LINEAR).state == "ready"
    answering.serve(home)
    assert work(run, LINEAR, answering) == result(run, LINEAR)
    assert answering.asked == [LINEAR]


def test_an_answer_is_of_the_weights_that_are_there(run, data):
    work(run, LINEAR, Answering())
    before = (run / "encoder.safetensors").read_bytes()
    write_encoder(run, settings(data), seed=1)
    assert (job(run, LINEAR).state, result(run, LINEAR), answers(run)) == ("absent", None, [])
    (run / "encoder.safetensors").write_bytes(before)
    assert [found.protocol for found in answers(run)] == [LINEAR]


def test_who_looks_on_sees_how_far_it_is(home, run, serving):
    go, answering = threading.Event(), Answering(lambda: go.wait(20))
    ask(home, run, LINEAR)
    serving(answering)
    until(lambda: answering.asked)
    found = job(run, LINEAR)
    assert (found.state, asked(run)[0][0]) == ("running", LINEAR)
    go.set()
    until(lambda: job(run, LINEAR).state == "ready")


def test_progress_and_the_time_that_is_left_are_told(home, run):
    ask(home, run, LINEAR)
    reporter = Reporter(files(run, LINEAR).status)
    reporter.began -= 30
    reporter.say(0.75, "Fitting")
    found = job(run, LINEAR)
    assert (found.state, found.share, found.message) == ("running", 0.75, "Fitting")
    assert found.seconds_left == pytest.approx(10, abs=1)
    reporter.say(0.8, "Not told: too soon")
    assert job(run, LINEAR).share == 0.75


def test_a_run_that_was_trained_on_another_device_is_judged_here(home, data):
    run = write_run(home, data, "cccc3333", **{"runtime.device": "mps"})
    assert work(run, LINEAR, Answering()) == result(run, LINEAR)


# What goes wrong


def test_a_refusal_is_kept_in_its_words_and_can_be_asked_again(home, run):
    def refuse():
        raise InputError("There are no labels.", setting="labels")

    ask(home, run, LINEAR)
    ask(home, run, KNN)
    Answering(refuse).serve(home)
    assert job(run, LINEAR) == Job("failed", 0.0, "There are no labels.", setting="labels")
    assert (job(run, KNN).state, [protocol for protocol, _ in asked(run)]) == ("ready", [LINEAR])
    assert ask(home, run, LINEAR).state == "waiting"
    forget(run, LINEAR)
    assert job(run, LINEAR).state == "absent"


def test_an_unexpected_error_is_one_sentence_with_details_logged(home, run, capsys):
    ask(home, run, LINEAR)
    Answering(lambda: {}["key"]).serve(home)
    assert job(run, LINEAR).message.startswith("The computation failed unexpectedly (KeyError: 'key')")
    assert "Traceback" in capsys.readouterr().out


def test_without_memory_the_sentence_says_so(home, run):
    def fill():
        raise MemoryError

    ask(home, run, LINEAR)
    Answering(fill).serve(home)
    assert job(run, LINEAR).message.startswith("The memory was not enough")


def test_a_request_that_killed_its_process_is_not_retried(home, run):
    ask(home, run, LINEAR)
    reporter = Reporter(files(run, LINEAR).status)
    reporter.mark -= 1000  # somebody else has the pid now
    reporter.begin(0.4, "Fitting")
    answering = Answering()
    answering.serve(home)
    assert (job(run, LINEAR).state, job(run, LINEAR).message, answering.asked) == ("failed", ENDED, [])
    ask(home, run, LINEAR)
    answering.serve(home)
    assert job(run, LINEAR).state == "ready"


def test_deleting_a_run_does_not_affect_the_next_request(home, data, run):
    other = write_run(home, data, "bbbb2222")
    ask(home, run, LINEAR)
    ask(home, other, LINEAR)
    Answering(lambda: shutil.rmtree(run)).serve(home)
    assert (run.exists(), job(other, LINEAR).state) == (False, "ready")


def test_a_run_that_is_deleted_stops_its_work(home, run, serving):
    answering = Answering(lambda: (shutil.rmtree(run), answering.until_stopped()))
    ask(home, run, LINEAR)
    serving(answering)
    until(lambda: answering.asked and not run.exists())


# Stopping


def test_what_waits_is_stopped_at_once(home, run):
    ask(home, run, LINEAR)
    stop(run, LINEAR)
    answering = Answering()
    answering.serve(home)
    assert (job(run, LINEAR).state, answering.asked) == ("stopped", [])
    assert ask(home, run, LINEAR).state == "waiting"


def test_what_is_being_answered_hears_of_a_stop(home, run, serving):
    answering = Answering(lambda: answering.until_stopped())
    ask(home, run, LINEAR)
    serving(answering)
    until(lambda: job(run, LINEAR).state == "running")
    stop(run, LINEAR)
    until(lambda: job(run, LINEAR).state == "stopped")


def test_a_terminated_evaluator_leaves_its_request_to_the_next(home, run, serving):
    answering = Answering(lambda: answering.until_stopped())
    ask(home, run, LINEAR)
    ended = serving(answering)
    until(lambda: job(run, LINEAR).state == "running")
    ended.set()
    until(lambda: job(run, LINEAR).state == "waiting")


def test_work_in_this_process_is_visible_and_can_be_stopped(run):
    states = []

    def act():
        states.append(job(run, LINEAR).state)
        stop(run, LINEAR)
        answering.until_stopped()

    answering = Answering(act)
    with pytest.raises(StopAsked):
        work(run, LINEAR, answering)
    assert (states, job(run, LINEAR).state) == (["running"], "absent")


def test_a_failed_direct_evaluation_keeps_the_queued_request(home, run):
    def refuse():
        raise InputError("Not now.")

    ask(home, run, LINEAR)
    with pytest.raises(InputError):
        work(run, LINEAR, Answering(refuse))
    assert job(run, LINEAR).state == "waiting"
    work(run, LINEAR, Answering())
    assert (job(run, LINEAR).state, files(run, LINEAR).read_request()) == ("ready", None)


def test_an_old_answer_stays_until_there_is_a_new_one(run):
    def again(answering):
        return answering.work(run, LINEAR, again=True)

    def fail():
        raise LabError("Broken.")

    before = work(run, LINEAR, Answering())
    with pytest.raises(LabError, match="Broken"):
        again(Answering(fail))
    assert result(run, LINEAR) == before
    anew = Answering()
    assert (again(anew), anew.asked) == (before, [LINEAR])


def test_a_request_repeated_while_running_starts_over(home, run, serving, monkeypatch):
    read, real = [], handler.load_set
    monkeypatch.setattr(handler, "load_set", lambda *given: read.append(given) or real(*given))

    def asked_anew():
        forget(run, LINEAR)
        ask(home, run, LINEAR)
        answering.until_stopped()

    answering = Answering(asked_anew)
    ask(home, run, LINEAR)
    serving(answering)
    until(lambda: job(run, LINEAR).state == "ready")
    assert (answering.asked, len(read)) == ([LINEAR, LINEAR], 2)


def test_a_request_repeated_at_the_last_moment_runs_again(home, run):
    def asked_anew():
        forget(run, LINEAR)
        ask(home, run, LINEAR)

    answering = Answering(asked_anew)
    ask(home, run, LINEAR)
    answering.serve(home)
    assert (answering.asked, job(run, LINEAR).state) == ([LINEAR, LINEAR], "ready")


def test_the_limit_of_a_run_is_not_one_of_another_set(home, data, tmp_path):
    from byol_core.evaluation.images import load_set

    other = write_set(tmp_path, name="other.npz")
    config = settings(data, **{"data.limit": 12})
    assert len(load_set(config, LINEAR).train) == 12
    assert len(load_set(config, Protocol(data=str(other))).train) == 48


# Several at once


def test_one_evaluator_a_home(home, run, started):
    with service.lane_lock(home, "batch"):
        ask(home, run, LINEAR)
    assert started == []
    ask(home, run, LINEAR)
    assert [call[:3] for call in started] == [("byol_core.jobs", str(home), "batch")]


def test_checking_a_job_restarts_a_missing_evaluator(home, run, started, monkeypatch):
    ask(home, run, LINEAR)
    started.clear()
    job(run, LINEAR)
    assert started == []
    monkeypatch.setattr(queue, "_AWAKE_SECONDS", 0.0)
    job(run, LINEAR)
    assert len(started) == 1


def test_what_waits_since_an_earlier_release_is_answered(home, run):
    (run / results.FOLDER).mkdir()
    old = {"protocol": LINEAR.model_dump(), "asked": 1, "stop": False}
    write_json(files(run, LINEAR).request, old)
    write_json(files(run, TEN).request, {**old, "protocol": TEN.model_dump(), "asked": 2, "stop": True})
    assert [(protocol, found.state) for protocol, found in asked(run)] == [(LINEAR, "waiting"), (TEN, "stopped")]
    Answering().serve(home)
    assert (job(run, LINEAR).state, job(run, TEN).state) == ("ready", "stopped")


def test_a_question_that_another_process_answers_is_waited_for(run):
    told = []
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        (run / results.FOLDER).mkdir()
        announce(files(run, LINEAR).status, other.pid)

        def tell(share, message):
            told.append(message)
            said = results.Predictions(np.ones((1, 1), np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64))
            results.keep(run, key(run, LINEAR), judged(LINEAR), said)  # the other one is ready
            other.kill()

        found = handler.work(run, LINEAR, tell, lambda: False)
    assert (found, told) == (judged(LINEAR), ["Another process is computing it: Starting"])


# What is on the disk


@pytest.mark.parametrize("content", [b"", b"nonsense", b'{"protocol": {}}'])
def test_a_damaged_answer_counts_as_none(run, content):
    work(run, LINEAR, Answering())
    (run / results.FOLDER / f"{key(run, LINEAR)}.json").write_bytes(content)
    assert (job(run, LINEAR).state, result(run, LINEAR), answers(run)) == ("absent", None, [])


@pytest.mark.parametrize(
    "arrays",
    [
        {"rows": np.arange(2)},
        {"probabilities": np.ones((2, 3), np.float32), "rows": np.arange(3), "labels": np.arange(3)},
        {"probabilities": np.ones((3, 2), np.float32), "rows": np.arange(3), "labels": np.arange(3)},
        {"probabilities": np.full((3, 3), np.nan, np.float32), "rows": np.arange(3), "labels": np.arange(3)},
        {"probabilities": np.full((3, 3), 2.0, np.float32), "rows": np.arange(3), "labels": np.arange(3)},
        {"probabilities": np.full((3, 4), 0.25, np.float32), "rows": np.arange(3), "labels": np.arange(3)},
        {"probabilities": np.ones((1, 3), np.float32), "rows": np.array(0), "labels": np.array(0)},
    ],
)
def test_predictions_that_do_not_fit_together_count_as_none(run, arrays):
    from safetensors.numpy import save_file

    work(run, LINEAR, Answering())
    save_file(arrays, run / results.FOLDER / f"{key(run, LINEAR)}.safetensors")
    assert predictions(run, LINEAR) is None


def test_a_result_stored_under_another_key_is_ignored(run):
    work(run, LINEAR, Answering())
    work(run, TEN, Answering())
    folder = run / results.FOLDER
    shutil.copy(folder / f"{key(run, TEN)}.json", folder / f"{key(run, LINEAR)}.json")
    assert (result(run, LINEAR), predictions(run, LINEAR)) == (None, None)


@pytest.mark.parametrize(
    ("said", "kept_as"), [("1.0%", "1%"), ("100 %", "all"), ("0.50%", "0.5%"), ("20%", "20%"), ("10", "10")]
)
def test_an_amount_has_one_name(said, kept_as):
    assert Protocol(labels=said).labels == kept_as


@pytest.mark.parametrize("said", ["0%", "0.00%", "0"])
def test_no_labels_at_all_are_no_amount(said):
    with pytest.raises(ValueError, match="a number of labels a class"):
        Protocol(labels=said)


def test_a_request_that_cannot_be_read_stops_nobody(home, run):
    (run / results.FOLDER).mkdir()
    write_json(run / results.FOLDER / "abc.request.json", {"asked": "yesterday"})
    ask(home, run, LINEAR)
    Answering().serve(home)
    assert job(run, LINEAR).state == "ready"


def test_answers_travel_with_a_packed_run(tmp_path, data):
    from byol_core.runs import export_zip
    from byol_core.runs.store import RunStore

    here, there = RunStore(tmp_path / "here"), RunStore(tmp_path / "there")
    made = here.create(settings(data), name="mine", here=True)
    here.move(made.run_id, "stopped")
    write_encoder(made.folder, settings(data), seed=0)
    work(made.folder, LINEAR, Answering())
    stop(made.folder, TEN)  # and what nobody answered does not
    arrived = export_zip.unpack(there, export_zip.pack(here, made.run_id, tmp_path / "run.zip"))
    assert result(arrived.folder, LINEAR) == result(made.folder, LINEAR)
    np.testing.assert_array_equal(predictions(arrived.folder, LINEAR).rows, predictions(made.folder, LINEAR).rows)
    assert asked(arrived.folder) == []
    for store in (here, there):
        store.engine.dispose()
