"""Evaluations as jobs: asked by a page or a command, done by the batch lane of a home, found again by both.

``RUN_FOLDER/evaluations/`` holds the requests, each under the name of its question, and the answers, which
:mod:`byol_core.evaluation.results` keeps under names of question and weights. Knows no torch.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from byol_core import jobs
from byol_core.errors import LabError
from byol_core.evaluation import results
from byol_core.evaluation.protocol import Protocol
from byol_core.evaluation.results import FOLDER, Predictions, answers, key, predictions, question, result
from byol_core.jobs import Job, JobKind

__all__ = [
    "EVALUATION", "Job", "Predictions", "answers", "ask", "asked", "forget", "job", "key", "predictions", "result",
    "stop",
]  # fmt: skip

EVALUATION = JobKind(
    "evaluation", "byol_core.evaluation.handler:answer", lane="batch", done="byol_core.evaluation.results:is_answered"
)


def ask(home: Path, run_folder: Path, protocol: Protocol) -> Job:
    """Have a question answered by the batch lane of this home.

    A question that waits or is being answered is left as it is, one that failed or was stopped is asked again. LabError
    when the run has no weights, or its folder cannot be written.
    """
    key(run_folder, protocol)
    found = job(run_folder, protocol)
    if found.state == "ready":
        return found
    folder, name = run_folder / FOLDER, question(protocol)
    if found.state == "failed":
        jobs.forget(folder, name)
    jobs.ask(home, EVALUATION, folder, name, protocol.model_dump(mode="json"))
    return job(run_folder, protocol)


def job(run_folder: Path, protocol: Protocol) -> Job:
    """Where a question stands. While it waits, this sees now and then that somebody is there to answer it."""
    return _stands(run_folder, question(protocol), protocol)


def _stands(run_folder: Path, name: str, protocol: Protocol) -> Job:
    """As :func:`job`, also of a request under another name, as a folder that came from elsewhere may hold."""
    asked = jobs.Asked(run_folder.parent, EVALUATION, protocol.model_dump(mode="json"))
    return jobs.job(run_folder / FOLDER, name, asked)


def stop(run_folder: Path, protocol: Protocol) -> None:
    """Have nobody answer this question: whoever works on it ends within about a second."""
    jobs.stop(run_folder / FOLDER, question(protocol))


def forget(run_folder: Path, protocol: Protocol) -> None:
    """Take away the answer and what went wrong, so that :func:`ask` starts over; whoever works on it ends."""
    jobs.forget(run_folder / FOLDER, question(protocol))
    with suppress(LabError):
        results.drop(run_folder, key(run_folder, protocol))


def asked(run_folder: Path) -> list[tuple[Protocol, Job]]:
    """What waits, is being answered, was stopped or failed, in the order in which it was asked."""
    found = []
    for name, request in jobs.all_requests(run_folder / FOLDER):
        with suppress(ValidationError):  # a folder that came from elsewhere may hold anything
            protocol = Protocol.model_validate(request.task)
            found.append((protocol, _stands(run_folder, name, protocol)))
    return [(protocol, job) for protocol, job in found if job.state != "ready"]
