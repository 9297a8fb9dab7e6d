"""What a page asks about a run's encoder comes back typed, is found again, and what cannot be told is a sentence."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch.nn import functional as F

from byol_core.augment import make_views, resolve
from byol_core.augment_study import Subject, curves, pairs, verdict
from byol_core.augment_study import requests as asking
from byol_core.config import OPERATIONS, ViewsConfig
from byol_core.evaluation.images import load_set
from byol_core.evaluation.protocol import Protocol
from byol_core.jobs import Answer, Job, arrays
from byol_core.weights.encoder_files import load_encoder

VIEWS = ViewsConfig(preset="paper")
PICTURES = np.random.default_rng(1).integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)


def test_pairs_are_about_the_very_views_that_the_trainer_makes(home, subject, serve):
    assert pairs(home, subject, PICTURES, VIEWS, 7, 3).job.state == "waiting"
    serve()
    found = pairs(home, subject, PICTURES, VIEWS, 7, 3).answer
    loaded = load_encoder(subject.run_folder)
    images = load_set(loaded.config, Protocol())
    views = make_views(torch.from_numpy(PICTURES), resolve(VIEWS), torch.Generator().manual_seed(7))
    with torch.inference_mode():
        first, second = (F.normalize(loaded.encoder(view), dim=1) for view in views)
        bank = F.normalize(loaded.encoder(images.images[images.train].float() / 255), dim=1)
    np.testing.assert_allclose(found.cosine, (first * second).sum(1), atol=1e-5)
    distances, places = NearestNeighbors(n_neighbors=3, metric="cosine").fit(bank).kneighbors(second)
    np.testing.assert_allclose(found.near_cosine[:, 1], 1 - distances, atol=1e-5)
    np.testing.assert_array_equal(found.near[:, 1], images.train[places])
    np.testing.assert_array_equal(found.labels, images.labels[found.near.astype(np.int64)])
    assert found.thumbnails.shape == (4, 2, 3, 3, 32, 32) and found.thumbnails.dtype == np.uint8
    assert found.among == found.training == 48


def test_a_neighbor_is_shown_as_it_is(home, subject, serve):
    run = dataclasses.replace(subject, untrained=True)
    pairs(home, run, PICTURES, VIEWS, 0)
    serve()
    found = pairs(home, run, PICTURES, VIEWS, 0).answer
    images = load_set(asking.read_config(subject.run_folder), Protocol()).images
    row = images[int(found.near[0, 0, 0])][None].float() / 255
    shown = (F.interpolate(row, (32, 32), mode="bicubic", antialias=True).clamp(0, 1) * 255).round()
    assert int((torch.from_numpy(found.thumbnails[0, 0, 0]) - shown[0]).abs().max()) <= 1


def test_other_weights_views_seeds_or_pictures_are_another_question(home, subject, nobody):
    plain = dataclasses.replace(subject, untrained=True)
    asked = [
        pairs(home, subject, PICTURES, VIEWS, 7),
        pairs(home, plain, PICTURES, VIEWS, 7),
        pairs(home, subject, PICTURES, VIEWS, 8),
        pairs(home, subject, PICTURES[::-1].copy(), VIEWS, 7),
        pairs(home, subject, PICTURES, ViewsConfig(preset="paper", blur=0.5), 7),
        pairs(home, subject, PICTURES, VIEWS, 7, 6),
    ]
    assert len({found.key for found in asked}) == len(asked)
    assert pairs(home, subject, PICTURES, VIEWS, 7).key == asked[0].key


def test_a_copy_of_a_run_has_the_same_answers(home, subject, nobody):
    copied = Subject(home / "bbbb2222", name="a copy")
    shutil.copytree(subject.run_folder, copied.run_folder)
    assert verdict(home, subject, VIEWS).key == verdict(home, copied, VIEWS).key


def test_curves_do_not_depend_on_the_strengths_in_use(home, subject, nobody):
    found = curves(home, subject, VIEWS)
    assert curves(home, subject, ViewsConfig(preset="none", strength=0.2)).key == found.key
    assert curves(home, subject, ViewsConfig(size=8)).key != found.key


def test_whoever_only_looks_starts_nothing(home, subject, serve):
    assert verdict(home, subject, VIEWS, start=False).job == Job("absent")
    serve()
    assert not (home / "lab").exists()
    verdict(home, subject, VIEWS)
    serve()
    assert verdict(home, subject, VIEWS, start=False).answer is not None


def test_the_verdict_on_no_views_at_all(home, subject, serve):
    verdict(home, subject, ViewsConfig(preset="none"))
    serve()
    found = verdict(home, subject, ViewsConfig(preset="none")).answer
    assert found.numbers.closeness == pytest.approx(1, abs=1e-4)
    assert found.numbers.kept == found.numbers.plain and found.numbers.images == 12
    assert found.verdict.level == "unclear" and "12 images" in found.verdict.sentence


def test_curves_come_whole_and_begin_at_one(home, subject, serve):
    curves(home, subject, VIEWS)
    serve()
    found = curves(home, subject, VIEWS).answer
    assert found.done == OPERATIONS and found.images == 12
    np.testing.assert_array_equal(found.mean[:, 0], 1)
    np.testing.assert_array_equal(found.sd[:, 0], 0)
    assert (found.mean <= 1.0001).all() and (found.sd >= 0).all()
    mean, _ = found.of("noise")
    assert mean[-1] < mean[1]


def test_a_damaged_answer_is_asked_again(home, subject, serve):
    key = verdict(home, subject, VIEWS).key
    serve()
    (home / "lab" / f"{key}.safetensors").write_bytes(b"nonsense")
    assert verdict(home, subject, VIEWS).job.state == "waiting"
    serve()
    assert verdict(home, subject, VIEWS).answer is not None


def test_an_answer_of_another_release_is_asked_again(home, subject, serve):
    key = verdict(home, subject, VIEWS).key
    arrays.save(home / "lab" / f"{key}.safetensors", Answer(about={"pair": 1.0}))
    assert verdict(home, subject, VIEWS).job.state == "waiting"
    serve()
    assert verdict(home, subject, VIEWS).answer is not None


def test_a_set_of_the_catalog_is_the_same_wherever_one_asks_from(subject, tmp_path, monkeypatch):
    config = asking.read_config(subject.run_folder).changed(**{"data.source": "EuroSAT"})
    before = asking.set_digest(config)
    (tmp_path / "EuroSAT").mkdir()
    monkeypatch.chdir(tmp_path)
    assert asking.set_digest(config) == before


def test_what_went_wrong_is_told_and_tried_again_when_somebody_wants_it(home, subject, serve, tmp_path):
    (tmp_path / "set.npz").rename(tmp_path / "elsewhere.npz")
    asked = verdict(home, subject, VIEWS)
    serve()
    found = verdict(home, subject, VIEWS).job
    assert found.state == "failed" and "set.npz" in found.message and "\n" not in found.message
    asking.retry(home, asked.key)
    (tmp_path / "elsewhere.npz").rename(tmp_path / "set.npz")
    verdict(home, subject, VIEWS)
    serve()
    assert verdict(home, subject, VIEWS).answer is not None


def test_a_run_without_weights_is_told_at_once_and_has_an_untrained_network(home, subject, serve):
    (subject.run_folder / "encoder.safetensors").unlink()
    found = verdict(home, subject, VIEWS)
    assert (found.job.state, found.answer) == ("failed", None) and "neither an encoder nor" in found.job.message
    run = dataclasses.replace(subject, untrained=True)
    verdict(home, run, VIEWS)
    serve()
    assert verdict(home, run, VIEWS).answer is not None


def test_weights_that_changed_since_they_were_asked_about_are_told(home, subject, serve):
    from tests.evaluation.judged import write_encoder

    key = verdict(home, subject, VIEWS).key
    config = asking.read_config(subject.run_folder)
    write_encoder(subject.run_folder, config, seed=9)
    serve()
    assert "newer weights" in asking.queue.job(home / "lab", key).message


def test_too_many_pictures_are_told(home, subject):
    many = np.zeros((65, 3, 16, 16), np.uint8)
    assert "At most 64" in pairs(home, subject, many, VIEWS, 0).job.message
