"""What a run is called when nobody named it."""

from __future__ import annotations

import pytest

from byol_core.config import presets
from byol_core.runs import names

COLLAPSE = presets.get("collapse-demo").config()


def test_runs_of_one_preset_are_named_by_what_differs(store):
    twins = [COLLAPSE, COLLAPSE.changed(**presets.get("collapse-demo").twin)]
    made = [store.create(config, preset="collapse-demo").name for config in (*twins, *twins)]
    assert made == [
        *("collapse-demo-1", "collapse-demo stop_gradient=false"),
        *("collapse-demo-2", "collapse-demo stop_gradient=false (2)"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 1, "optimizer.lr": 0.3}, "lr=0.3 seed=1"),
        ({"data.source": "/home/ada/My photos/"}, "source=My photos"),
        ({"data.source": " '/home/ada/My photos' "}, "source=My photos"),
        ({"network.pretrained": "x" * 40}, f"pretrained={'x' * 29}…"),
        ({"runtime.threads": 2}, ""),
    ],
)
def test_settings_in_a_name_are_short_and_exclude_the_machines(changes, said):
    assert names.said(names.differences(COLLAPSE.changed(**changes), "collapse-demo")) == said


def test_a_run_of_no_preset_or_of_many_changes_is_numbered(store):
    many = {"seed": 1, "optimizer.lr": 0.3, "epochs": 3, "views.strength": 0.5}
    assert store.create(COLLAPSE.changed(**many), preset="collapse-demo").name == "collapse-demo-1"
    assert store.create(COLLAPSE).name == "run-1"
