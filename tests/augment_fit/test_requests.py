"""What suits a set, asked by a page: measured by a job process, found again, and what went wrong is a sentence."""

import numpy as np
import pytest

from byol_core.augment_fit import requests, words
from byol_core.augment_fit.choices import Why
from byol_core.config.presets import get
from byol_core.jobs import LruCache
from byol_core.jobs.worker import Worker


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr("byol_core.jobs.queue.wake", lambda home, lane: None)  # the test itself answers
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def config(tmp_path):
    """Images that are bright on the left, so that mirrored ones are foreign."""
    light = np.linspace(255, 0, 16)[None, None, :, None] * np.random.default_rng(0).uniform(0.6, 1, (60, 1, 1, 1))
    np.save(tmp_path / "left.npy", np.broadcast_to(light, (60, 16, 16, 3)).astype(np.uint8))
    return get("classroom").config().changed(**{"data.source": str(tmp_path / "left.npy"), "data.image_size": 16})


def serve(home):
    Worker(home, "interactive", 0.0, memory=LruCache()).serve()


def test_the_choices_come_back_with_their_reasons(home, config):
    assert requests.ask(home, config).job.state == "waiting"
    serve(home)
    chosen = requests.ask(home, config).choices
    assert Why.MIRRORED_FOREIGN in {choice.why for choice in chosen}
    assert len(words.sentences(chosen)) == len(chosen)


def test_looking_starts_nothing(home, config):
    assert requests.ask(home, config, start=False).job.state == "absent"
    serve(home)
    assert requests.ask(home, config, start=False).job.state == "absent"


def test_a_set_that_is_not_here_is_not_downloaded(home, config, monkeypatch, tmp_path):
    monkeypatch.setenv("BYOL_LAB_DATA", str(tmp_path / "nothing"))
    asked = config.changed(**{"data.source": "cifar10"})
    requests.ask(home, asked)
    serve(home)
    found = requests.ask(home, asked)
    assert found.job.state == "failed" and found.job.message
