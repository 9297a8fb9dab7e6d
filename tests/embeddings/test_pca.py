"""PCA against scikit-learn, and maps turned onto others."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from byol_core.embeddings import pca, read_snapshot, read_space, unit
from byol_core.embeddings.pca import aligned, axes_of


@pytest.fixture
def vectors(embeddings):
    snapshot = read_snapshot(embeddings)
    return read_space(snapshot, snapshot.evaluations[-1], "representation")


def test_unit_rows_have_length_one_and_zeros_stay(vectors):
    vectors[5] = 0
    lengths = np.linalg.norm(unit(vectors), axis=1)
    assert lengths[5] == 0
    np.testing.assert_allclose(np.delete(lengths, 5), 1, rtol=1e-5)


@pytest.mark.parametrize("columns", [125, 20])  # more numbers than images, and fewer
def test_pca_is_that_of_scikit_learn(vectors, columns):
    data = vectors[:, np.argsort(-vectors.var(0))[:columns]]
    ours, theirs = pca(data), PCA(2, svd_solver="full").fit(data.astype(np.float64))
    expected = theirs.transform(data.astype(np.float64))
    signs = np.sign((ours.xy * expected).sum(0))
    np.testing.assert_allclose(ours.xy, expected * signs, atol=1e-4)
    np.testing.assert_allclose(ours.shares, theirs.explained_variance_ratio_, rtol=1e-4)


def test_pca_of_many_equal_directions_still_repeats(vectors):
    data = np.eye(40, 60, dtype=np.float32)
    np.testing.assert_array_equal(pca(data).xy, pca(data.copy()).xy)


def test_directions_without_variance_are_none(vectors):
    flat = vectors[:, :3] @ np.random.default_rng(0).normal(size=(3, 90)).astype(np.float32)
    axes = axes_of(flat, 20)
    np.testing.assert_allclose(pdist(axes.place(flat)), pdist(flat), rtol=1e-3, atol=1e-5)


def test_pca_points_each_axis_to_its_largest_entry(vectors):
    for axis in pca(vectors).xy.T:
        assert axis[np.abs(axis).argmax()] > 0


@pytest.mark.parametrize("shape", [(1, 4), (2, 1), (3, 1), (2, 5)])
def test_pca_of_very_few_numbers_is_finite(shape):
    rng = np.random.default_rng(0)
    projection = pca(rng.normal(size=shape).astype(np.float32))
    assert projection.xy.shape == (shape[0], 2) and np.isfinite(projection.xy).all()


def test_pca_of_a_collapsed_run_is_one_point():
    projection = pca(np.ones((30, 8), np.float32))
    np.testing.assert_allclose(projection.xy, 0, atol=1e-6)
    assert sum(projection.shares) == pytest.approx(0, abs=1e-6)


def test_a_turned_map_lies_over_the_one_that_it_was(vectors):
    there = pca(vectors).xy
    mirrored = there @ np.array([[np.cos(2), -np.sin(2)], [-np.sin(2), -np.cos(2)]], np.float32) + 3
    np.testing.assert_allclose(aligned(mirrored, there), there, atol=1e-5)


def test_turning_keeps_every_distance(vectors):
    xy, to = pca(vectors).xy, pca(vectors[::-1]).xy * 5
    np.testing.assert_allclose(pdist(aligned(xy, to)), pdist(xy), atol=1e-5)


def test_rows_that_are_missing_have_no_say(vectors):
    xy = pca(vectors).xy
    to = np.vstack([xy[:50], np.full((10, 2), np.nan, np.float32)])
    np.testing.assert_allclose(aligned(xy @ np.array([[0, 1], [1, 0]], np.float32), to), xy, atol=1e-5)


def test_other_vectors_are_placed_along_the_axes(vectors):
    axes = axes_of(vectors[:40], 2)
    theirs = PCA(2).fit(vectors[:40])
    assert np.abs(axes.place(vectors[40:])) == pytest.approx(np.abs(theirs.transform(vectors[40:])), abs=1e-4)
