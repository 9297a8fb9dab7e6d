"""A run as the command line tells it: one JSON object for machines, small tables for people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from byol_core.cli import cells
from byol_core.cli.language import N_, _, listing, tell
from byol_core.config import RunConfig, build
from byol_core.data import account, account_words
from byol_core.data.account import Account
from byol_core.errors import InputError
from byol_core.evaluation import summary
from byol_core.evaluation.intervals import Accuracy
from byol_core.health.signs import SIGNS, SPACES, keys
from byol_core.runs import accuracies, folder
from byol_core.runs.run import Run, finite
from byol_core.runs.store import RunStore
from byol_core.system.formatting import file_size, number

if TYPE_CHECKING:
    from rich.table import Table

# What every object has; None until it is known, and for ever where the run stopped or the images have no labels.
NUMBERS = (
    "steps",
    "epochs",
    "seconds",
    "images_per_second",
    "loss",
    "knn_accuracy",
    "knn_untrained",
    "knn_pixels",
    "std_ratio",
    "projection_std_ratio",
)
_TITLES = {
    "knn_accuracy": N_("kNN accuracy, test"),
    "knn_untrained": N_("kNN before training, test"),
    "knn_pixels": N_("kNN on raw pixels, test"),
    "std_ratio": N_("std ratio (1 healthy, 0 collapsed)"),
    "projection_std_ratio": N_("std ratio of the projection"),
    "loss": N_("loss"),
    "epochs": N_("epochs"),
    "steps": N_("steps"),
    "seconds": N_("seconds of training"),
    "images_per_second": N_("images a second"),
}
# What a run does, by the codes of its states, and what it is measured on.
_STATES = {
    "queued": N_("queued"),
    "starting": N_("starting"),
    "running": N_("running"),
    "finished": N_("finished"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
    "interrupted": N_("interrupted"),
}
_SPACES = {"representation": N_("representation"), "projection": N_("projection")}

_LEAST_MESSAGE = 24  # characters, however narrow the terminal is
_BETWEEN = 2  # blanks between columns
_MOST_CLASSES = 50  # in a table
# The facts about a run, which people read under the names that --json has for them; in English they are the same.
_FACTS = {
    "run_id": N_("run_id"),
    "name": N_("name"),
    "state": N_("state"),
    "message": N_("message"),
    "preset": N_("preset"),
    "priority": N_("priority"),
    "attempt": N_("attempt"),
    "pid": N_("pid"),
    "steps": N_("steps"),
    "epochs": N_("epochs"),
    "seconds": N_("seconds"),
    "images_per_second": N_("images_per_second"),
    "loss": N_("loss"),
    "knn_accuracy": N_("knn_accuracy"),
    "knn_untrained": N_("knn_untrained"),
    "knn_pixels": N_("knn_pixels"),
    "std_ratio": N_("std_ratio"),
    "projection_std_ratio": N_("projection_std_ratio"),
    "wall_seconds": N_("wall_seconds"),
    "folder": N_("folder"),
    "group": N_("group"),
    "tags": N_("tags"),
    "notes": N_("notes"),
}


def as_object(store: RunStore, run: Run) -> dict[str, Any]:
    """All of a run with its numbers, of the end or so far.

    ``accuracies`` hold those of the end once more, each with its split, the images it rests on and its interval;
    ``brought`` is what training changed.
    """
    numbers: dict[str, Any] = dict.fromkeys(NUMBERS)
    if run.attempt:
        last = store.latest(run.run_id, "loss")
        numbers |= {"steps": run.step, "epochs": run.epoch, "images_per_second": run.images_per_second}
        numbers |= {"loss": last[3], "seconds": last[2]} if last else {}
    started = run.started if run.state != "queued" else None  # of one that waits to be resumed, the attempt before
    wall = round((run.ended or time.time()) - started, 2) if started else None
    health = store.last_values(run.run_id, [key for space in SPACES for key in keys(space)])
    told = {**run.as_dict(), **numbers, **run.summary, **accuracies.as_object(run)}
    plain: dict[str, Any] = finite({**told, "wall_seconds": wall, "health": health})
    return plain


def state(run: Run) -> str:
    """What a run does, in a word."""
    return tell(_STATES.get(run.state, run.state))


def numbers_table(run: Run) -> Table:
    """The numbers at the end of a run."""
    shown = table("", "")
    if run.alarm:
        shown.add_row(_("ALARM"), tell(run.alarm), style="bold red")
    figures = accuracies.at_end(run)
    for key, title in _TITLES.items():
        value = run.summary.get(key)
        told = tell(summary.whole(figures[key])) if key in figures else number(value)
        shown.add_row(tell(title), _missing(run, key) if value is None else told)
        if key == accuracies.PIXELS and (gain := accuracies.brought(run)):
            shown.add_row(_("what training brought"), tell(summary.brought(gain)))
    return shown


def account_lines(run: Run) -> list[str]:
    """What the run was given, in sentences: images used and left out, and what was assumed; none for an old run."""
    found = folder.read_account(run.folder)
    return [] if found is None else list(account_words.sentences(found))


def with_account(store: RunStore, run: Run) -> dict[str, Any]:
    """:func:`as_object` with the account of its images as well, None where there is none."""
    found = folder.read_account(run.folder)
    return {**as_object(store, run), "account": None if found is None else account.as_object(found)}


def classes_table(found: Account) -> Table:
    """The images of each class; of very many classes the first ones."""
    shown = table(_("class"), _("training"), _("test"))
    for column in shown.columns[1:]:
        column.justify = "right"
    for each in found.classes[:_MOST_CLASSES]:
        shown.add_row(each.name, f"{each.train:,}", f"{each.test:,}")
    if (more := len(found.classes) - _MOST_CLASSES) > 0:
        shown.add_row(_("… and {n:,} more", n=more), "", "")
    return shown


def _missing(run: Run, key: str) -> str:
    """Why the end of a run has no such number."""
    if run.summary.get("stopped") and key in ("knn_accuracy", "std_ratio", "projection_std_ratio"):
        return _("not evaluated, since the run was stopped")
    return _("no labels") if key.startswith("knn") else ""


def runs_table(found: Sequence[Run], width: int | None = None) -> Table:
    """Runs, one a line: of a message so much as fits into ``width`` characters, the whole of it without."""
    heads = (_("run"), _("name"), _("state"), _("done"), _("epoch"), _("kNN (test)"))
    rows = [_so_far(run) for run in found]
    taken = sum(max(map(cells.width, column)) + _BETWEEN for column in zip(heads, *rows, strict=True))
    shown = table(*heads, _("message"))
    for run, row in zip(found, rows, strict=True):
        message = _message(run)
        shown.add_row(*row, message if width is None else cells.cut(message, max(_LEAST_MESSAGE, width - taken)))
    return shown


def _so_far(run: Run) -> tuple[str, ...]:
    done = f"{100 * run.step / run.total_steps:.0f} %" if run.total_steps else ""
    epoch = f"{run.epoch:.1f}" if run.attempt else ""
    return run.run_id, run.name, state(run), done, epoch, knn_of(run)


def _message(run: Run) -> str:
    if run.alarm and run.alarm != run.message:
        alarm = _("ALARM: {alarm}", alarm=tell(run.alarm))
        return listing([tell(run.message), alarm], "sentences") if run.message else alarm
    return tell(run.message or (run.phase if run.live else ""))


def knn_of(run: Run) -> str:
    """``0.808 [0.782, 0.831] of 1,000``: the accuracy at the end of a run; empty while there is none."""
    found = accuracies.at_end(run).get(accuracies.ACCURACY)
    return accuracy_of(found) if found else number(run.summary.get(accuracies.ACCURACY))


def accuracy_of(figure: Accuracy) -> str:
    """``0.808 [0.782, 0.831] of 1,000``: an accuracy, and of how many images it is."""
    return _("{accuracy} of {images:,}", accuracy=tell(summary.accuracy(figure)), images=figure.images)


def queue_table(found: Sequence[Run]) -> Table:
    """The waiting runs in the order in which they will start."""
    shown = table("", _("run"), _("name"), _("priority"), _("why it waits"))
    for place, run in enumerate(found, 1):
        shown.add_row(str(place), run.run_id, run.name, str(run.priority or ""), tell(run.message))
    return shown


def trash_table(found: Sequence[Run], sizes: Sequence[int]) -> Table:
    """The runs of the trash with the bytes of their folders."""
    shown = table(_("run"), _("name"), _("state"), _("thrown"), _("size"))
    for run, bytes_ in zip(found, sizes, strict=True):
        thrown = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.deleted))
        shown.add_row(run.run_id, run.name, state(run), thrown, file_size(bytes_))
    return shown


def facts_table(store: RunStore, run: Run) -> Table:
    """One run, with the settings that are not the defaults."""
    seen = as_object(store, run)
    shown = table("", "")
    if run.alarm:
        shown.add_row(_("ALARM"), tell(run.alarm), style="bold red")
    figures, told = accuracies.at_end(run), {"state": state(run), "message": tell(run.message)}
    for key, label in _FACTS.items():
        if seen[key] not in (None, "", []):
            value = tell(summary.whole(figures[key])) if key in figures else number(seen[key])
            shown.add_row(tell(label), told.get(key, value))
    if gain := accuracies.brought(run):
        shown.add_row(_("brought"), tell(summary.brought(gain)))
    for label, text in _health_rows(seen["health"]):
        shown.add_row(label, text)
    for line in account_lines(run):
        shown.add_row(_("the images"), tell(line))
    for key, value in changed_settings(run).items():
        shown.add_row(f"--set {key}", str(value))
    return shown


def _health_rows(health: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Each measured sign with its last values, such as ``0.812 (representation), 0.640 (projection)``."""
    for sign in SIGNS.values():
        known = [space for space in SPACES if sign.key_of(space) in health]
        if known:
            values = [f"{number(health[sign.key_of(space)])} ({tell(_SPACES[space])})" for space in known]
            yield tell(sign.label), listing(values, "comma")


def changed_settings(run: Run) -> dict[str, Any]:
    """The settings of a run that differ from the defaults, by dotted key."""
    try:
        flat = build(run.config).flat()
    except InputError:  # written by a release with other settings
        return {}
    defaults = RunConfig().flat()
    return {key: value for key, value in flat.items() if value != defaults[key]}


def table(*columns: str) -> Table:
    """An empty table in the look of all others."""
    from rich.table import Table

    empty = Table(*columns, box=None, show_header=any(columns), pad_edge=False, highlight=False)
    for column in empty.columns:
        column.overflow = "fold"
    return empty
