"""The evaluator of a home: answers the questions of all its runs, one after another, in the order they were asked.

One a home (a lock says so), started by whoever asks, gone when nothing waits. A question during which it was killed is
not tried again by itself: it may have been the reason. Torch is imported when there is something to answer.
"""

from __future__ import annotations

import errno
import math
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from byol_core.errors import InputError, LabError
from byol_core.evaluation import jobs, results
from byol_core.evaluation.images import limit, load_set, source
from byol_core.evaluation.jobs import Desk, Progress, Request, Stop
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.results import Predictions
from byol_core.events import StopAsked
from byol_core.jobs import status as background
from byol_core.jobs.status import Reporter
from byol_core.system.bell import Bell
from byol_core.system.files import because, clear_leftovers, is_disk_full
from byol_core.system.out_of_memory import is_out_of_memory, let_go
from byol_core.weights.encoder_files import load_encoder

if TYPE_CHECKING:
    import torch

    from byol_core.config import RunConfig
    from byol_core.data.imageset import ImageSet
    from byol_core.evaluation.protocols import Answer

Answering = Callable[..., "Answer"]  # as byol_core.evaluation.protocols.answer

# After its last answer it stays for so long: who asked once may ask again, and torch and the images are here.
IDLE_SECONDS = 10.0
_ROUND_SECONDS = 2.0  # without being woken, it looks round this often
# Whoever only looks holds a lock for less than this.
_PATIENCE_SECONDS = 3.0
# How often the request is read again while it is answered.
_LOOK_SECONDS = 0.4
# The share of the work that reading the images is taken for.
_LOADING = 0.05


class Studio:
    """Who answers, with the images of the last question, since the next one is often about the same."""

    def __init__(self, answering: Answering | None = None) -> None:
        self._answering = answering
        self._images: tuple[tuple[object, ...], ImageSet] | None = None
        self._read = 0  # when they were begun to be read, in nanoseconds since 1970

    def answer(self, run_folder: Path, protocol: Protocol, progress: Progress, stop: Stop) -> Judged:
        """The answer to one question, kept in the run's folder; raises as :func:`work`."""
        loaded = load_encoder(run_folder)
        stop = _following(loaded.config.runtime.threads, stop)
        device = _device(loaded.config.runtime.device)
        images = self._load(loaded.config, protocol, progress, stop)
        answering = self._answering or _real()
        found = answering(
            loaded.config, loaded.encoder, images, protocol, device=device, progress=_after_loading(progress), stop=stop
        )
        said = Predictions(found.probabilities.numpy(), found.rows.numpy(), found.labels.numpy())
        results.keep(run_folder, results.key_of(loaded.digest, protocol), found.judged, said)
        return found.judged

    def forget_older(self, asked: int) -> None:
        """Have the images read again for a question that was asked after they were: they may be others by then."""
        if asked > self._read:
            self.let_go()

    def let_go(self) -> None:
        """Give the memory of the images back."""
        self._images = None

    def _load(self, config: RunConfig, protocol: Protocol, progress: Progress, stop: Stop) -> ImageSet:
        def tell(text: str, share: float) -> None:
            if stop():
                raise StopAsked
            progress(_LOADING * share, text[:1].upper() + text[1:])

        wanted = (source(config, protocol), config.data.image_size, limit(config, protocol), config.runtime.images)
        if self._images is None or self._images[0] != wanted:
            self._images = None  # first, so that the two are never in memory together
            self._read = time.time_ns()
            tell("loading images", 0.0)
            self._images = (wanted, load_set(config, protocol, tell))
        return self._images[1]


def _device(wanted: str) -> torch.device:
    """The device of the run, or the best one here: a run may have been trained on another machine."""
    from byol_core.system.device import pick_device

    try:
        return pick_device(wanted)
    except InputError:
        return pick_device()


def _following(threads: int, stop: Stop) -> Stop:
    """The same question; whenever it is asked, the number of threads may follow the load, where none was set."""
    from byol_core.system.device import use_threads
    from byol_core.system.threads import Follower

    follower = Follower(use_threads(threads), threads == 0)

    def heard() -> bool:
        follower.pulse()
        return stop()

    return heard


def _real() -> Answering:
    from byol_core.evaluation.protocols import answer

    return answer


def _after_loading(progress: Progress) -> Progress:
    return lambda share, message: progress(_LOADING + (1 - _LOADING) * share, message)


# In this process


def work(
    run_folder: Path,
    protocol: Protocol,
    progress: Progress,
    stop: Stop,
    studio: Studio | None = None,
    *,
    again: bool = False,
) -> Judged:
    """Answer a question in this process, or read what was answered; kept as the evaluator of a home keeps it.

    ``studio`` holds the images that an earlier call has read. While another process answers the same question, its
    answer is waited for. ``again``: answer it whatever was answered before; the old answer stays until the new one is
    there. InputError when the labels or the settings do not allow it, LabError when it fails, StopAsked when ``stop``
    says so.
    """
    desk, studio = Desk.of(run_folder, protocol), studio or Studio()
    while not stop():
        if not again and (found := jobs.result(run_folder, protocol)) is not None:
            return found
        try:
            with desk.hold(_LOOK_SECONDS):
                if not again and (found := jobs.result(run_folder, protocol)) is not None:  # since the last look
                    return found
                return _by_hand(desk, protocol, progress, stop, studio)
        except Timeout:
            if status := background.read(desk.status):
                progress(status.share, f"Another process answers it: {status.message}")
    raise StopAsked


