"""The Health tab of a run: every sign with its meaning, for the representation and the projection, and the spectrum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.runs import health
from byol_core.errors import LabError
from byol_core.health.signs import SIGNS
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, health_rows, text


def keep(folder: Path, spectra: dict[int, dict[str, list[float]]]) -> None:
    """Evaluations as a run keeps them, with the spectra of each step."""
    folder.mkdir(exist_ok=True)
    evaluations = []
    for step, tensors in spectra.items():
        name = f"step-{step:08d}.safetensors"
        save_file({key: np.array(values, np.float32) for key, values in tensors.items()}, folder / name)
        evaluations.append({"step": step, "epoch": step / 20, "file": name})
    snapshot = {"image_size": 64, "indices": [0], "columns": 1, "cell": 64, "evaluations": evaluations}
    (folder / "probe.json").write_text(json.dumps(snapshot))


BEFORE = {"spectrum_representation": [1.0, 0.9, 0.8], "spectrum_projection": [1.0, 0.7]}
AFTER = {"spectrum_representation": [1.0, 0.2, 0.1], "spectrum_projection": [1.0, 0.3]}


@pytest.mark.parametrize("space", ["representation", "projection"])
def test_every_sign_is_shown_with_its_meaning(open_page: Open, make: Make, store: RunStore, space: str) -> None:
    run = make("running")
    store.add_metrics(run.run_id, 1, health_rows("representation", "projection"))
    page = open_page("runs", run=run.run_id, show="health")
    page.get_by_key("vectors").set_value(space).run()
    assert not page.exception
    said = text(page)
    assert health.ABOUT[space] in said
    for sign in SIGNS.values():
        assert f"**{sign.label}**" in said
        assert f"**0** {sign.zero}  \n**Ideal** {sign.ideal}  \n**Alarm** {sign.alarm}" in said
    assert "Not measured" not in said


def test_a_run_that_kept_few_signs_says_which_are_missing(open_page: Open, make: Make) -> None:
    said = text(open_page("runs", run=make("finished").run_id, show="health"))
    assert "**Spread (std ratio)**" in said and "**RankMe**" not in said
    assert "Not measured in this run: Mean cosine, Uniformity, Alignment" in said
    assert "it was made by an earlier release" in said


def test_a_run_without_a_second_network_has_no_agreement_with_it(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running", **{"method.objective": "simclr"})
    store.add_metrics(run.run_id, 1, health_rows("representation", without=("target_cosine",)))
    assert "this run has no second network" in text(open_page("runs", run=run.run_id, show="health"))


@pytest.mark.parametrize(
    ("state", "said"), [("starting", "The first look at the test images comes soon."), ("stopped", "not looked at")]
)
def test_a_run_that_was_not_looked_at_says_so(
    open_page: Open, make: Make, store: RunStore, state: str, said: str
) -> None:
    run = make("starting")
    if state == "stopped":
        store.move(run.run_id, "stopped")
    assert said in text(open_page("runs", run=run.run_id, show="health"))


def test_spectra_are_those_of_the_first_and_the_last_look(tmp_path: Path) -> None:
    assert health.spectra(tmp_path, "representation") is None
    keep(tmp_path, {0: BEFORE, 10: BEFORE, 20: AFTER})
    first, before, last, now = health.spectra(tmp_path, "representation") or ()
    assert (first, last) == (0, 20)
    assert (before, now) == (pytest.approx([1.0, 0.9, 0.8]), pytest.approx([1.0, 0.2, 0.1]))


def test_a_new_look_is_read_and_an_old_one_is_not_read_again(tmp_path: Path) -> None:
    keep(tmp_path, {0: BEFORE})
    assert (health.spectra(tmp_path, "projection") or ())[2] == 0
    (tmp_path / "step-00000000.safetensors").unlink()
    assert (health.spectra(tmp_path, "projection") or ())[2] == 0
    keep(tmp_path, {0: BEFORE, 20: AFTER})
    assert (health.spectra(tmp_path, "projection") or ())[2] == 20


def test_a_damaged_file_is_said(open_page: Open, make: Make) -> None:
    run = make("finished")
    keep(run.folder / "embeddings", {0: BEFORE, 20: AFTER})
    (run.folder / "embeddings" / "step-00000020.safetensors").write_bytes(b"half")
    with pytest.raises(LabError):
        health.spectra(run.folder / "embeddings", "representation")
    assert "'step-00000020.safetensors' of this run is missing" in text(
        open_page("runs", run=run.run_id, show="health")
    )


def test_the_spectrum_says_what_to_look_for(open_page: Open, make: Make) -> None:
    run = make("finished")
    keep(run.folder / "embeddings", {0: BEFORE, 20: AFTER})
    assert "**Alarm** A cliff" in text(open_page("runs", run=run.run_id, show="health"))
    keep(run.folder / "embeddings", {0: BEFORE, 40: {"spectrum_representation": [0.0, 0.0, 0.0]}})
    assert "every image has the same vector" in text(open_page("runs", run=run.run_id, show="health"))


@pytest.mark.parametrize(
    ("value", "digits", "said"), [(0.123, 2, "0.12"), (-0.001, 2, "0.00"), (31.26, 1, "31.3"), (float("nan"), 2, "–")]
)
def test_numbers_on_a_card_have_fixed_digits(value: float, digits: int, said: str) -> None:
    assert health._plain(value, digits) == said
