"""A question is asked once, waits, is answered, and is found again; what went wrong is told in a sentence."""

import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import byol_core
from byol_core.errors import InputError, LabError
from byol_core.events import StopAsked
from byol_core.jobs import (
    ENDED,
    Answer,
    Job,
    LruCache,
    Yield,
    ask,
    forget,
    job,
    partial,
    queue,
    result,
    status,
    stop,
    withdraw,
)  # fmt: skip
from byol_core.jobs import arrays as answers
from byol_core.jobs.kinds import JobKind, find_handler
from byol_core.jobs.request import JobFiles, all_requests
from byol_core.jobs.service import bell_path
from byol_core.jobs.status import Status
from byol_core.jobs.worker import _edition
from byol_core.system import processes
from byol_core.system.bell import Bell
from tests.jobs.conftest import DOUBLE

pytestmark = pytest.mark.usefixtures("nobody")


def test_a_result_returns_its_arrays_and_metadata(put, worker, folder):
    assert put(3, arrays={"more": np.arange(4, dtype=np.int32)}).state == "waiting"
    assert result(folder, "key3") is None
    worker().serve()
    assert job(folder, "key3") == Job("ready", 1.0)
    found = result(folder, "key3")
    np.testing.assert_array_equal(found.arrays["twice"], np.full(3, 6.0))
    assert found.arrays["more"].dtype == np.int32 and found.about == {"number": 3}
    assert [path.name for path in folder.iterdir()] == ["key3.safetensors"]


def test_asking_again_changes_nothing(put, worker, doubler, nobody):
    put(), put()
    worker().serve()
    assert put().state == "ready"
    worker().serve()
    assert doubler.asked == [1] and nobody[0][:1] == ("byol_core.jobs",)


def test_what_somebody_else_left_under_that_name_is_not_answered(put, worker, doubler):
    put(1, key="same")
    put(2, key="same")
    worker().serve()
    assert doubler.asked == [2]


def test_the_lab_lane_is_newest_first_and_the_maps_lane_oldest(put, worker, doubler):
    for latest_first in (False, True):
        for number in (1, 2, 3):
            put(number, key=f"{latest_first}{number}", latest_first=latest_first)
        put(2, key=f"{latest_first}2", latest_first=latest_first)
        worker().serve()
    assert doubler.asked == [1, 2, 3, 2, 3, 1]


def test_whoever_drags_a_slider_goes_before_a_map(put, worker, doubler):
    put(1), put(2, latest_first=True)
    worker().serve()
    assert doubler.asked == [2, 1]


def test_what_takes_long_goes_last_and_lets_others_pass(put, worker, doubler):
    def before(job_, task):
        if task["number"] == 1 and doubler.asked == [1]:
            put(3)
        if job_.others():
            raise Yield

    doubler.before = before
    put(1, rank=2), put(2, rank=2)
    worker().serve()
    assert doubler.asked == [1, 3, 1, 2]


def test_whoever_drags_a_slider_does_not_wait_for_a_map_to_end(put, worker, doubler, folder):
    def before(job_, task):
        if task["number"] == 1:
            put(2, latest_first=True), put(3, latest_first=True, rank=1)
            job_.progress(0.5, "Half")
            seen.append([job(folder, key).state for key in ("key1", "key2", "key3")])

    seen, doubler.before = [], before
    put(1)
    worker().serve()
    assert seen == [["running", "ready", "waiting"]] and doubler.asked == [1, 2, 3]


def test_placing_an_image_comes_before_the_remaining_maps(put, worker, doubler):
    def before(job_, task):
        if doubler.asked == [1]:
            put(9)  # asked while a map of the film is being made

    doubler.before = before
    put(1, rank=2), put(2, rank=2)
    worker().serve()
    assert doubler.asked == [1, 9, 2]


def test_a_waiting_job_survives_concurrent_cleanup_of_requesters(put, folder, monkeypatch):
    class Forgetful(dict):
        def __contains__(self, key):
            return super().pop(key, None) is not None

    put(1)
    monkeypatch.setattr(queue, "_asked", Forgetful(queue._asked))
    assert job(folder, "key1").state == "waiting"


