"""Numbers, times and states of a run in plain words. Nothing here draws."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.shared import access
from app.shared.language import N_, _, current, listing, n_, tell
from byol_core import language
from byol_core.evaluation import summary as plain_words
from byol_core.evaluation.intervals import Accuracy, Difference
from byol_core.runs.run import LIVE, RESUMABLE, Run

# A whole path as our sentences quote it, in any language.
_PATH = re.compile(r"['“‘](?:/|[A-Za-z]:[\\/])[^'”’]*['”’]")

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray", "primary"]


@dataclass(frozen=True)
class Look:
    """How a state is shown; ``tell`` says the label."""

    label: str
    icon: str
    color: Color


LOOKS: dict[str, Look] = {
    "queued": Look(N_("Waiting"), ":material/schedule:", "gray"),
    "starting": Look(N_("Starting"), ":material/hourglass_top:", "blue"),
    "running": Look(N_("Running"), ":material/play_circle:", "blue"),
    "finished": Look(N_("Finished"), ":material/check_circle:", "green"),
    "stopped": Look(N_("Stopped"), ":material/pause_circle:", "orange"),
    "failed": Look(N_("Failed"), ":material/error:", "red"),
    "interrupted": Look(N_("Interrupted"), ":material/bolt:", "orange"),
}


# A run that goes on, or went on, in spite of an alarm.
ALARM = Look(N_("Alarm"), ":material/warning:", "red")
# A run whose process is there and does nothing that one could see.
STALL = Look(N_("Stalled"), ":material/hourglass_disabled:", "orange")

# Why a run is over that does not say it, and the same of one that has come to an epoch.
_WHY = {
    "stopped": N_("Stopped on request."),
    "failed": N_("It failed without giving a reason; the log may tell."),
    "interrupted": N_("Its process exited without reporting an error, as after a power failure."),
}
_WHY_AT = {
    "stopped": N_("Stopped on request at epoch {epoch}."),
    "failed": N_("It failed without giving a reason; the log may tell at epoch {epoch}."),
    "interrupted": N_("Its process exited without reporting an error, as after a power failure at epoch {epoch}."),
}

# What a run is slowed down by, by its code.
SLOWED = {"processor": N_("It shares the processor with other programs, so it takes longer.")}


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
    n = count(found.images)
    if found.split == "validation":
        return n_("{n} validation image", "{n} validation images", found.images, n=n)
    return n_("{n} test image", "{n} test images", found.images, n=n)


def cell(found: Accuracy | None) -> str:
    """``0.808 [0.782, 0.831] · 1 000``, in a table whose head says of which images."""
    return f"{tell(plain_words.accuracy(found))} · {count(found.images)}" if found else ""


def below(found: Accuracy) -> str:
    """``[0.782, 0.831] of 1 000`` or ``18: too few to tell``, in a narrow tile whose label names the split."""
    n = count(found.images)
    if found.few:
        return _("{n}: too few to tell", n=n)
    return _("{interval} of {n}", interval=tell(plain_words.within(found)), n=n)


# For tooltips, beside figures in this notation.
INTERVAL_HELP = N_(
    "In brackets the 95 % interval: how far chance in the choice of these images may have moved the figure. "
    "Another seed may move it as well. Fewer than 100 images are too few to conclude anything."
)


def setting(value: Any) -> str:
    """The value of a setting in a sentence."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list):
        return listing(map(str, value), "comma") or _("none")
    return _("as the recipe") if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def duration(seconds: float | None) -> str:
    """``92`` -> ``1 min 32 s``; a dash when it is not known."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return _("{days} d {hours} h", days=days, hours=hours)
    if hours:
        return _("{hours} h {minutes:02d} min", hours=hours, minutes=minutes)
    if minutes:
        return _("{minutes} min {seconds:02d} s", minutes=minutes, seconds=rest)
    return _("{seconds} s", seconds=rest)


def ago(moment: float | None, now: float | None = None) -> str:
    """``5 min ago``, or a date when it is longer than a week."""
    if moment is None:
        return "–"
    past = max(0.0, (time.time() if now is None else now) - moment)
    if past < 60:
        return _("just now")
    if past < 3600:
        return _("{minutes:.0f} min ago", minutes=past // 60)
    if past < 86400:
        return _("{hours:.0f} h ago", hours=past // 3600)
    if past < 7 * 86400:
        return _("{days:.0f} d ago", days=past // 86400)
    return date(moment)


def date(moment: float) -> str:
    """``29 Nov 2025``, of a time in unix seconds, on this machine's calendar."""
    if current() == language.ENGLISH:
        return time.strftime("%d %b %Y", time.localtime(moment))
    from babel.dates import format_date

    return format_date(datetime.fromtimestamp(moment), "long", locale=language.locale(current()))


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
    """What went wrong, in the viewer's language and safe inside Markdown; a viewer is not told where on the machine."""
    sentence = tell(trouble)
    return plain(sentence if access.is_teacher() else _PATH.sub(_("a folder of this machine"), sentence))


