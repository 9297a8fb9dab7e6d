"""Settings under the keys that they had before they were spelled as in torch."""

from __future__ import annotations

import pytest

from byol_core.config import RunConfig, build, field_info, old_keys
from byol_core.config.views import ViewsConfig
from byol_core.errors import InputError
from byol_core.runs import sweep

OLD = {"optimiser": {"lr": 0.5}, "views": {"greyscale": 0.25, "solarise": 1.5}}


def test_a_tree_of_old_keys_is_read() -> None:
    config = build(OLD)
    assert (config.optimizer.lr, config.views.grayscale, config.views.solarize) == (0.5, 0.25, 1.5)


def test_what_is_written_has_the_current_keys() -> None:
    assert {"optimizer.lr", "views.grayscale", "views.solarize"} <= build(OLD).flat().keys()
    assert not any(old in build(OLD).to_yaml() for old in old_keys.RENAMED)


def test_dotted_old_keys_are_read_over_any_tree() -> None:
    for tree in (OLD, RunConfig().model_dump(mode="json")):
        assert build(tree, {"optimiser.lr": 0.75, "views.solarise": 0.5}).optimizer.lr == 0.75
    assert field_info("views.greyscale") is field_info("views.grayscale")


def test_a_section_on_its_own_takes_old_keys() -> None:
    assert ViewsConfig.model_validate({"greyscale": 0.5}).grayscale == 0.5


def test_both_spellings_at_once_are_refused() -> None:
    with pytest.raises(InputError, match="optimiser"):
        build({"optimiser": {"lr": 0.5}, "optimizer": {"lr": 0.1}})


def test_a_grid_of_old_keys_is_a_grid_of_current_ones() -> None:
    assert sweep.points({"optimiser.lr": [0.1, 0.2]}) == [{"optimizer.lr": 0.1}, {"optimizer.lr": 0.2}]
