"""A run's folder: where its files are, and the few that are read without torch."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from byol_core.data import account, account_words
from byol_core.data.account import Account
from byol_core.errors import InputError
from byol_core.runs.schema import unusable
from byol_core.system.files import write_json

CONFIG, LOG, CHECKPOINTS = "config.json", "log.txt", "checkpoints"
TRASH = ".trash"
# Less than this and not even the first checkpoint of a small network fits.
LEAST_FREE_BYTES = 50_000_000

_CHECKPOINT = re.compile(r"step-(\d+)\.pt")
_TAIL_BYTES = 256 * 1024


def create(folder: Path, config: dict[str, Any]) -> None:
    """Make the folder with its config.json; InputError when there is no space or no permission."""
    try:
        free = shutil.disk_usage(folder.parent).free
        if free < LEAST_FREE_BYTES:
            raise InputError(
                "There is no space for the run folder '{folder}': {free} MB are free and a run needs at least {least} "
                "MB; free some, or set BYOL_LAB_HOME to another disk.",
                folder=folder,
                free=free // 1_000_000,
                least=LEAST_FREE_BYTES // 1_000_000,
            )
        folder.mkdir(parents=True)
        write_config(folder, config)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise unusable(folder.parent, error) from None


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write config.json, for whoever has the folder alone."""
    write_json(folder / CONFIG, config)


def checkpoint_step(folder: Path) -> int | None:
    """The step of the newest checkpoint, None when there is none."""
    names = (_CHECKPOINT.fullmatch(path.name) for path in (folder / CHECKPOINTS).glob("step-*.pt"))
    return max((int(match[1]) for match in names if match), default=None)


def tail(folder: Path, lines: int = 40) -> list[str]:
    """The last lines of log.txt; a progress bar's rewritten line counts once, as it ended."""
    try:
        with (folder / LOG).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return list(deque((line.rsplit("\r", 1)[-1] for line in text.split("\n") if line.strip("\r")), maxlen=lines))


def log(folder: Path, text: str) -> None:
    """Add lines to log.txt, with the time. A log that cannot be written stops nobody."""
    with suppress(OSError), (folder / LOG).open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{time.strftime('%H:%M:%S')}  {text}\n")


def read_account(folder: Path) -> Account | None:
    """What was read of the images of this run; None before they are loaded, and for runs of earlier releases."""
    found = account.read(folder)
    try:
        return found if found and list(account_words.sentences(found)) else None
    except (KeyError, ValueError):  # a file that came with a zip, and lacks what a sentence needs
        return None


def throw_away(folder: Path) -> Path:
    """Move the folder into the home's trash in one step and say where it is now; ``empty_trash`` does the rest."""
    trash = folder.parent / TRASH
    trash.mkdir(exist_ok=True)
    target = trash / f"{folder.name}-{os.urandom(4).hex()}"
    if folder.exists():
        folder.rename(target)
    return target


def empty_trash(home: Path) -> None:
    """Remove what was thrown away, also what an earlier process did not get round to."""
    shutil.rmtree(home / TRASH, ignore_errors=True)
