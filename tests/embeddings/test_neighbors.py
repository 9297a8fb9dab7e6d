"""The nearest images are those that scikit-learn finds, one by one or all at once, here or by the warm process."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from byol_core import jobs
from byol_core.embeddings import near, near_of, nearest, neighbors, read_snapshot, read_space
from byol_core.errors import LabError


@pytest.fixture
def snapshot(embeddings):
    return read_snapshot(embeddings)


@pytest.fixture
def vectors(snapshot):
    return read_space(snapshot, snapshot.evaluations[-1], "representation")


def test_nearest_are_those_of_scikit_learn_by_cosine(vectors):
    distances, order = NearestNeighbors(n_neighbors=6, metric="cosine").fit(vectors).kneighbors(vectors[[7]])
    ours, ours_distances = nearest(vectors, 7, 5)
    np.testing.assert_array_equal(ours, order[0][order[0] != 7][:5])
    np.testing.assert_allclose(ours_distances, distances[0][order[0] != 7][:5], atol=1e-5)


@pytest.mark.parametrize("values", [2**24, 60 * 7])  # in one go, and a few rows at a time
def test_near_are_those_of_each_image(vectors, monkeypatch, values):
    monkeypatch.setattr(neighbors, "_VALUES", values)
    np.testing.assert_array_equal(near(vectors, 5), [nearest(vectors, i, 5)[0] for i in range(60)])


def test_there_are_never_more_neighbors_than_other_images(vectors):
    assert len(nearest(vectors[:4], 0, 10)[0]) == 3
    assert near(vectors[:4], 10).shape == (4, 3)


def test_those_of_many_images_are_found_by_the_warm_process(snapshot, vectors, home, answer, monkeypatch):
    monkeypatch.setattr(neighbors, "AT_ONCE", 59)
    asked = (home, snapshot, snapshot.evaluations[-1], "representation", 5)
    assert near_of(*asked, start=False) is None and not list((snapshot.folder / "maps").glob("*"))
    assert near_of(*asked) is None
    answer()
    np.testing.assert_array_equal(near_of(*asked), near(vectors, 5))


@pytest.fixture
def asked(snapshot, home, monkeypatch):
    """What :func:`near_of` is asked of too many images for the page."""
    monkeypatch.setattr(neighbors, "AT_ONCE", 59)
    return home, snapshot, snapshot.evaluations[-1], "representation", 5


@pytest.mark.parametrize(
    "wrong",
    [{}, {"near": np.zeros((7, 5), np.int32)}, {"near": np.full((60, 5), 60, np.int32)}, {"near": np.ones((60, 5))}],
)
def test_an_answer_that_is_none_is_found_anew(snapshot, vectors, asked, answer, wrong):
    near_of(*asked)
    answer()
    (path,) = (snapshot.folder / "maps").glob("near-*.safetensors")
    jobs.arrays.save(path, jobs.Answer({"other": np.ones(1), **wrong}))
    assert near_of(*asked) is None
    answer()
    np.testing.assert_array_equal(near_of(*asked), near(vectors, 5))


def test_a_search_that_failed_is_told_and_can_be_tried_again(snapshot, vectors, asked, answer):
    near_of(*asked)
    path = snapshot.folder / "probe.json"
    text = path.read_bytes()
    path.write_bytes(b"{}")
    answer()
    path.write_bytes(text)
    with pytest.raises(LabError, match=r"could not be found: .*damaged"):
        near_of(*asked)
    neighbors.again(*asked[1:])
    assert near_of(*asked) is None
    answer()
    np.testing.assert_array_equal(near_of(*asked), near(vectors, 5))


def test_those_of_few_images_are_there_at_once(snapshot, vectors, home):
    found = near_of(home, snapshot, snapshot.evaluations[-1], "representation", 5)
    np.testing.assert_array_equal(found, near(vectors, 5))


def test_a_lost_evaluation_is_said(snapshot, home):
    (snapshot.folder / snapshot.evaluations[-1].file).unlink()
    with pytest.raises(LabError, match="missing or damaged"):
        near_of(home, snapshot, snapshot.evaluations[-1], "representation", 5)
