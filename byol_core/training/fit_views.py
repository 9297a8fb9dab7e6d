"""How the views fit themselves to the images: ``views.preset=auto`` is measured at the start of a run, once.

What comes out is written into the settings, so that a run that is resumed or repeated measures nothing. Knows no torch
until something has to be measured.
"""

from __future__ import annotations

from collections.abc import Callable

from byol_core.augment_fit import words
from byol_core.augment_fit.choices import applied, is_open
from byol_core.config import RunConfig
from byol_core.data.catalog import find
from byol_core.data.imageset import ImageSet
from byol_core.events import TrainingCallback

ON_THE_EMBEDDED = "satellite"  # the recipe that was found on it


def known(config: RunConfig) -> RunConfig:
    """The settings where nothing has to be measured: on the embedded set, the recipe that was found on it."""
    entry = find(config.data.source)
    if is_open(config) and entry is not None and not entry.download_mb:
        return config.changed(**{"views.preset": ON_THE_EMBEDDED})
    return config


def settle(
    config: RunConfig, images: ImageSet, callback: TrainingCallback, pulse: Callable[[], None] = lambda: None
) -> RunConfig:
    """The settings with every strength of the views, told to ``callback`` where they had to be chosen."""
    given = known(config)
    if is_open(given):
        from byol_core.augment_fit import measures, recipe

        chosen = recipe.choices(measures.measure(images.images, images.train, pulse))
        given = applied(config, chosen)
        for sentence in words.sentences(chosen):
            callback.on_note(sentence)
    if given is not config:
        callback.on_settled(given)
    return given
