"""Answers in this process, with a bar on stderr that shows how far each is."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import TracebackType

from byol_core.cli.common import console
from byol_core.cli.language import _, tell
from byol_core.cli.progress_bar import TerminalBar
from byol_core.errors import LabError
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.summary import asked
from byol_core.events import StopAsked
from byol_core.jobs import LruCache
from byol_core.jobs.worker import reason


class Judging:
    """Asks one question after another and keeps the images in between. ``again``: also what was answered before."""

    def __init__(self, again: bool = False) -> None:
        self.again, self.memory = again, LruCache()
        self._bar = TerminalBar(console(stderr=True), message=_("loading PyTorch"))

    def __enter__(self) -> Judging:
        self._bar.__enter__()
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._bar.__exit__()

    def answer(self, run_folder: Path, protocol: Protocol) -> Judged:
        """The answer, from the run's folder where it is there; InputError or LabError in a sentence."""
        from byol_core.evaluation import handler

        show = partial(self._bar.share, title=tell(asked(protocol)))
        try:
            return handler.work(run_folder, protocol, show, lambda: False, self.memory, again=self.again)
        except StopAsked:
            raise LabError("The evaluation was stopped.") from None
        except LabError:
            raise
        except Exception as error:
            raise LabError(reason(error, run_folder)) from error
