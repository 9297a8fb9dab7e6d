"""The Train page: an encoder that starts from a run or from named weights, and the network that goes with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.train import start_from
from byol_core.config import build
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, text
from tests.rows import put

START = start_from.STATE


@pytest.fixture(autouse=True)
def no_calibration_by_itself(make: Make) -> None:
    make("running")


def learned(store: RunStore, make: Make, **settings: Any) -> str:
    """The id of a finished run with these settings."""
    run = make("finished")
    tree = build(run.config, settings).model_dump(mode="json")
    (run.folder / "config.json").write_text(json.dumps(tree))
    put(store, run.run_id, config=json.dumps(tree))
    return run.run_id


def test_it_starts_from_random_weights_unless_somebody_chooses(open_page: Open) -> None:
    page = open_page("train")
    assert page.selectbox(key=START).value == "" and "Random weights" in page.selectbox(key=START).options[0]
    assert "setting:network.freeze" not in [widget.key for widget in page.number_input]


def test_a_run_that_is_picked_brings_its_network_and_offers_to_hold_stages_still(
    open_page: Open, store: RunStore, make: Make
) -> None:
    run_id = learned(store, make, **{"network.encoder": "resnet18", "network.stem": "imagenet"})
    page = open_page("train")
    assert any(
        option.startswith("a finished run · resnet18 · test kNN 0.781 [0.754, 0.806]")
        for option in page.selectbox(key=START).options
    )
    page.selectbox(key=START).set_value(run_id).run()
    assert page.selectbox(key="setting:network.encoder").value == "resnet18"
    page.number_input(key="setting:network.freeze").set_value(2).run()
    assert page.query_params["network.pretrained"] == run_id and page.query_params["network.stem"] == "imagenet"
    assert f"--set network.pretrained={run_id}" in text(page) and "--set network.freeze=2" in text(page)
    page.button(key="start").click().run()
    started = next(run for run in store.runs() if run.config["network"]["pretrained"] == run_id)
    assert started.config["network"]["freeze"] == 2


def test_another_encoder_than_the_weights_have_is_one_sentence_beneath_it(
    open_page: Open, store: RunStore, make: Make
) -> None:
    run_id = learned(store, make, **{"network.encoder": "conv-half"})
    page = open_page("train", **{"network.pretrained": run_id, "network.encoder": "conv-quarter"})
    assert "should be conv-half to start from" in page.error[0].value
    assert page.button(key="start").disabled


def test_named_weights_bring_their_network() -> None:
    told: dict[str, Any] = {}
    start_from._chosen("torchvision:resnet50", {}, told.__setitem__)
    assert told.pop(start_from.KEY) == "torchvision:resnet50"
    assert told == {"network.encoder": "resnet50", "network.stem": "imagenet", "network.encoder_norm": "batch"}


def test_weights_that_are_nowhere_are_one_sentence(open_page: Open) -> None:
    page = open_page("train", **{"network.pretrained": "/no/such/file.pth"})
    assert "there is no" in page.error[0].value and page.button(key="start").disabled


def test_whoever_only_looks_on_learns_nothing_of_the_disk(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "there.pth").write_bytes(b"")
    monkeypatch.setattr("app.shared.access.is_teacher", lambda: False)
    said = {
        str(start_from.problem(build({}, {"network.pretrained": str(tmp_path / name)})))
        for name in ("there.pth", "no.pth")
    }
    assert said == {"Only a teacher may start from weights by their path here; sign in first."}
