"""What Train says of the views that a set's images choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from byol_core.augment_fit import requests
from byol_core.augment_fit.choices import Choice, Why, as_dicts
from byol_core.config.presets import get
from byol_core.jobs import Answer, JobFiles
from tests.app.conftest import Make, Open, text
from tests.photos import photos


@pytest.fixture(autouse=True)
def no_calibration_by_itself(make: Make) -> None:
    make("running")


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(photos(tmp_path / "photos", 20))


def measured(home: Path, source: str) -> None:
    """The answer, as the job process would have left it."""
    config = get("classroom").config().changed(**{"data.source": source})
    chosen = [Choice(Why.MIRRORED_FOREIGN, {"views.flip_horizontal": 0.0}, {"share": 0.56})]
    (home / requests.FOLDER).mkdir()
    answer = Answer(about={"choices": as_dicts(chosen)})
    answer.keep(JobFiles(home / requests.FOLDER, requests._key(config)).result)


def test_it_says_that_the_views_will_be_measured(open_page: Open, source: str) -> None:
    assert "is measured when the run starts" in text(open_page("train", **{"data.source": source}))


def test_it_says_what_was_measured_and_why(open_page: Open, home: Path, source: str) -> None:
    measured(home, source)
    page = open_page("train", **{"data.source": source})
    assert "Mirrored images look foreign to this set (56%): no mirroring left-right." in text(page)


def test_the_embedded_set_says_its_recipe(open_page: Open) -> None:
    page = open_page("train", mode="expert")
    assert "satellite for this set" in text(page)
    assert "is measured when the run starts" not in text(page)
