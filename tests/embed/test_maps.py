"""PCA against scikit-learn, neighbours against numpy, UMAP against its own promises."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from byol_core.embed import UmapSettings, nearest, pca, read_probe, read_space, umap_map, unit
from byol_core.errors import LabError


@pytest.fixture
def vectors(embeddings):
    probe = read_probe(embeddings)
    return read_space(probe, probe.evaluations[-1], "representation")


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


def test_nearest_are_those_of_scikit_learn_by_cosine(vectors):
    distances, order = NearestNeighbors(n_neighbors=6, metric="cosine").fit(vectors).kneighbors(vectors[[7]])
    ours, ours_distances = nearest(vectors, 7, 5)
    np.testing.assert_array_equal(ours, order[0][order[0] != 7][:5])
    np.testing.assert_allclose(ours_distances, distances[0][order[0] != 7][:5], atol=1e-5)


def test_there_are_never_more_neighbours_than_other_images(vectors):
    assert len(nearest(vectors[:4], 0, 10)[0]) == 3


@pytest.mark.slow
def test_umap_keeps_neighbours_together_and_repeats_with_its_seed(vectors):
    settings = UmapSettings(n_neighbors=8, seed=3)
    heard = []
    first = umap_map(unit(vectors), settings, heard.append)
    np.testing.assert_array_equal(first, umap_map(unit(vectors), settings))
    assert heard and max(heard) == 1.0
    spread = np.linalg.norm(first - first.mean(0), axis=1).mean()
    near = np.mean([np.linalg.norm(first[nearest(vectors, i, 1)[0][0]] - first[i]) for i in range(len(first))])
    assert near < spread / 2


def test_umap_of_too_few_images_is_refused(vectors):
    with pytest.raises(LabError, match="at least 8 images"):
        umap_map(vectors[:7], UmapSettings())


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 12])
def test_umap_works_with_fewer_images_than_neighbours(vectors, n):
    assert umap_map(unit(vectors[:n]), UmapSettings(n_neighbors=15)).shape == (n, 2)