def _by_hand(desk: Desk, protocol: Protocol, progress: Progress, stop: Stop, studio: Studio) -> Judged:
    """Answer it here, and let pages see how far it is; whatever went wrong is told by the exception alone."""
    if not _waits(desk):
        desk.clear()  # what went wrong before, or was stopped
    reporter = Reporter(desk.status)
    with suppress(OSError):
        reporter.begin()

    def tell(share: float, message: str) -> None:
        reporter.say(share, message)
        progress(share, message)

    hearing = _Hearing(desk, lambda: stop() or _called_off(desk))
    try:
        judged = studio.answer(desk.run_folder, protocol, tell, hearing)
    except BaseException:
        if _called_off(desk):
            desk.clear()
        else:  # what a page asked meanwhile or before waits for the evaluator
            desk.say_nothing()
        raise
    desk.clear()
    return judged


def _waits(desk: Desk) -> bool:
    request = desk.asked()
    return request is not None and not request.stop and background.read(desk.status) is None


def _called_off(desk: Desk) -> bool:
    request = desk.asked()
    return request is not None and request.stop


class _Hearing:
    """Whether to stop, looked up a few times a second however often it is asked; once yes, always yes."""

    def __init__(self, desk: Desk, stop: Stop) -> None:
        self.desk, self.stop = desk, stop
        self.heard, self.looked = False, -math.inf

    def __call__(self) -> bool:
        if not self.heard and time.monotonic() - self.looked > _LOOK_SECONDS:
            self.looked = time.monotonic()
            self.heard = self.stop() or not self.desk.run_folder.is_dir()
        return self.heard


# As the evaluator of a home


def serve(
    home: Path,
    *,
    idle: float = IDLE_SECONDS,
    ended: threading.Event | None = None,
    studio: Studio | None = None,
) -> None:
    """Answer what waits in this home until nothing did for a while; at once, when somebody does that already.

    ``ended``: set to leave; what is being answered then waits again.
    """
    ended, studio, tried = ended or threading.Event(), studio or Studio(), set[tuple[Path, int]]()
    while not ended.is_set():
        try:
            with jobs.evaluator_lock(home).acquire(timeout=_PATIENCE_SECONDS), Bell(jobs.bell_path(home), 0.3) as bell:
                _loop(home, studio, tried, idle, ended, bell)
        except Timeout:
            return
        if not _left(home, tried):  # one that came in after the last look found the lock taken, and relies on this
            return


def _loop(
    home: Path, studio: Studio, tried: set[tuple[Path, int]], idle: float, ended: threading.Event, bell: Bell
) -> None:
    busy = time.monotonic()
    while not ended.is_set() and home.is_dir():
        left = _left(home, tried)
        if left:
            desk, asked = left[0]
            tried.add((desk.request, asked))
            _serve(desk, studio, ended)
            busy = time.monotonic()
            bell.worked()
        elif time.monotonic() - busy >= idle:
            return
        else:
            bell.wait(min(_ROUND_SECONDS, idle))


def _left(home: Path, tried: set[tuple[Path, int]]) -> list[tuple[Desk, int]]:
    """What waits and was not tried by this process: on a full disk nothing can be written, not even that it failed."""
    found = [(desk, request.asked) for desk, request in jobs.waiting(home)]
    return [(desk, asked) for desk, asked in found if (desk.request, asked) not in tried]


def _serve(desk: Desk, studio: Studio, ended: threading.Event) -> None:
    """Answer one question; whatever happens is told in its status, and a traceback goes to the log only."""
    try:
        with desk.hold(_PATIENCE_SECONDS):
            request = desk.asked()
            if request is None or request.stop:
                return
            if jobs.result(desk.run_folder, request.protocol) is not None:
                desk.clear()
                return
            reporter = Reporter(desk.status)
            reporter.begin()  # should this process be killed, the next one must know that it was at this
            studio.forget_older(request.asked)
            _answer(desk, request, reporter, studio, ended)
    except Timeout:
        return  # somebody answers it by hand
    except (LabError, OSError) as error:  # no word can be left here
        print(f"{desk.run_folder.name}: {error}", flush=True)


def _answer(desk: Desk, begun: Request, reporter: Reporter, studio: Studio, ended: threading.Event) -> None:
    def no_more() -> bool:
        request = desk.asked()
        return ended.is_set() or request is None or request.stop or request.asked != begun.asked

    with suppress(OSError):
        clear_leftovers(desk.request.parent)
    try:
        studio.answer(desk.run_folder, begun.protocol, reporter.say, _Hearing(desk, no_more))
        _end(desk, begun)
    except StopAsked:
        desk.say_nothing()  # the request tells whether it was stopped, or waits for the next one
    except Exception as error:
        # Whatever the reason, the page that waits for this answer has to be told.
        if not isinstance(error, LabError):
            print("".join(traceback.format_exception(error)), flush=True)
        details = f"; {jobs.LOG} in the home has the details"
        about = error.setting if isinstance(error, LabError) else None
        reporter.say(0.0, reason(error, desk.run_folder, details), failed=True, setting=about)
        let_go(error)
        if is_out_of_memory(error):
            studio.let_go()


def _end(desk: Desk, begun: Request) -> None:
    """Take away the question that was answered, and not one that was asked anew in its last moment."""
    request = desk.asked()
    if request is None or request.asked == begun.asked:
        desk.clear()
        return
    desk.say_nothing()
    with suppress(LabError):
        results.drop(desk.run_folder, results.key(desk.run_folder, begun.protocol))


def reason(error: Exception, run_folder: Path, details: str = "") -> str:
    """What went wrong, in one sentence; ``details``: what is added to it when nobody expected that."""
    if isinstance(error, LabError):
        return str(error)
    if is_out_of_memory(error):
        return "The memory was not enough for this evaluation; close other programs, or choose kNN or a linear probe."
    if is_disk_full(error):
        return background.full(run_folder)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"The answer cannot be written ({because(error)}); raise it, then try again."
    lines = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"The evaluation failed unexpectedly ({what}){details}."
