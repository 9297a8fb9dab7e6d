"""The Lab page in each of its states."""

from __future__ import annotations

import pytest

from app.home.machine import rows
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, text


def test_an_empty_lab_offers_the_first_training(open_page: Open) -> None:
    page = open_page("lab")
    assert page.button(key="start_first").label == "Start the classroom training"  # as the README calls it
    assert "not contrastive" in text(page)


def test_the_start_button_queues_the_classroom_preset(open_page: Open, store: RunStore) -> None:
    page = open_page("lab")
    page.button(key="start_first").click().run()
    assert not page.exception
    (run,) = store.runs()
    assert (run.state, run.preset, page.title[0].value) == ("queued", "classroom", run.name)


def test_who_may_only_look_cannot_start_a_training(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYOL_LAB_PASSPHRASE_HASH", "nobody knows it")
    page = open_page("lab")
    assert "Only a teacher may start runs here" in text(page)
    assert not [button for button in page.button if button.key == "start_first"]


def test_a_running_run_is_shown_with_its_progress(open_page: Open, make: Make) -> None:
    run = make("running")
    page = open_page("lab")
    assert page.header[0].value == run.name
    assert "Training, about 42 s left." in text(page)
    assert page.progress[0].value == 50


@pytest.mark.parametrize(
    ("state", "labels", "label", "value"),
    [
        ("finished", True, "kNN on 1\u202f000 test images", "0.781"),
        ("finished", False, "Loss (no labels, so no kNN)", "0.260"),
        ("failed", True, "Progress", "50%"),
        ("interrupted", True, "Progress", "50%"),
    ],
)
def test_a_card_says_how_a_run_went(
    open_page: Open, make: Make, state: str, labels: bool, label: str, value: str
) -> None:
    make(state, labels=labels)
    page = open_page("lab")
    assert (page.metric[0].label, page.metric[0].value) == (label, value)


def test_a_name_is_never_taken_for_markup(open_page: Open, make: Make, store: RunStore) -> None:
    store.rename(make("stopped").run_id, "# :red[no] *stars*")
    assert r"**\# \:red\[no\] \*stars\***" in text(open_page("lab"))


def test_the_machine_is_described_before_pytorch_is_loaded(open_page: Open) -> None:
    assert "core" in open_page("lab").table[0].value.to_string()
    assert "looking …" in rows(None, done=False).values()


def test_the_machine_is_described_in_words() -> None:
    device = {"name": "NVIDIA A10", "kind": "cuda", "bf16": True}
    said = rows({"cpu": "AMD", "cores": 8, "memory_gb": 31.9, "devices": [device], "torch": "2.11"}, done=True)
    assert list(said.values()) == ["AMD, 8 cores", "32 GB", "NVIDIA A10, bfloat16", "PyTorch 2.11"]
