"""The measures behind the answers, against plain re-computation; and how they make room for each other."""

import dataclasses
import os

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from byol_core.augment_study import context, handlers
from byol_core.augment_study.requests import STRENGTHS, _who
from byol_core.config import OPERATIONS, ViewsConfig
from byol_core.errors import InputError
from byol_core.jobs import LruCache, Yield


@pytest.fixture
def task(subject):
    return {**_who(subject), "size": None, "views": ViewsConfig(preset="paper").model_dump(mode="json")}


@pytest.fixture
def found(task, job):
    return context.load(task, job)


def vectors(n, seed):
    return F.normalize(torch.randn(n, 6, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_unlike_is_the_mean_cosine_of_all_other_pairs():
    own = vectors(7, 0)
    every = [float(own[i] @ own[j]) for i in range(7) for j in range(7) if i != j]
    assert handlers.unlike(own) == pytest.approx(np.mean(every), abs=1e-6)


def test_the_share_of_neighbors_of_its_class(found):
    own, first, second, bank = vectors(12, 1), vectors(12, 2), vectors(12, 3), vectors(48, 4)
    numbers = handlers.numbers(found, own, first, second, bank)
    labels, kinds = found.images.labels[found.rows].numpy(), found.images.labels[found.bank].numpy()

    def share(vectors):
        order = np.argsort(-(vectors @ bank.T).numpy(), axis=1)[:, :10]
        return (kinds[order] == labels[:, None]).mean()

    assert numbers.plain == pytest.approx(share(own))
    assert numbers.kept == pytest.approx((share(first) + share(second)) / 2)
    assert (numbers.chance, numbers.labeled) == (pytest.approx(1 / 3), True)


def test_without_labels_a_view_is_compared_with_its_image(found):
    plain = dataclasses.replace(found, images=dataclasses.replace(found.images, labels=None, class_names=()))
    own, bank = vectors(12, 1), vectors(48, 4)
    numbers = handlers.numbers(plain, own, own, vectors(12, 3), bank)
    near = [np.argsort(-(view @ bank.T).numpy(), axis=1)[:, :10] for view in (own, vectors(12, 3))]
    shared = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)])
    assert numbers.kept == pytest.approx((1 + shared) / 2)
    assert (numbers.plain, numbers.chance, numbers.labeled) == (1, pytest.approx(10 / 48), False)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_alone_an_operation_changes_what_the_trainer_lets_it_change(operation, found):
    images = found.images.images[:12]
    size = (16, 16)
    view, _ = context.both_views(images, handlers.alone(operation, 2.0), 0, size)
    changed = (view - images.float() / 255).abs().amax((1, 2, 3)) > 1e-4
    same, _ = context.both_views(images, handlers.alone(operation, 0.0), 0, size)
    torch.testing.assert_close(same, images.float() / 255, atol=1e-6, rtol=0)
    assert changed.any()
    if operation in ("solarize", "brightness"):
        assert changed.all()


def test_curves_let_a_question_pass_and_go_on_where_they_were(task, job, tmp_path):
    job.others = lambda: True
    for number in range(3):
        with pytest.raises(Yield):
            handlers.curves(tmp_path, task, {}, job)
        kept = job.memory.get(("curves", task["digest"], task["set"], 16))
        assert int(np.isfinite(kept.answer.arrays["mean"]).sum()) == len(OPERATIONS) + number + 1
    job.others = lambda: False
    assert np.isfinite(handlers.curves(tmp_path, task, {}, job).arrays["mean"]).all()


def test_a_verdict_lets_a_question_pass_and_goes_on_where_it_was(task, job, tmp_path, monkeypatch):
    monkeypatch.setattr(context, "CHUNK", 20)
    whole = handlers.verdict(tmp_path, task, {}, dataclasses.replace(job, memory=LruCache())).about
    job.others = lambda: True
    for _ in range(3):  # 48 training images
        with pytest.raises(Yield):
            handlers.verdict(tmp_path, task, {}, job)
    looked = []
    monkeypatch.setattr(job, "progress", lambda share, message: looked.append(message))
    assert handlers.verdict(tmp_path, task, {}, job).about == whole
    assert "Looking at the training images" not in looked


def test_a_set_that_is_not_here_is_not_downloaded(subject, job, monkeypatch, tmp_path):
    monkeypatch.setenv("BYOL_LAB_DATA", str(tmp_path / "downloads"))
    config = context.read_config(subject.run_folder).changed(**{"data.source": "cifar10"})
    with pytest.raises(InputError, match="'cifar10' of this run is not on this machine; choose it under Set"):
        context._loaded(config, lambda text, share: None)


def test_the_cosines_come_before_the_neighbors(task, job, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(job, "partial", seen.append)
    pictures = {"images": np.zeros((3, 3, 16, 16), np.uint8)}
    whole = handlers.pairs(tmp_path, {**task, "seed": 0, "k": 5}, pictures, job)
    np.testing.assert_array_equal(seen[0].arrays["cosine"], whole.arrays["cosine"])
    assert seen[0].arrays["near"].shape == (3, 2, 0) and whole.arrays["near"].shape == (3, 2, 5)


def test_a_curve_is_what_measuring_by_hand_gives(task, found, job, tmp_path):
    curve = handlers.curves(tmp_path, task, {}, job).arrays
    images, row = found.images.images[found.rows], OPERATIONS.index("blur")
    own = context.unit(found.encoder, images.float() / 255)
    view, _ = context.both_views(images, handlers.alone("blur", STRENGTHS[4]), 0, (16, 16))
    cosine = (context.unit(found.encoder, view) * own).sum(1)
    assert curve["mean"][row, 4] == pytest.approx(float(cosine.mean()), abs=1e-5)
    assert curve["sd"][row, 4] == pytest.approx(float(cosine.std(correction=0)), abs=1e-5)


def test_a_set_without_test_images_is_asked_about_training_images_that_are_no_neighbors(found):
    images = dataclasses.replace(found.images, train=torch.arange(60), test=torch.arange(0))
    rows, bank = context._split(images)
    assert len(rows) == 30 and not torch.isin(rows, bank).any()


def test_a_set_of_one_image_is_one_sentence(found):
    lone = dataclasses.replace(found, rows=found.rows[:0])
    with pytest.raises(InputError, match="too few images"):
        handlers._begin(lone, (16, 16))


def test_answers_that_nobody_looked_at_for_longest_go(tmp_path, monkeypatch):
    for age, name in enumerate(("new", "old", "older")):
        (tmp_path / f"{name}.safetensors").write_bytes(bytes(100))
        os.utime(tmp_path / f"{name}.safetensors", (1000 - age, 1000 - age))
    monkeypatch.setattr(handlers, "_MOST_BYTES", 250)
    (tmp_path / "asked.request.json").write_text("{}")
    os.utime(tmp_path / "asked.request.json", (1, 1))
    handlers._prune(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {"new", "old"}
