"""The public names are those that are promised, in order, and each loads."""

import pytest

import byol_core


def test_the_list_is_sorted_and_equals_what_is_found():
    assert byol_core.__all__ == sorted(byol_core.__all__)
    assert set(byol_core.__all__) == set(byol_core._HOMES)
    assert set(byol_core.__all__) <= set(dir(byol_core))


@pytest.mark.parametrize("name", byol_core.__all__)
def test_every_name_loads_and_says_what_it_is(name):
    assert getattr(byol_core, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'bootstrap'"):
        byol_core.bootstrap  # noqa: B018