def data_name(run: Run) -> str:
    """The images of a run in few characters: a catalog name, or the last part of a path."""
    source = str(run.config.get("data", {}).get("source", ""))
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or "–"


def sentence(run: Run, queue: Sequence[Run] = (), checkpoint: bool = False) -> str:
    """Where the run stands and why, in plain words."""
    how = {"queued": _queued, "starting": _starting, "running": _running, "finished": _finished}.get(run.state, _ended)
    text = how(run, queue)
    said_already = run.state == "interrupted" and run.message  # which tells what resuming does
    if run.state not in RESUMABLE or said_already:
        return text
    goes_on = _("Resume goes on from the last checkpoint.")
    return listing([text, goes_on if checkpoint else _("Resume starts again from the beginning.")], "sentences")


def _full_stop(text: str) -> str:
    """With a mark at its end: what an exception said may have none."""
    return text if text[-1:] in ".!?。！？" else _("{sentence}.", sentence=text)


def _queued(run: Run, queue: Sequence[Run]) -> str:
    before = next((place for place, waiting in enumerate(queue) if waiting.run_id == run.run_id), 0)
    if run.message:
        return tell(run.message)
    if before:
        return n_(
            "Waiting for its turn: {n} other run starts first.",
            "Waiting for its turn: {n} other runs start first.",
            before,
        )
    return _("Next in the queue: it starts as soon as the machine is free.")


def _starting(run: Run, _queue: Sequence[Run]) -> str:
    if stopping := _stopping(run):
        return stopping
    if run.phase:
        return _("Starting: {phase}.", phase=tell(run.phase))
    return _("Starting: the process is loading PyTorch and the images.")


def _running(run: Run, _queue: Sequence[Run]) -> str:
    if stopping := _stopping(run):
        return stopping
    phase = _opening(tell(run.phase)) if run.phase else _("Training")
    said = _("{phase}.", phase=phase)
    if run.step and run.seconds_left is not None and run.seconds_left >= 1:
        said = _("{phase}, about {time} left.", phase=phase, time=duration(run.seconds_left))
    return listing([said, tell(SLOWED[run.slowed_by])], "sentences") if run.slowed_by in SLOWED else said


def _opening(text: str) -> str:
    """As a sentence begins in English, which alone has capitals here."""
    return text[:1].upper() + text[1:] if current() == language.ENGLISH else text


def _stopping(run: Run) -> str:
    return _("Stopping: it writes a checkpoint first.") if run.stop_requested else ""


def _finished(run: Run, _queue: Sequence[Run]) -> str:
    return _(
        "Finished {ago}: {epochs} epochs in {time}.",
        ago=ago(run.ended),
        epochs=number(run.epoch, 1).removesuffix(".0"),
        time=duration(elapsed(run)),
    )


def _ended(run: Run, _queue: Sequence[Run]) -> str:
    if run.message:
        return _full_stop(tell(run.message))
    if not run.step:
        return tell(_WHY[run.state])
    return _(_WHY_AT[run.state], epoch=number(run.epoch, 1))
