"""The answer to :mod:`byol_core.augment_fit.requests`, made in the job process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byol_core.augment_fit import measures, recipe
from byol_core.augment_fit.choices import as_dicts
from byol_core.config import RunConfig
from byol_core.data.catalog import load
from byol_core.data.doing import at_start
from byol_core.data.remote import no_downloads
from byol_core.jobs import Answer, JobContext
from byol_core.messages import Message


def answer(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """The choices for the images of ``config``. LabError when they cannot be read, or are not on this machine."""
    config = RunConfig.model_validate(task["config"])
    data = config.data

    def tell(text: str, share: float) -> None:
        job.progress(0.6 * share, at_start(text))

    with no_downloads():
        images = load(data.source, data.image_size, progress=tell, limit=data.limit, images=config.runtime.images)
    found = measures.measure(images.images, images.train, lambda: job.progress(0.8, Message("Measuring the images")))
    return Answer(about={"choices": as_dicts(recipe.choices(found))})
