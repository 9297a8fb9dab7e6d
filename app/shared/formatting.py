"""Numbers, times and states of a run in plain words. Nothing here draws."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.shared import access
from byol_core.evaluation import summary as plain_words
from byol_core.evaluation.intervals import Accuracy, Difference
from byol_core.runs.run import LIVE, RESUMABLE, Run

# A whole path as our sentences quote it.
_PATH = re.compile(r"'(?:/|[A-Za-z]:[\\/])[^']*'")

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray", "primary"]


@dataclass(frozen=True)
class Look:
    """How a state is shown."""

    label: str
    icon: str
    color: Color


LOOKS: dict[str, Look] = {
    "queued": Look("Waiting", ":material/schedule:", "gray"),
    "starting": Look("Starting", ":material/hourglass_top:", "blue"),
    "running": Look("Running", ":material/play_circle:", "blue"),
    "finished": Look("Finished", ":material/check_circle:", "green"),
    "stopped": Look("Stopped", ":material/pause_circle:", "orange"),
    "failed": Look("Failed", ":material/error:", "red"),
    "interrupted": Look("Interrupted", ":material/bolt:", "orange"),
}


# A run that goes on, or went on, in spite of an alarm.
ALARM = Look("Alarm", ":material/warning:", "red")
# A run whose process is there and does nothing that one could see.
STALL = Look("Stalled", ":material/hourglass_disabled:", "orange")

# What a run is slowed down by, by its code.
SLOWED = {"processor": "It shares the processor with other programs, so it takes longer."}


def number(value: Any, digits: int = 3) -> str:
    """A number as people read it, a dash when there is none; what is smaller than one or two digits say is a 0."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e300:
        return "–"
    if digits >= 3 and value and abs(value) < 10**-digits:
        return f"{value:.1e}"
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace(",", "\u202f")


def count(number: int) -> str:
    """A whole number with its thousands apart: ``1 000``."""
    return f"{number:,}".replace(",", "\u202f")


def images(found: Accuracy | Difference) -> str:
    """``1 000 test images``: what an accuracy rests on."""
    return f"{count(found.images)} {found.split} image{'' if found.images == 1 else 's'}"


def cell(found: Accuracy | None) -> str:
    """``0.808 [0.782, 0.831] · 1 000``, in a table whose head says of which images."""
    return f"{plain_words.accuracy(found)} · {count(found.images)}" if found else ""


def below(found: Accuracy) -> str:
    """``[0.782, 0.831] of 1 000`` or ``18: too few to tell``, in a narrow tile whose label names the split."""
    if found.few:
        return f"{count(found.images)}: {plain_words.FEW}"
    return f"{plain_words.within(found)} of {count(found.images)}"


# For tooltips, beside figures in this notation.
INTERVAL_HELP = (
    "In brackets the 95 % interval: how far chance in the choice of these images may have moved the figure. "
    "Another seed may move it as well. With fewer than 100 images nothing can be told."
)


def setting(value: Any) -> str:
    """The value of a setting in a sentence."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "as the recipe" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def duration(seconds: float | None) -> str:
    """``92`` -> ``1 min 32 s``; a dash when it is not known."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def ago(moment: float | None, now: float | None = None) -> str:
    """``5 min ago``, or a date when it is longer than a week."""
    if moment is None:
        return "–"
    past = max(0.0, (time.time() if now is None else now) - moment)
    if past < 60:
        return "just now"
    if past < 3600:
        return f"{past // 60:.0f} min ago"
    if past < 86400:
        return f"{past // 3600:.0f} h ago"
    if past < 7 * 86400:
        return f"{past // 86400:.0f} d ago"
    return time.strftime("%d %b %Y", time.localtime(moment))


def busy(run: Run) -> bool:
    """Whether the run will change by itself."""
    return run.state in (*LIVE, "queued")


