"""A map's settings are checked, and only what its method uses counts."""

import pytest

from byol_core.embeddings import METHODS, MapSettings
from byol_core.errors import InputError


@pytest.mark.parametrize(
    "values",
    [{"method": "MDS"}, {"neighbors": 1}, {"min_dist": 1.0}, {"perplexity": float("nan")}, {"seed": -1}],
)
def test_what_no_map_can_be_made_with_is_refused(values):
    with pytest.raises(InputError):
        MapSettings(**values)


@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_does_not_use_is_left_out(method):
    used = MapSettings(method).used()
    assert ("perplexity" in used) == (method == "t-SNE")
    assert ("min_dist" in used) == (method in ("UMAP", "densMAP"))
    assert ("seed" in used) == (method != "PCA")


def test_a_small_set_has_fewer_neighbors_than_were_chosen():
    assert MapSettings("t-SNE").in_effect(10) == {"perplexity": 3.0, "seed": 0}
    assert MapSettings("UMAP").in_effect(10) == {"neighbors": 9, "min_dist": 0.1, "seed": 0}
    assert MapSettings("densMAP", neighbors=5).in_effect(10)["neighbors"] == 5
    assert MapSettings("t-SNE").in_effect(1000) == MapSettings("t-SNE").used()