def test_pairs_come_before_a_verdict_and_curves_after_it(put, worker, doubler):
    seen = []
    doubler.before = lambda job_, task: seen.append(job_.others())
    for number, rank in enumerate((0, 0, 2, 1)):
        put(number, rank=rank, latest_first=True)
    worker().serve()
    assert doubler.asked == [1, 0, 3, 2] and seen == [False] * 4


def test_a_verdict_sees_that_pairs_wait_and_pairs_see_no_verdict(put, worker, doubler):
    seen = {}

    def before(job_, task):
        put(1, latest_first=True)
        put(2, latest_first=True, rank=1)
        seen[task["number"]] = job_.others()

    doubler.before = before
    put(3, latest_first=True, rank=1)
    worker().serve()
    assert seen[3] and not seen[1] and not seen[2]


def test_a_partial_result_is_visible_until_the_result_is_there(put, worker, doubler, folder):
    seen = []

    def before(job_, task):
        job_.partial(Answer({"some": np.ones(2)}, {}))
        job_.progress(0.5, "Half")
        seen.append((partial(folder, "key1").arrays["some"].tolist(), job(folder, "key1").state))

    doubler.before = before
    put()
    worker().serve()
    assert seen == [([1.0, 1.0], "running")] and partial(folder, "key1") is None


def test_nobody_answers_what_was_withdrawn(put, worker, doubler, folder, home):
    put()
    withdraw(folder, "key1")
    worker().serve()
    assert (doubler.asked, job(folder, "key1").state) == ([], "absent")
    assert list((home / "warm" / "interactive").iterdir()) == []


def test_work_ends_when_it_is_withdrawn(put, worker, doubler, folder):
    def before(job_, task):
        withdraw(folder, "key1")
        job_.progress(0.5, "Half")
        doubler.asked.append("went on")

    doubler.before = before
    put()
    worker().serve()
    assert doubler.asked == [1] and list(folder.iterdir()) == []


def test_asked_anew_in_its_last_moment_it_is_answered(put, worker, doubler, folder):
    def before(job_, task):
        if doubler.asked == [1]:
            withdraw(folder, "key1")
            put()

    doubler.before = before
    put()
    worker().serve()
    assert doubler.asked == [1, 1] and job(folder, "key1").state == "ready"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InputError("At least 8 images are needed."), "At least 8 images are needed."),
        (MemoryError(), "The memory was not enough for this; close other programs, then try again."),
        (
            KeyError("x"),
            "The computation failed unexpectedly (KeyError: 'x'); warm/interactive.log in the home has the details.",
        ),
        (  # although nobody called it off: else it would wait again for ever
            StopAsked(),
            "The computation failed unexpectedly (StopAsked); warm/interactive.log in the home has the details.",
        ),
    ],
)
def test_a_failure_is_reported_and_retried_only_on_request(put, worker, doubler, folder, error, sentence, capsys):
    def before(job_, task):
        raise error

    doubler.before = before
    put()
    worker().serve()
    assert put() == job(folder, "key1") == Job("failed", 0.0, sentence)
    worker().serve()
    assert doubler.asked == [1]
    forget(folder, "key1")
    doubler.before = lambda job_, task: None
    put()
    worker().serve()
    assert job(folder, "key1").state == "ready"


def test_an_answer_that_does_not_fit_on_the_disk_is_told(put, worker, doubler, folder):
    def before(job_, task):
        raise OSError(errno.ENOSPC, "No space left on device")

    doubler.before = before
    put()
    worker().serve()
    assert job(folder, "key1") == Job("failed", 0.0, status.full(folder))


def test_several_that_ask_at_once_have_one_answer(put, worker, doubler, folder):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: put(), range(8)))
    worker().serve()
    assert doubler.asked == [1] and job(folder, "key1").state == "ready"


def test_a_process_that_was_killed_is_told(put, folder):
    put()
    pid, mark = processes.identity()
    (folder / "key1.status.json").write_text(Status(pid=pid, mark=mark - 9).model_dump_json())
    assert job(folder, "key1") == Job("failed", message=ENDED, died=True)


