"""The progress bar of the command line: for what has a share done, and for a training; on stderr, not on stdout."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from byol_core import events
from byol_core.cli.language import N_, _, tell
from byol_core.config import RunConfig

# Between two plain lines.
_PLAIN_SECONDS = 10.0
SLOWED = {"processor": N_("shares the processor")}  # by the codes of Progress.slowed_by


class TerminalBar:
    """A bar on the terminal. Without one (a log file, a pipe) a plain line now and then takes its place."""

    def __init__(self, console: Console, title: str = "", message: str = "", total: float | None = 1.0) -> None:
        self.console, self._told = console, time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[message]}", markup=False),
            TextColumn("{task.fields[alarm]}", style="bold red"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=total, message=message, alarm="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._bar.stop()

    def show(self, plain: str, **values: Any) -> None:
        """Draw what has changed, as :meth:`rich.progress.Progress.update` takes it; ``plain``: the line instead."""
        self._bar.update(self._task, **values)
        if not self.console.is_terminal and time.monotonic() - self._told >= _PLAIN_SECONDS:
            self._told = time.monotonic()
            self._print(plain)

    def share(self, share: float, message: str, title: str = "") -> None:
        """Draw how much is done, from 0 to 1, of what has no other numbers."""
        message = tell(message)
        if title:
            said = _("{title}: {share:.0%}  {message}", title=title, share=share, message=message)
            self.show(said, description=title, completed=share, message=message)
        else:
            said = _("{message}: {share:.0%}", message=message, share=share)
            self.show(said, description=message, completed=share, message="")

    def _print(self, text: str, style: str | None = None) -> None:
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


class Bar(TerminalBar):
    """A callback that draws; it never asks for a stop.

    ``announcement``: a line about the run, for when its images and settings have proved to fit.
    """

    def __init__(self, console: Console, announcement: str = "") -> None:
        super().__init__(console, _("loading PyTorch"), total=None)
        self._announcement = announcement
        self._loss: float | None = None
        self._alarm: events.Alarm | None = None

    def on_metrics(self, rows: Sequence[events.MetricRow]) -> None:
        """Remember the last loss."""
        losses = [row.values["loss"] for row in rows if "loss" in row.values]
        self._loss = losses[-1] if losses else self._loss

    def on_progress(self, progress: events.Progress) -> None:
        """Draw how far it is."""
        if progress.total_steps and self._announcement:
            self._print(self._announcement)
            self._announcement = ""
        phase, numbers = tell(progress.phase), self._numbers(progress)
        values = {"phase": phase, "step": progress.step, "steps": progress.total_steps, "numbers": numbers}
        if self._alarm:
            plain = _("{phase}: step {step} of {steps}  {numbers}  ALARM", **values)
        else:
            plain = _("{phase}: step {step} of {steps}  {numbers}", **values)
        total = progress.total_steps or None
        self.show(plain, description=phase, completed=progress.step, total=total, message=numbers)

    def on_note(self, text: str) -> None:
        """Print a line above the bar."""
        self._print(tell(text))

    def on_settled(self, config: RunConfig) -> None:
        """A note has said it."""

    def on_alarm(self, alarm: events.Alarm | None) -> None:
        """Print what is unhealthy, once for each thing that is; the word stays beside the bar until it is over."""
        if alarm and _what(alarm) != _what(self._alarm):
            self._print(_("ALARM: {alarm}", alarm=tell(alarm.text)), style="bold red")
        elif self._alarm and not alarm:
            self._print(_("The alarm is over: all is well again."))
        self._alarm = alarm
        self._bar.update(self._task, alarm=_("ALARM") if alarm else "")

    def should_stop(self) -> bool:
        """Never: Ctrl-C is a signal, and the store is asked elsewhere."""
        return False

    def _numbers(self, progress: events.Progress) -> str:
        parts = [_("loss {loss:.3f}", loss=self._loss)] if self._loss is not None else []
        if progress.images_per_second:
            parts.append(_("{rate:,.0f} images/s", rate=progress.images_per_second))
        if progress.seconds_left:
            parts.append(_("{time} left", time=duration(progress.seconds_left)))
        if progress.slowed_by in SLOWED:
            parts.append(tell(SLOWED[progress.slowed_by]))
        return " · ".join(parts)


def _what(alarm: events.Alarm | None) -> tuple[str, str] | None:
    """What it is about: the same with other numbers is no news."""
    return (alarm.kind, alarm.space) if alarm else None


def duration(seconds: float) -> str:
    """``75`` -> ``1:15``, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
