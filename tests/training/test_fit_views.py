"""Views that a run chooses for its images, once, and writes into its settings."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from byol_core.config import OPERATIONS
from byol_core.config.presets import get
from byol_core.training import fit_views
from byol_core.training.trainer import train
from tests.training.test_trainer import TINY, Recorder, weights

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# Without "fit": a tiny run keeps its sizes and its length.
SHORT = {**{key: value for key, value in TINY.items() if key != "data.limit"}, "views.size": 16, "epochs": 2}


@pytest.fixture(scope="module")
def characters(tmp_path_factory):
    """A file of 300 written characters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        images, labels = importlib.import_module("made_sets").characters(300)
    path = tmp_path_factory.mktemp("sets") / "characters.npz"
    np.savez(path, x=images, y=labels)
    return path


def auto(source, **dotted):
    return get("classroom").config().changed(**{**SHORT, "data.source": str(source), **dotted})


def test_a_run_settles_plain_strengths_and_says_why(characters, tmp_path):
    heard = Recorder()
    train(auto(characters), tmp_path, heard)
    views = heard.config.views
    assert all(getattr(views, name) is not None for name in OPERATIONS)
    assert views.flip_horizontal == views.flip_vertical == 0.0
    assert any("no mirroring left-right" in note for note in heard.notes)


def test_a_resumed_run_measures_nothing_and_ends_the_same(characters, tmp_path, monkeypatch):
    heard = Recorder()
    train(auto(characters), tmp_path / "whole", heard)
    first = Recorder(stop_at=5)
    train(auto(characters), tmp_path / "parts", first)
    assert first.config == heard.config
    monkeypatch.setattr("byol_core.augment_fit.measures.measure", None)  # a call would fail
    train(first.config, tmp_path / "parts", Recorder(), resume=True)
    for name, value in weights(tmp_path / "whole").items():
        assert torch.equal(value, weights(tmp_path / "parts")[name]), name


def test_a_strength_that_somebody_set_stays(characters, tmp_path):
    heard = Recorder()
    train(auto(characters, **{"views.flip_horizontal": 1.0}), tmp_path, heard)
    assert heard.config.views.flip_horizontal == 1.0
    assert heard.config.views.flip_vertical == 0.0


def test_sizes_follow_the_images_unless_somebody_set_them(characters, tmp_path):
    config = get("classroom").config().changed(**{"data.source": str(characters), "epochs": 1, "steps": 2})
    heard = Recorder()
    train(config, tmp_path, heard)
    assert heard.config.data.image_size == 32  # from 64: little is lost by it
    assert heard.config.views.size == 24


def test_the_embedded_set_keeps_its_recipe():
    config = get("classroom").config()
    assert fit_views.known(config) == config.changed(**{"views.preset": "satellite"})


def test_another_recipe_is_left_alone(characters):
    config = auto(characters, **{"views.preset": "paper"})
    assert fit_views.settle(config, None, Recorder()) is config