def test_a_worker_that_has_to_leave_leaves_the_question(put, worker, doubler, folder):
    leaving = worker()

    def before(job_, task):
        leaving.ended.set()
        job_.progress(0.5, "Half")

    doubler.before = before
    put()
    leaving.serve()
    assert job(folder, "key1").state == "waiting"
    doubler.before = lambda job_, task: None
    worker().serve()
    assert job(folder, "key1").state == "ready"


def test_of_two_workers_one_works(put, worker, doubler, monkeypatch):
    monkeypatch.setattr("byol_core.jobs.worker._PATIENCE_SECONDS", 0.05)
    seen = []

    def before(job_, task):
        if task["number"] == 1:
            put(2)
            worker().serve()
            seen.append(list(doubler.asked))

    doubler.before = before
    put(1)
    worker().serve()
    assert seen == [[1]] and doubler.asked == [1, 2]


def test_a_run_that_was_deleted_stays_deleted(put, worker, doubler, folder, home, tmp_path):
    def before(job_, task):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        job_.progress(0.5, "Half")

    doubler.before = before
    put()
    worker().serve()
    assert not folder.exists()
    with pytest.raises(LabError, match="cannot be written"):
        ask(home, DOUBLE, tmp_path / "gone" / "embeddings", "key", {})


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 40])
def test_a_damaged_answer_counts_as_none(put, worker, doubler, folder, content):
    put()
    worker().serve()
    (folder / "key1.safetensors").write_bytes(content)
    assert (job(folder, "key1").state, result(folder, "key1")) == ("absent", None)
    put()
    worker().serve()
    assert doubler.asked == [1, 1] and job(folder, "key1").state == "ready"


def test_an_answer_cut_short_counts_as_none(folder):
    folder.mkdir()
    answers.save(folder / "a.safetensors", Answer({"x": np.ones(9)}, {"say": "so"}))
    assert answers.is_whole(folder / "a.safetensors")
    os.truncate(folder / "a.safetensors", 100)
    assert not answers.is_whole(folder / "a.safetensors") and answers.read(folder / "a.safetensors") is None


def test_numbers_that_numpy_does_not_know_count_as_none(folder):
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    save_file({"x": torch.ones(3, dtype=torch.bfloat16)}, folder / "a.safetensors", metadata={"about": "{}"})
    assert answers.read(folder / "a.safetensors") is None


def test_an_answer_without_arrays(folder):
    folder.mkdir()
    answers.save(folder / "a.safetensors", Answer(about={"say": "so"}))
    assert answers.is_whole(folder / "a.safetensors")
    assert answers.read(folder / "a.safetensors") == Answer({}, {"say": "so"})


def test_the_memory_keeps_what_was_used_last():
    memory = LruCache(2)
    memory.put("a", 1), memory.put("b", 2)
    assert memory.make("a", lambda: 9) == 1
    memory.put("c", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)


@pytest.mark.slow
def test_every_kind_has_somebody_who_answers_it():
    kinds = {value for module in _modules() for value in vars(module).values() if isinstance(value, JobKind)}
    named = [kind for kind in kinds if kind.name]
    assert len({kind.name for kind in named}) == len(named) >= 7
    assert all(callable(find_handler(kind.handler)) for kind in named)


def _modules():
    """Those of the package that name a kind."""
    root = Path(byol_core.__file__).parent
    for path in root.rglob("*.py"):
        if re.search(r"JobKind\(", path.read_text()) and path.parent.name != "jobs":
            yield import_module(".".join(path.relative_to(root.parent).with_suffix("").parts))


@pytest.mark.parametrize(
    "place", ["os:system", "byol_core.jobs.kinds:nothing", "byol_core.nowhere:f", "byol_core.jobs"]
)
def test_a_kind_that_nobody_knows_is_told(place):
    with pytest.raises(InputError, match="Nobody answers jobs of the kind"):
        find_handler(place)


def test_a_replaced_program_lets_the_next_process_answer(put, worker, doubler, folder, monkeypatch):
    put()
    editions = iter([1, 2])
    monkeypatch.setattr("byol_core.jobs.worker._edition", lambda: next(editions))
    worker().serve()
    assert (doubler.asked, job(folder, "key1").state) == ([], "waiting")


