"""The evaluator as a process of its own, with the real protocols, from the question to the answer."""

import shutil
import time

from byol_core.evaluation import handler
from byol_core.evaluation.jobs import ask, job, predictions, result
from byol_core.evaluation.protocol import Protocol
from byol_core.system import processes
from tests.evaluation.judged import write_run, write_set

KNN, TWO = Protocol(method="knn", k=5), Protocol(labels="2", splits=2)


def test_a_worker_process_gives_same_results_and_ends_on_sigterm(tmp_path, monkeypatch):
    started, real = [], processes.start_detached
    monkeypatch.setattr(
        processes, "start_detached", lambda *names, **options: started.append(real(*names, **options)) or started[-1]
    )
    run = write_run(tmp_path / "home", write_set(tmp_path))
    copy = shutil.copytree(run, tmp_path / "copy" / run.name)
    for protocol in (KNN, TWO):
        ask(tmp_path / "home", run, protocol)
    (process,) = started
    end = time.monotonic() + 120
    while "waiting" in (states := [job(run, KNN).state, job(run, TWO).state]) or "running" in states:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait(30) == 0
    assert states == ["ready", "ready"], [job(run, KNN).message, job(run, TWO).message]
    for protocol in (KNN, TWO):
        here = handler.work(copy, protocol, lambda share, message: None, lambda: False)
        assert here.scores == result(run, protocol).scores
        assert (predictions(copy, protocol).probabilities == predictions(run, protocol).probabilities).all()


def test_colors_are_told_apart_by_what_an_untrained_encoder_sees(tmp_path):
    run = write_run(tmp_path / "home", write_set(tmp_path))
    found = handler.work(run, TWO, lambda share, message: None, lambda: False)
    assert found.of("trained").mean > 0.9 and found.classes == ("0", "1", "2")
    assert (found.labeled, found.tested) == (6, 12)
