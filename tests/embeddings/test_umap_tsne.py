"""UMAP, t-SNE and densMAP keep neighbors together, repeat with their seed, and start where they are told to."""

import os
import subprocess
import sys

import numpy as np
import pytest

from byol_core.embeddings import MapSettings, pca, quality, read_snapshot, read_space, unit
from byol_core.embeddings.umap_tsne import fit
from byol_core.errors import LabError
from byol_core.events import StopAsked


@pytest.fixture
def vectors(embeddings):
    snapshot = read_snapshot(embeddings)
    return unit(read_space(snapshot, snapshot.evaluations[-1], "representation"))


def quiet(share, text):
    pass


TSNE = MapSettings("t-SNE", perplexity=8, seed=3)


def test_tsne_keeps_neighbors_together_and_repeats_with_its_seed(vectors):
    heard = []
    found = fit(vectors, TSNE, lambda share, text: heard.append(share))
    np.testing.assert_array_equal(found.xy, fit(vectors, TSNE, quiet).xy)
    assert max(heard) == 1.0 and found.model is None
    assert quality(vectors, found.xy).trust > quality(vectors, pca(vectors).xy).trust


def test_it_starts_from_the_map_that_it_is_given(vectors):
    start = pca(vectors).xy[:, ::-1] * 40
    alone, told = fit(vectors, TSNE, quiet).xy, fit(vectors, TSNE, quiet, start).xy
    to = [np.linalg.norm(xy - start).sum() for xy in (alone, told)]
    assert to[1] < to[0]


def test_what_has_no_neighborhoods_is_refused_in_a_sentence(vectors):
    with pytest.raises(LabError, match="vectors of all 60 images are the same"):
        fit(vectors[[0] * 60], TSNE, quiet)
    with pytest.raises(LabError, match="8 different vectors, and the 60 images have 2"):
        fit(vectors[[0, 1] * 30], TSNE, quiet)


def test_nothing_is_printed(vectors, capsys):
    fit(vectors, TSNE, quiet)
    assert capsys.readouterr() == ("", "")


def test_whoever_listens_may_end_it(vectors):
    def stop(share, text):
        if share > 0.3:
            raise StopAsked

    with pytest.raises(StopAsked):
        fit(vectors, TSNE, stop)


@pytest.mark.parametrize("method", ["UMAP", "t-SNE", "densMAP"])
def test_too_few_images_are_refused(vectors, method):
    with pytest.raises(LabError, match=f"{method} needs at least 8 images, and here are 7"):
        fit(vectors[:7], MapSettings(method), quiet)


@pytest.mark.parametrize("n", [8, 12])
def test_tsne_works_with_fewer_images_than_its_perplexity(vectors, n):
    assert fit(vectors[:n], MapSettings("t-SNE"), quiet).xy.shape == (n, 2)


def test_many_vectors_are_brought_to_fewer_numbers_first(vectors, monkeypatch):
    whole = quality(vectors, fit(vectors, TSNE, quiet).xy).trust
    monkeypatch.setattr("byol_core.embeddings.umap_tsne._MANY", 59)
    found = fit(vectors, TSNE, quiet)
    assert found.axes is not None and found.axes.axes.shape == (125, 50)
    assert quality(vectors, found.xy).trust == pytest.approx(whole, abs=0.1)


@pytest.mark.slow
def test_umap_keeps_its_promises(vectors):
    """One test, since UMAP takes long to load."""
    settings = MapSettings("UMAP", neighbors=8, seed=3)
    heard = []
    found = fit(vectors, settings, lambda share, text: heard.append(share))
    np.testing.assert_array_equal(found.xy, fit(vectors, settings, quiet).xy)
    assert heard and max(heard) == 1.0
    assert quality(vectors, found.xy).trust > 0.85
    told = len(heard)
    spread = np.linalg.norm(found.xy - found.xy.mean(0), axis=1).mean()
    assert np.linalg.norm(found.place(vectors[:3]) - found.xy[:3], axis=1).max() < spread  # its own images
    assert len(heard) == told  # whoever listened to the fit may be gone
    assert fit(vectors[:8], MapSettings("UMAP"), quiet).xy.shape == (8, 2)


@pytest.mark.nightly
def test_densmap_keeps_neighbors_together(vectors):
    dense = fit(vectors, MapSettings("densMAP", neighbors=8), quiet)
    assert dense.model is None and quality(vectors, dense.xy).trust > 0.8


@pytest.mark.parametrize(("method", "library"), [("UMAP", "umap"), ("densMAP", "umap"), ("t-SNE", "sklearn.manifold")])
def test_a_library_that_cannot_be_loaded_is_one_sentence(monkeypatch, method, library):
    monkeypatch.setitem(sys.modules, library, None)
    vectors = unit(np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32))
    with pytest.raises(LabError, match=rf"{method} cannot be loaded on this machine \(.*{library}.*\)\."):
        fit(vectors, MapSettings(method), lambda share, text: None)


def loaded_without_a_writable_place(cache):
    """Load UMAP where numba may neither write beside the library nor into the cache of the user."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment |= {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator", "BYOL_LAB_CACHE": str(cache)}
    command = "from byol_core.embeddings.umap_tsne import _loaded; _loaded('umap', 'UMAP')"
    return subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, text=True)


@pytest.mark.nightly
def test_umap_loads_where_only_the_cache_of_the_lab_is_writable(tmp_path):
    found = loaded_without_a_writable_place(tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert any((tmp_path / "numba").iterdir())


@pytest.mark.slow
def test_without_any_writable_cache_one_sentence_says_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    last = loaded_without_a_writable_place(tmp_path / "file").stderr.strip().splitlines()[-1]
    assert last.startswith("byol_core.errors.LabError: A map needs a folder for compiled code; ")
    assert last.endswith("cannot be written, so set BYOL_LAB_CACHE.")