@pytest.mark.parametrize(("in_the_making", "file"), [(True, "lab/answers.py"), (False, "__init__.py")])
def test_another_file_of_the_package_is_another_program(tmp_path, in_the_making, file):
    package = tmp_path / "package"
    (package / "lab").mkdir(parents=True)
    if in_the_making:
        (tmp_path / "pyproject.toml").touch()
    (package / file).write_text("ANSWER = 1")
    before = _edition(package)
    assert _edition(package) == before
    (package / file).write_text("ANSWER = 42")
    assert _edition(package) != before


def test_what_is_installed_is_told_by_one_file(tmp_path):
    (tmp_path / "answers.py").write_text("ANSWER = 1")
    before = _edition(tmp_path)
    (tmp_path / "answers.py").write_text("ANSWER = 42")
    assert _edition(tmp_path) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_each_question_rings_for_the_process_that_waits(put, home):
    put(1)  # makes the folder
    with Bell(bell_path(home, "interactive")) as hung:
        put(2)
        hung.wait(600.0)  # the test's own limit is over before


def test_requests_nobody_waits_for_are_dropped_in_the_lab_lane(put, worker, doubler, folder, home):
    for number in (1, 2):
        put(number, latest_first=True)
    for ticket in (home / "warm" / "interactive").iterdir():
        os.utime(ticket, (1, 1))
    put(2, latest_first=True)
    worker().serve()
    assert doubler.asked == [2] and job(folder, "key1").state == "absent"


# Stopping


def test_what_was_stopped_is_begun_when_it_is_asked_again(put, worker, doubler, folder):
    put()
    stop(folder, "key1")
    worker().serve()
    assert (doubler.asked, job(folder, "key1").state) == ([], "stopped")
    assert put().state == "waiting"
    worker().serve()
    assert job(folder, "key1").state == "ready"


def test_work_that_is_stopped_ends_and_says_so(put, worker, doubler, folder):
    def before(job_, task):
        stop(folder, "key1")
        seen.append(job(folder, "key1"))
        job_.progress(0.5, "Half")

    seen, doubler.before = [], before
    put()
    worker().serve()
    assert (seen[0].state, seen[0].message) == ("running", "Stopping")
    assert job(folder, "key1").state == "stopped" and result(folder, "key1") is None


def test_what_is_stopping_can_be_asked_anew(put, worker, doubler, folder):
    def before(job_, task):
        if doubler.asked == [1]:
            stop(folder, "key1")
            put()

    doubler.before = before
    put()
    worker().serve()
    assert (doubler.asked, job(folder, "key1").state) == ([1, 1], "ready")


# Earlier releases


def test_a_request_of_an_earlier_release_is_read(folder):
    folder.mkdir()
    (folder / "a.request.json").write_text('{"kind": "map", "question": {"step": 1}, "asked": 2}')
    (folder / "b.request.json").write_text('{"protocol": {"labels": "10"}, "asked": 1, "stop": true}')
    (folder / "c.request.json").write_text("nonsense")
    found = dict(all_requests(folder))
    assert list(found) == ["b", "a"] and (found["b"].task, found["b"].stop) == ({"labels": "10"}, True)
    assert (found["a"].kind, found["a"].task) == ("map", {"step": 1})


def test_what_waits_is_done_once_it_is_looked_after(put, worker, doubler, folder, home):
    folder.mkdir()
    (folder / "key1.request.json").write_text('{"question": {"number": 1}, "asked": 2}')
    assert job(folder, "key1").state == "waiting"
    queue.look_after(home, DOUBLE, folder, "key1")
    worker().serve()
    assert (doubler.asked, job(folder, "key1").state) == ([1], "ready")


def test_a_ticket_of_an_earlier_release_is_taken_away(put, worker, doubler, home):
    put()
    lane = home / "warm" / "interactive"
    (lane / "old.json").write_text('{"folder": "/tmp", "key": "key1"}')
    worker().serve()
    assert doubler.asked == [1] and list(lane.iterdir()) == []


def test_a_request_under_another_kind_has_its_ticket_alone(put, worker, doubler, folder):
    put(1)
    ask(folder.parent / "home", replace(DOUBLE, name="other", rank=3), folder, "key1", {"number": 5})
    worker().serve()
    assert doubler.asked == [5] and JobFiles(folder, "key1").read_request() is None
