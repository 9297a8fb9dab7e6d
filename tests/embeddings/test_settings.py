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
