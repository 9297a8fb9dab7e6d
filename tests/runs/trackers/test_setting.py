"""The setting: a list on the command line, in an address, in YAML and in the form."""

from __future__ import annotations

import pytest

from byol_core.config import build
from byol_core.config.parsing import parse_assignments
from byol_core.errors import InputError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[mlflow, tensorboard]", ["mlflow", "tensorboard"]),
        ("mlflow", ["mlflow"]),
        ("MLflow,trackio,mlflow", ["mlflow", "trackio"]),
        ("[]", []),
        ("", []),
    ],
)
def test_what_is_written_is_a_list_of_trackers(written, meant):
    settings = parse_assignments([f"runtime.trackers={written}"])
    assert build({}, settings).flat()["runtime.trackers"] == meant


@pytest.mark.parametrize("written", ["wandb", "[wandb]", "[[mlflow]]", "3", "[3]", "{a: 1}"])
def test_what_is_no_tracker_is_one_sentence(written):
    with pytest.raises(InputError, match=r"Setting 'runtime\.trackers"):
        build({}, parse_assignments([f"runtime.trackers={written}"]))


def test_old_settings_have_none():
    assert build({"runtime": {"device": "cpu"}}).runtime.trackers == ()
