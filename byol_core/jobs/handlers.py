"""Who answers which kind of question: a fixed table, so that no file says what is imported.

Each is ``def answer(folder: Path, question: dict, arrays: dict, tools: Tools) -> Answer``. It checks what it is asked,
since the question comes from a file, raises InputError or LabError with a sentence for people, and calls
``tools.progress`` now and then, which raises StopAsked when nobody waits any more.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, cast

from byol_core.errors import InputError
from byol_core.jobs.arrays import Answer

Handler = Callable[..., Answer]

HANDLERS = {
    "map": "byol_core.embeddings.map_handler:answer_map",
    "film": "byol_core.embeddings.map_handler:answer_map",
    "near": "byol_core.embeddings.neighbors:answer_near",
    "place": "byol_core.embeddings.placement_handler:answer_place",
    "pairs": "byol_core.augment_study.handlers:pairs",
    "curves": "byol_core.augment_study.handlers:curves",
    "verdict": "byol_core.augment_study.handlers:verdict",
}
# A higher one waits for all lower ones, whenever it was asked; all others have 0. A verdict takes longer than the pairs
# that somebody looks at beside it; films and curves take longest, and nobody looks at one of their parts alone.
RANKS = {"verdict": 1, "film": 2, "curves": 2}


def rank(kind: str) -> int:
    """How many kinds of questions go before this one, whenever they were asked."""
    return RANKS.get(kind, 0)


def handler(kind: str) -> Handler:
    """Who answers that kind; InputError when nobody does."""
    if kind not in HANDLERS:
        raise InputError(f"Nobody answers questions of the kind '{kind[:40]}'; restart the dashboard.")
    module, _, name = HANDLERS[kind].partition(":")
    found: Any = getattr(importlib.import_module(module), name)
    return cast(Handler, found)
