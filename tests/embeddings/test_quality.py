"""Trustworthiness is that of scikit-learn, kNN preservation that of its neighbors; both know good maps from bad."""

import sys

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from byol_core.embeddings import pca, quality, read_snapshot, read_space, unit


@pytest.fixture
def vectors(embeddings):
    snapshot = read_snapshot(embeddings)
    return unit(read_space(snapshot, snapshot.evaluations[-1], "representation"))


def test_trustworthiness_is_that_of_scikit_learn(vectors):
    xy = pca(vectors).xy
    expected = trustworthiness(vectors, xy, n_neighbors=15, metric="cosine")
    assert quality(vectors, xy).trust == pytest.approx(expected, abs=2e-3)  # ties of equal images


def test_kept_is_the_share_of_common_neighbors(vectors):
    xy = pca(vectors).xy
    here, there = (
        NearestNeighbors(n_neighbors=15, metric=metric).fit(points).kneighbors(return_distance=False)
        for metric, points in (("cosine", vectors), ("euclidean", xy))
    )
    expected = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(here, there, strict=True)])
    assert quality(vectors, xy).kept == pytest.approx(expected, abs=2e-3)


def test_a_perfect_map_has_ones_and_a_random_one_about_a_half():
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 1, 400)
    circle = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    assert quality(circle, circle).trust == pytest.approx(1, abs=1e-3)
    assert quality(circle, rng.normal(size=(400, 2)).astype(np.float32)).trust == pytest.approx(0.5, abs=0.1)


def test_of_many_images_some_are_drawn_and_say_nearly_the_same(vectors, monkeypatch):
    whole = quality(vectors, pca(vectors).xy)
    for name, count in (("MOST", 59), ("DRAWN", 40)):
        monkeypatch.setattr(sys.modules["byol_core.embeddings.quality"], name, count)
    some = quality(vectors, pca(vectors).xy)
    assert (whole.looked_at, some.looked_at) == (60, 40)
    assert some.trust == pytest.approx(whole.trust, abs=0.05) and some.trust != whole.trust


def test_of_a_collapsed_run_nothing_is_known():
    same = unit(np.ones((120, 8), np.float32) + np.random.default_rng(0).normal(size=(120, 8)).astype("f4") * 1e-5)
    found = quality(same, pca(same).xy)
    assert np.isnan(found.trust) and np.isnan(found.kept)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_of_a_few_images_nothing_is_known(vectors, n):
    found = quality(vectors[:n], pca(vectors[:n]).xy)
    assert np.isnan(found.trust) and np.isnan(found.kept)
