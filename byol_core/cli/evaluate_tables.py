"""Answers as the command line tells them: objects for machines, small tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from byol_core.cli import run_tables
from byol_core.cli.language import _, listing, n_, tell
from byol_core.evaluation.protocol import SUBJECTS as ORDER
from byol_core.evaluation.protocol import Judged
from byol_core.evaluation.summary import SUBJECTS, amount, asked, points, rests_on, score, verdict
from byol_core.evaluation.transfer import Cell, gain
from byol_core.runs.run import Run
from byol_core.system.redact import last_part

if TYPE_CHECKING:
    from rich.table import Table


def judged_object(judged: Judged) -> dict[str, Any]:
    """The answer with mean and deviation of each subject (None where there are none), and ``accuracies`` with images,
    split and interval of each."""
    plain: dict[str, Any] = judged.model_dump(mode="json")
    for row, scores in zip(plain["scores"], judged.scores, strict=True):
        row |= {"mean": scores.mean, "spread": scores.spread}
    return plain | {"accuracies": judged.accuracies()}


def scores_table(judged: Judged) -> Table:
    """A line a subject: mean and deviation, each split, and why there is nothing where there is nothing."""
    shown = run_tables.table("", _("accuracy"), _("each split"))
    for row in judged.scores:
        splits = ", ".join(f"{value:.3f}" for value in row.accuracies) or tell(row.missing)
        shown.add_row(tell(SUBJECTS[row.subject]), tell(score(judged, row.subject)), splits)
    return shown


def footnote(judged: Judged) -> str:
    """What was asked, of how many images, and what the numbers mean."""
    question = _("Asked: {question}.", question=tell(asked(judged.protocol)))
    used = n_(
        "{n:,} label of '{data}' was used.", "{n:,} labels of '{data}' were used.", judged.labeled, data=judged.data
    )
    return listing(filter(None, [question, used, tell(verdict(judged)), tell(rests_on(judged))]), "sentences")


def curve_table(answers: Sequence[Judged]) -> Table:
    """A line a number of labels, a column a subject."""
    subjects = [name for name in ORDER if any(judged.of(name) for judged in answers)]
    heads = (tell(SUBJECTS[name]) for name in subjects)
    shown = run_tables.table(_("labels"), _("labeled images"), _("test images"), *heads)
    for judged in answers:
        scores = (tell(score(judged, name)) for name in subjects)
        shown.add_row(tell(amount(judged.protocol.labels)), f"{judged.labeled:,}", f"{judged.tested:,}", *scores)
    return shown


def matrix_table(
    runs: Sequence[Run], sets: Sequence[str], rows: Sequence[Sequence[Cell]], answers: Sequence[Sequence[Judged | None]]
) -> Table:
    """A line a run, a column a set with the number of its test images."""
    shown = run_tables.table("", *(_headed(name, place, answers) for place, name in enumerate(sets)))
    for run, cells, answered in zip(runs, rows, answers, strict=True):
        texts = (_cell(cell, judged) for cell, judged in zip(cells, answered, strict=True))
        shown.add_row(f"{run.run_id} {run.name}", *texts)
    return shown


def _headed(name: str, place: int, answers: Sequence[Sequence[Judged | None]]) -> str:
    name = last_part(name)
    tested = sorted({row[place].tested for row in answers if row[place]})  # type: ignore[union-attr]
    if len(tested) > 1:
        counts = listing([f"{count:,}" for count in tested], "or")
        return _("{name} ({counts} test images)", name=name, counts=counts)
    return n_("{name} ({n:,} test image)", "{name} ({n:,} test images)", tested[0], name=name) if tested else name


def _cell(cell: Cell, judged: Judged | None) -> str:
    if judged is None:
        return "–"
    ahead = gain(judged)
    told = f" ({tell(points(ahead))})" if ahead and not ahead.few else ""
    return tell(score(judged, "trained")) + told + ("*" if cell.own else "")


def matrix_object(
    runs: Sequence[Run], sets: Sequence[str], rows: Sequence[Sequence[Cell]], answers: Sequence[Sequence[Judged | None]]
) -> list[dict[str, Any]]:
    """A list of the cells that have an answer, run after run."""
    return [
        {"run_id": run.run_id, "name": run.name, "set": name, "own": cell.own, **_gain(judged)} | judged_object(judged)
        for run, cells, answered in zip(runs, rows, answers, strict=True)
        for name, cell, judged in zip(sets, cells, answered, strict=True)
        if judged is not None
    ]


def _gain(judged: Judged) -> dict[str, Any]:
    found = gain(judged)
    return {"gain": found.value if found else None, "gain_interval": found.as_dict() if found else None}
