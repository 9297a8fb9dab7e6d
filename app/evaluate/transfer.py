"""Learned on one set, evaluated on another: a matrix of runs by sets, which is how "data independence" is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.evaluate import form
from app.evaluate import job as evaluate_job
from app.evaluate import labels as said
from app.shared import access, formatting
from app.shared.language import N_, _, listing, n_, tell
from app.shared.pictures import names_of_sets
from app.shared.run_names import unique_names
from app.widgets.confusion_matrix import Cell as Place
from app.widgets.confusion_matrix import Table, matrix
from byol_core.errors import LabError
from byol_core.evaluation import transfer
from byol_core.evaluation.jobs import Job
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.summary import NOTATION, points
from byol_core.evaluation.transfer import Cell
from byol_core.runs.run import Run

RUNS, SETS, SHOWN = "transfer_runs", "transfer_sets", "transfer_shows"
ACCURACY, GAIN = "accuracy", "gain"
_SHOWS = {ACCURACY: N_("Accuracy"), GAIN: N_("Gain over untrained")}
MOST_RUNS, MOST_SETS = 30, 12
_STATES: Mapping[str, str] = {"waiting": N_("waits"), "running": "…", "failed": N_("failed"), "stopped": N_("stopped")}
_MOST_GAIN = 0.3  # the shade of a gain is full from here on
Open = Callable[[Run, Protocol], None]


@dataclass(frozen=True)
class Entry:
    """One cell: a run, its question on one set, and where that stands."""

    run: Run
    cell: Cell
    job: Job
    judged: Judged | None

    @property
    def asked(self) -> evaluate_job.Asked:
        """The protocol that the form describes."""
        return self.run, self.cell.protocol


def draw(run: Run, known: Mapping[str, Run], question: Protocol, open_cell: Open) -> None:
    """The matrix for the chosen runs and sets by the method of this question; a click opens that answer."""
    with st.grid(2, min_column_width=280):
        runs, sets = _pick_runs(run, known), _pick_sets(run)
    if not runs or not sets:
        st.caption(_("Choose at least one run and one set."))
        return
    entries = [entry for each in runs for entry in _row(each, sets, question)]
    judged = [each for each in runs if any(entry.run is each for entry in entries)]
    if not judged:
        return
    shows = st.segmented_control(
        _("Show"),
        (ACCURACY, GAIN),
        default=ACCURACY,
        format_func=lambda which: tell(_SHOWS[which]),
        required=True,
        key=SHOWN,
    )
    _matrix(judged, sets, entries, shows or ACCURACY, open_cell)
    _failed(entries)
    _buttons(entries)
    evaluate_job.progress([entry.asked for entry in entries], [entry.job.state for entry in entries])


def _pick_runs(run: Run, known: Mapping[str, Run]) -> list[Run]:
    names = dict(zip(known, unique_names(list(known.values())), strict=True))
    chosen = st.multiselect(
        _("Runs"),
        list(known),
        default=[run.run_id],
        format_func=names.__getitem__,
        max_selections=MOST_RUNS,
        key=RUNS,
    )
    return [known[run_id] for run_id in chosen]


def _pick_sets(run: Run) -> list[str]:
    """Sets of the catalog, and those that runs learned from; a teacher may type a path."""
    first = form.own_set(run)
    chosen = st.multiselect(
        _("Evaluated on"),
        list(dict.fromkeys([first, *names_of_sets()])),
        default=[first],
        format_func=said.set_name,
        max_selections=MOST_SETS,
        accept_new_options=access.is_teacher(),
        key=SETS,
        help=_("At the image size of each run. Sets that are not on this machine are downloaded when they are needed."),
    )
    return list(dict.fromkeys(form.named(str(name)) for name in chosen))


def _row(run: Run, sets: Sequence[str], question: Protocol) -> list[Entry]:
    """The cells of one run; a sentence where its settings cannot be read."""
    try:
        (row,) = transfer.cells_of([run.folder], sets, question)
    except LabError as error:
        sentence = _("{label}: {value}", label=formatting.plain(run.name), value=formatting.told(error))
        st.warning(sentence, icon=":material/broken_image:")
        return []
    jobs = [cell.job() for cell in row]
    return [
        Entry(run, cell, job, cell.result() if job.state == "ready" else None)
        for cell, job in zip(row, jobs, strict=True)
    ]


def _matrix(runs: Sequence[Run], sets: Sequence[str], entries: Sequence[Entry], shows: str, open_cell: Open) -> None:
    def choose(place: Place) -> None:
        entry = entries[place[0] * len(sets) + place[1]]
        open_cell(*entry.asked)

    shades = np.array([_shade(entry, shows) for entry in entries], np.float32).reshape(len(runs), len(sets))
    names = [said.set_name(name) for name in sets]
    texts = [_text(entry, shows) for entry in entries]
    table = Table(
        unique_names(runs),
        names,
        texts,
        shades,
        joint=_("evaluated on"),
        corner=_("trained ↓  evaluated →"),
        wide=True,
    )
    matrix(table, None, choose, key="transfer")
    about = _(
        "A row is a run, a column the set it is evaluated on; the star marks the set it was trained on, which is no "
        "transfer. Choose a cell to open its result. What transfers keeps its gain on sets never seen in training."
    )
    st.caption(listing(filter(None, (about, _tested(entries), tell(NOTATION))), "sentences"))


def _tested(entries: Sequence[Entry]) -> str:
    """On how many test images of each set the runs were evaluated."""
    found = {said.set_name(entry.cell.data): entry.judged.tested for entry in entries if entry.judged}
    told = [f"{formatting.plain(name)} {formatting.count(tested)}" for name, tested in found.items()]
    return _("Test images: {counts}.", counts=listing(told, "comma")) if told else ""


def _text(entry: Entry, shows: str) -> str:
    if entry.judged is None:
        return tell(_STATES.get(entry.job.state, "–"))
    if shows == GAIN:
        gain = transfer.gain(entry.judged)
        said_so = tell(points(gain)) if gain else "–"
    else:
        said_so = said.score(entry.judged, "trained")
    return f"{said_so} *" if entry.cell.own else said_so


def _shade(entry: Entry, shows: str) -> float:
    """From guessing to all right, or from no gain to a large one."""
    if entry.judged is None:
        return 0.0
    if shows == GAIN:
        gain = transfer.gain(entry.judged)  # what may be chance has no color
        return min(gain.value / _MOST_GAIN, 1.0) if gain and gain.outcome == "better" else 0.0
    ours, guess = entry.judged.figure("trained"), 1 / max(2, len(entry.judged.classes))
    mean = ours.value if ours else guess
    return min(max((mean - guess) / (1 - guess), 0.0), 1.0)


def _failed(entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.job.state == "failed":
            run, data = formatting.plain(entry.run.name), formatting.plain(said.set_name(entry.cell.data))
            where = _("{run} on {data}:", run=run, data=data)
            st.caption(f":red[:material/error: {where}] {formatting.told(entry.job.message)}")


def _buttons(entries: Sequence[Entry]) -> None:
    busy = [entry.asked for entry in entries if entry.job.state in evaluate_job.BUSY]
    missing = [entry.asked for entry in entries if entry.job.state in ("absent", "stopped", "failed")]
    if not busy and not missing:
        return
    label = _("Evaluate the missing cell")
    if len(missing) > 1:
        label = n_("Evaluate {n} missing cell", "Evaluate {n} missing cells", len(missing))
    with st.container(horizontal=True):  # both stay where they are: a double click must not ask and stop
        evaluate_job.button(label, missing, key="transfer_start", idle=bool(busy))
        evaluate_job.stop_button(busy, key="transfer_stop", idle=not busy)
