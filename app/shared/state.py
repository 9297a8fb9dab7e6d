"""What all pages and all viewers share: the run store, the executor, and the slow imports that a thread does early."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st
from sqlalchemy import Connection

from app.shared import access, formatting
from app.shared.language import tell
from byol_core.errors import LabError
from byol_core.messages import Message
from byol_core.runs import demo
from byol_core.runs.launcher import LocalExecutor, keep_awake
from byol_core.runs.store import RunStore
from byol_core.system import paths
from byol_core.system.files import because

# The first page is served before the thread below starts to compete with it for the interpreter.
HEAD_START_SECONDS = 1.5


def store() -> RunStore:
    """The store of this home, with the demo run in it on the first start of an empty home; only a teacher's writes."""
    whole = _store(str(paths.home()))
    keep_awake(whole)  # runs that wait go on after a restart of the machine, and when their supervisor was killed
    return whole if not access.is_shared() else _Guarded(whole)


class _Guarded(RunStore):
    """A store that asks at each change whether it is a teacher who makes it.

    A page keeps its store for as long as it is open, and its teacher may have signed out by then.
    """

    def __init__(self, whole: RunStore) -> None:
        vars(self).update(vars(whole))
        self._whole = whole

    def _repair_when_due(self) -> None:
        """Stale rows are the server's to correct, and once for all pages."""
        self._whole._repair_when_due()

    def _repair(self) -> None:
        self._whole._repair()

    @contextmanager
    def writing(self, *, patience: float | None = None) -> Iterator[Connection]:
        access.require("change runs")
        with super().writing(patience=patience) as connection:
            yield connection


@st.cache_resource(show_spinner=False, max_entries=4)
def _store(home: str) -> RunStore:
    opened = RunStore(Path(home))
    demo.ensure(opened)
    return opened


@contextmanager
def in_words() -> Iterator[None]:
    """A home, disk or database that fails, as one sentence in place of what was to come; also as a decorator.

    A fragment needs it on itself: Streamlit keeps the errors of a fragment from the page.
    """
    try:
        yield
    except LabError as error:
        _give_up(error)
    except OSError as error:
        reason = because(error)
        if error.filename:
            _give_up(Message("'{file}' cannot be used ({reason}).", file=error.filename, reason=reason))
        _give_up(Message("The disk cannot be used ({reason}).", reason=reason))


@contextmanager
def said_later(key: str) -> Iterator[None]:
    """What goes wrong in a callback, as a sentence under ``key``, safe inside Markdown, for the page drawn after it."""
    try:
        yield
    except LabError as error:
        st.session_state[key] = formatting.plain(tell(error))


def _give_up(trouble: object) -> NoReturn:
    """A viewer learns what is wrong, and not where on the machine."""
    st.error(formatting.told(trouble), icon=":material/error:")
    st.stop()


def executor() -> LocalExecutor:
    """What starts and stops runs on this machine, for a teacher."""
    return _GuardedExecutor(store())


class _GuardedExecutor(LocalExecutor):
    """Starts no process for somebody who may only look."""

    def submit(self, run_id: str) -> None:
        access.require("start runs")
        super().submit(run_id)

    def stop(self, run_id: str) -> None:
        access.require("stop runs")
        super().stop(run_id)


@dataclass
class Warm:
    """What the background thread has found so far."""

    machine: dict[str, Any] | None = None
    problem: str = ""
    done: bool = False


@st.cache_resource(show_spinner=False)
def warm_up() -> Warm:
    """Import torch and look at the machine in the background, once a server; BYOL_LAB_WARM_UP=0 leaves it."""
    found = Warm()
    if os.environ.get("BYOL_LAB_WARM_UP", "1") == "0":
        found.done = True
    else:
        threading.Thread(target=_warm, args=(found,), name="warm-up", daemon=True).start()
    return found


def _warm(found: Warm) -> None:
    time.sleep(HEAD_START_SECONDS)
    try:
        from byol_core.system.device import describe_machine

        found.machine = describe_machine()
        from byol_core.augment import warm_up
    except (ImportError, LabError, OSError, RuntimeError) as error:
        reason = error.message if isinstance(error, LabError) else str(error)
        found.problem = Message("PyTorch could not be loaded here ({reason}); 'byol doctor' says more.", reason=reason)
        return
    finally:
        found.done = True
    warm_up()  # compiles the kernels of the views, once a machine
    gc.freeze()  # a million objects that stay for ever need not be looked at by every collection