def results(run: Run) -> dict[str, Any]:
    """The numbers at the end; none while a run goes on, even when it had ended before it was resumed."""
    return {} if busy(run) else {key: value for key, value in run.summary.items() if _is_sane(value)}


def _is_sane(value: Any) -> bool:
    """Whether a page can show it: a run that came from elsewhere may say anything."""
    return not isinstance(value, int | float) or abs(value) < 1e15


def elapsed(run: Run, now: float | None = None) -> float | None:
    """Seconds of training when the run is over, else since its start; None before it started."""
    seconds = results(run).get("seconds")
    if isinstance(seconds, int | float):
        return float(seconds)
    if run.started is None:
        return None
    now = time.time() if now is None else now
    return (now if busy(run) else run.ended or now) - run.started


def share_done(run: Run) -> float:
    """How much of the run is done, from 0 to 1."""
    if run.state == "finished":
        return 1.0
    return min(1.0, run.step / run.total_steps) if run.total_steps else 0.0


def plain(text: str) -> str:
    """A text that somebody typed, safe inside Markdown."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]#|<>~:$" else letter for letter in text)


def told(trouble: object) -> str:
    """What went wrong, safe inside Markdown; whoever only looks on is not told where on the machine."""
    sentence = str(trouble)
    return plain(sentence if access.is_teacher() else _PATH.sub("a folder of this machine", sentence))


def data_name(run: Run) -> str:
    """The images of a run in few characters: a catalog name, or the last part of a path."""
    source = str(run.config.get("data", {}).get("source", ""))
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or "–"


def sentence(run: Run, queue: Sequence[Run] = (), checkpoint: bool = False) -> str:
    """Where the run stands and why, in plain words."""
    how = {"queued": _queued, "starting": _starting, "running": _running, "finished": _finished}.get(run.state, _ended)
    text = how(run, queue)
    said_already = run.state == "interrupted" and run.message  # which tells what resuming does
    if run.state in RESUMABLE and not said_already:
        text += f" Resume {'goes on from the last checkpoint' if checkpoint else 'starts again from the beginning'}."
    return text


def _full_stop(text: str) -> str:
    """With a mark at its end: what an exception said may have none."""
    return text if text[-1:] in ".!?" else f"{text}."


def _queued(run: Run, queue: Sequence[Run]) -> str:
    before = next((place for place, waiting in enumerate(queue) if waiting.run_id == run.run_id), 0)
    if run.message:
        return run.message
    if before:
        return f"Waiting for its turn: {before} other run{'s start' if before > 1 else ' starts'} first."
    return "Next in the queue: it starts as soon as the machine is free."


def _starting(run: Run, _: Sequence[Run]) -> str:
    return _stopping(run) or f"Starting: {run.phase or 'the process is loading PyTorch and the images'}."


def _running(run: Run, _: Sequence[Run]) -> str:
    if stopping := _stopping(run):
        return stopping
    phase = run.phase or "training"
    known = run.step and run.seconds_left is not None and run.seconds_left >= 1
    left = f", about {duration(run.seconds_left)} left" if known else ""
    slow = f" {SLOWED[run.slowed_by]}" if run.slowed_by in SLOWED else ""
    return f"{phase[:1].upper()}{phase[1:]}{left}.{slow}"


def _stopping(run: Run) -> str:
    return "Stopping: it writes a checkpoint first." if run.stop_requested else ""


def _finished(run: Run, _: Sequence[Run]) -> str:
    epochs = number(run.epoch, 1).removesuffix(".0")
    return f"Finished {ago(run.ended)}: {epochs} epochs in {duration(elapsed(run))}."


def _ended(run: Run, _: Sequence[Run]) -> str:
    if run.message:
        return _full_stop(run.message)
    why = {
        "stopped": "Stopped on request",
        "failed": "It failed without saying why; the log may tell",
        "interrupted": "Its process exited without reporting an error, as after a power failure",
    }[run.state]
    return f"{why} at epoch {number(run.epoch, 1)}." if run.step else f"{why}."
