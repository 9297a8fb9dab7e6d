"""Every objective has a name, a sentence, and says whether it is contrastive."""

from __future__ import annotations

from typing import get_args

from app.shared.objectives import OBJECTIVES, of_run
from byol_core.config import Objective
from tests.app.conftest import Make


def test_every_objective_is_described() -> None:
    assert set(OBJECTIVES) == set(get_args(Objective))
    for objective in OBJECTIVES.values():
        assert objective.sentence.endswith(".") and objective.loss.endswith(".")
    assert len({objective.title for objective in OBJECTIVES.values()}) == len(OBJECTIVES)


def test_only_those_with_negatives_are_called_contrastive() -> None:
    named = {key for key, objective in OBJECTIVES.items() if "contrastive" in objective.kind}
    assert named == {"simclr", "moco", "nce", "triplet", "bridge"}
    assert "not contrastive" in OBJECTIVES["byol"].sentence


def test_an_unknown_objective_is_shown_by_its_key(make: Make) -> None:
    run = make("queued")
    assert of_run(run) is OBJECTIVES["byol"]
    run.config["method"]["objective"] = "new-one"
    assert of_run(run).name == "new-one"
    del run.config["method"]
    assert of_run(run) is OBJECTIVES["byol"]
