"""The lines of the run table: which runs somebody looks for, a sweep folded into one line, and their order."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.shared import formatting
from app.shared.language import N_, tell
from byol_core.runs.run import Run

ALARM = "alarm"
# How the states that somebody may look for are shown, by their codes: those of runs, and one more.
LOOKS = {**formatting.LOOKS, ALARM: formatting.ALARM}


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; what is empty lets all runs through."""

    text: str = ""
    states: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sweep: str = ""
    archived: bool = False

    @property
    def filters(self) -> int:
        """How many filters are set, beside the search."""
        return sum(map(bool, (self.states, self.tags, self.sweep, self.archived)))

    def lets_through(self, run: Run) -> bool:
        """Whether the run is one of those: every word of the text, any of the states, all of the tags."""
        return (
            (run.archived is not None) == self.archived
            and (not self.sweep or run.group == self.sweep)
            and (not self.states or not set(self.states).isdisjoint(states(run)))
            and set(self.tags) <= set(run.tags)
            and _mentions(run, self.text)
        )


@dataclass(frozen=True)
class Line:
    """One line of the table: a run, or all runs of a sweep."""

    runs: tuple[Run, ...]
    sweep: str = ""  # of a folded sweep

    @property
    def name(self) -> str:
        """What the line is called."""
        return self.sweep or self.runs[0].name

    @property
    def created(self) -> float:
        """When its newest run was made."""
        return max(run.created for run in self.runs)

    @property
    def seconds(self) -> float | None:
        """How long its runs trained, together."""
        known = [seconds for run in self.runs if (seconds := formatting.elapsed(run)) is not None]
        return sum(known) if known else None

    @property
    def share_done(self) -> float:
        """How much of it is done, from 0 to 1."""
        return statistics.fmean(map(formatting.share_done, self.runs))

    def values(self, key: str) -> list[float]:
        """A number at the end of each run that has it."""
        return [value for run in self.runs if (value := result(run, key)) is not None]


def states(run: Run) -> list[str]:
    """The state of a run as a code, and that of an alarm."""
    return [run.state, *([ALARM] if run.alarm else [])]


def labels(run: Run) -> list[str]:
    """The same as its badges say it."""
    return [tell(LOOKS[state].label) for state in states(run)]


def result(run: Run, key: str) -> float | None:
    """A number at the end of a run; None while there is none."""
    value = formatting.results(run).get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _mentions(run: Run, text: str) -> bool:
    if not text.strip():
        return True
    if run.run_id.startswith(text.strip().casefold()):
        return True
    told = (run.name, *run.tags, run.notes, formatting.data_name(run), run.preset or "", run.group)
    hay = "\n".join(told).casefold()
    return all(word in hay for word in text.casefold().split())


def fold(runs: Iterable[Run]) -> list[Line]:
    """One line a run, but one for all the runs of a sweep, at the place of its newest."""
    lines: dict[str, list[Run]] = {}
    for run in runs:
        lines.setdefault(f"sweep {run.group}" if run.group else run.run_id, []).append(run)
    return [Line(tuple(found), found[0].group if len(found) > 1 else "") for found in lines.values()]


def unfolded(runs: Iterable[Run]) -> list[Line]:
    """A line of its own for every run."""
    return [Line((run,)) for run in runs]


def _mean(key: str, sign: int) -> Callable[[Line], float]:
    """A sort key: the mean of a result, lines without it at the end."""

    def height(line: Line) -> float:
        values = line.values(key)
        return sign * statistics.fmean(values) if values else math.inf

    return height


ORDERS: dict[str, Callable[[Line], float | str]] = {
    "newest": lambda line: -line.created,
    "oldest": lambda line: line.created,
    "name": lambda line: line.name.casefold(),
    "knn": _mean("knn_accuracy", -1),
    "loss": _mean("loss", 1),
    "longest": lambda line: -(line.seconds or 0.0),
}
ORDER_TITLES = {
    "newest": N_("Newest first"),
    "oldest": N_("Oldest first"),
    "name": N_("Name"),
    "knn": N_("Best kNN first"),
    "loss": N_("Lowest loss first"),
    "longest": N_("Longest first"),
}


def ordered(lines: Sequence[Line], order: str) -> list[Line]:
    """The lines in one of the orders."""
    return sorted(lines, key=ORDERS.get(order, ORDERS["newest"]))


def spread(values: Sequence[float], digits: int = 3) -> str:
    """``0.781``, or ``0.781 ± 0.012`` of several (standard deviation of a sample); nothing of none."""
    if not values:
        return ""
    mean = formatting.number(statistics.fmean(values), digits)
    return f"{mean} ± {formatting.number(statistics.stdev(values), digits)}" if len(values) > 1 else mean
