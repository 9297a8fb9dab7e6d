"""Answers in this process, with a bar on stderr that shows how far each is."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from byol_core.cli.common import console
from byol_core.errors import LabError
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.summary import asked
from byol_core.events import StopAsked
from byol_core.jobs import LruCache
from byol_core.jobs.worker import reason

# Without a terminal a plain line now and then takes the place of the bar.
_PLAIN_SECONDS = 10.0


class Judging:
    """Asks one question after another and keeps the images in between. ``again``: also what was answered before."""

    def __init__(self, again: bool = False) -> None:
        self.again, self.memory = again, LruCache()
        self._console, self._told = console(stderr=True), time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[message]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=1.0, message="loading PyTorch")

    def __enter__(self) -> Judging:
        self._bar.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._bar.stop()

    def answer(self, run_folder: Path, protocol: Protocol) -> Judged:
        """The answer, from the run's folder where it is there; InputError or LabError in a sentence."""
        from byol_core.evaluation import handler

        name = asked(protocol)
        self._bar.update(self._task, description=name, completed=0.0)

        def tell(share: float, message: str) -> None:
            self._tell(name, share, message)

        try:
            return handler.work(run_folder, protocol, tell, lambda: False, self.memory, again=self.again)
        except StopAsked:
            raise LabError("The evaluation was stopped.") from None
        except LabError:
            raise
        except Exception as error:
            raise LabError(reason(error, run_folder)) from error

    def _tell(self, name: str, share: float, message: str) -> None:
        self._bar.update(self._task, completed=share, message=message)
        if not self._console.is_terminal and time.monotonic() - self._told >= _PLAIN_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"{name}: {share:.0%}  {message}", soft_wrap=True)
