"""How settings fit themselves to a small set: a batch that the images fill, as many steps as it takes to learn, fewer
evaluations and checkpoints for as many passes, neighbors that a class has.

Only settings that :attr:`RunConfig.fit` names are touched: a preset names them all, and one that somebody sets himself
is not among them any more. Nothing here knows torch, so that the form says beforehand what the run will do.
"""

from __future__ import annotations

import math
from typing import Any

from byol_core.config import RunConfig
from byol_core.events import TrainingCallback
from byol_core.messages import Listing, Message

# The lengths of the presets were chosen for the embedded set, which has so many training images.
USUAL_IMAGES = 4000
# A small set is repeated until so many steps were taken, where the settings would take as many on the embedded set.
MOST_STEPS = 1000
_TINY = 8  # images in a share: of fewer none is left out
_SELDOM = 1000.0  # passes between two evaluations, at most


def learned_from(images: int, config: RunConfig) -> int:
    """How many of so many training images a run learns from: without those beyond its limit, and those held out."""
    images = min(images, config.data.limit or images)
    return images - int(images * config.data.validation)


def settle(config: RunConfig, training: int, classes: int, ranks: int, callback: TrainingCallback) -> RunConfig:
    """The settings of a run as its set lets them be, told to ``callback`` when some had to change.

    ``training``: how many training images the set has. The rest as :func:`fitted`.
    """
    images = learned_from(training, config)
    given = fitted(config, images, classes, ranks)
    if given is not config:
        callback.on_note(sentence(config, given, images))
        callback.on_settled(given)
    return given


def fitted(config: RunConfig, images: int, classes: int = 0, ranks: int = 1) -> RunConfig:
    """The settings for a set with ``images`` to learn from, the same object where it is large enough.

    ``classes``: how many kinds of labels there are, 0 for none or where nobody knows yet. ``ranks``: processes that
    share a batch. A configuration that was changed has nothing left to fit, and so says all that the run does.
    """
    batch = _batch(config, images, ranks)
    epochs = _epochs(config, images // batch)
    wanted = {
        "batch_size": batch,
        "epochs": epochs,
        "evaluation.every": _less_often(config.evaluation.every, epochs / config.epochs),
        "runtime.checkpoint_every": _less_often(config.runtime.checkpoint_every, epochs / config.epochs),
        "evaluation.k": min(config.evaluation.k, max(1, images // classes)) if classes else config.evaluation.k,
    }
    now = config.flat()
    news: dict[str, Any] = {key: value for key, value in wanted.items() if key in config.fit and value != now[key]}
    return config.changed(**news, fit=()) if news else config


def largest_batch(images: int, shared: int = 1) -> int | None:
    """The largest batch that so many images fill in ``shared`` equal shares, each a power of two where it is not tiny.

    None when there are too few images for any.
    """
    share = images // shared
    if share < 2:  # batch norm compares the images of a share
        return None
    return shared * (share if share < _TINY else 2 ** (share.bit_length() - 1))


def _batch(config: RunConfig, images: int, ranks: int) -> int:
    if "batch_size" not in config.fit or config.batch_size <= images:
        return config.batch_size
    return largest_batch(images, ranks * config.accumulate) or config.batch_size


def _epochs(config: RunConfig, per_epoch: int) -> float:
    """Passes, more than the settings say where these would be over after a few steps."""
    usual = learned_from(USUAL_IMAGES, config) // config.batch_size
    wanted = min(config.epochs * usual, config.steps or MOST_STEPS, MOST_STEPS)
    if "epochs" not in config.fit or per_epoch == 0 or config.epochs * per_epoch >= wanted:
        return config.epochs
    return float(math.ceil(wanted / per_epoch))


def _less_often(every: float, longer: float) -> float:
    """As often in the whole run as before, when it has so many times the passes."""
    return max(every, min(float(round(every * longer)), _SELDOM)) if longer > 1 else every


def sentence(asked: RunConfig, given: RunConfig, images: int) -> str:
    """What was fitted, in one line: ``Fitted to the 65 images to learn from: batch size 64 (not 128), …``."""
    return Message("Fitted to the {n:,} images to learn from: {changes}.", n=images, changes=changes(asked, given))


def changes(asked: RunConfig, given: RunConfig) -> str:
    """The settings that were fitted: ``batch size 64 (not 128), epochs 840 (not 30)``."""
    before, after = asked.flat(), given.flat()
    changed = [key for key in asked.fit if after[key] != before[key]]
    return Listing((_fitted(key, after[key], before[key]) for key in changed), "comma")


def _fitted(key: str, now: float, before: float) -> str:
    """One setting with its value and the one that it had."""
    values = {"value": now, "usual": before}
    match key:
        case "batch_size":
            return Message("batch size {value:g} (not {usual:g})", **values)
        case "epochs":
            return Message("epochs {value:g} (not {usual:g})", **values)
        case "evaluation.every":
            return Message("evaluate every {value:g} (not {usual:g})", **values)
        case "runtime.checkpoint_every":
            return Message("checkpoint every {value:g} (not {usual:g})", **values)
        case "evaluation.k":
            return Message("neighbors {value:g} (not {usual:g})", **values)
    return Message("{setting} {value:g} (not {usual:g})", setting=key, **values)
