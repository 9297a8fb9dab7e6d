"""Weights that can be no network's are refused by one sentence, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from byol_core.config import NetworkConfig, build
from byol_core.errors import LabError
from byol_core.methods import build_method
from byol_core.networks import build_encoder
from byol_core.networks.sound import unusable
from byol_core.system.files import write_json
from byol_core.weights import checkpoint, sources
from byol_core.weights.classifier import BYOLForImageClassification
from byol_core.weights.encoder_files import load_encoder, load_weights, save_encoder

CONFIG = build({}, {"network.encoder": "conv-classroom", "network.projector_hidden": 8, "data.image_size": 16})


def spoil(weights: dict[str, Tensor], ending: str, value: float) -> None:
    """Put a value into the first of the weights of that name."""
    name = next(name for name in weights if name.endswith(ending))
    weights[name].flatten()[0] = value


DAMAGES: dict[str, tuple[str, float, str]] = {
    "NaN": ("0.0.weight", float("nan"), "no finite numbers"),
    "infinite": ("0.1.bias", float("inf"), "no finite numbers"),
    "a negative variance": ("running_var", -0.5, "a negative variance"),
    "an infinite variance": ("running_var", float("inf"), "no finite numbers"),
    "no deviation": ("deviation", 0.0, "not above 0"),
}


def a_file_of_an_encoder(folder: Path, damage: Callable[[nn.Module], None]) -> object:
    encoder = build_encoder(CONFIG.network, 16)
    damage(encoder)
    save_encoder(folder / "encoder.safetensors", encoder, CONFIG)
    return load_weights(folder / "encoder.safetensors")


def a_start(folder: Path, damage: Callable[[nn.Module], None]) -> object:
    encoder = build_encoder(CONFIG.network, 16)
    damage(encoder)
    torch.save(encoder.state_dict(), folder / "weights.pt")
    return sources.load(str(folder / "weights.pt"))


def a_run_with_a_checkpoint(folder: Path, damage: Callable[[nn.Module], None]) -> object:
    model = build_method(CONFIG)
    damage(model.online.encoder)
    write_json(folder / "config.json", CONFIG.model_dump(mode="json"))
    checkpoint.save(folder / "checkpoints", 1, {"model": model.state_dict(), "step": 1})
    return load_encoder(folder)


def a_saved_classifier(folder: Path, damage: Callable[[nn.Module], None]) -> object:
    model = BYOLForImageClassification(NetworkConfig(encoder="conv-classroom"), 3)
    damage(model.encoder)
    model.save_pretrained(folder)
    return BYOLForImageClassification.from_pretrained(folder)


@pytest.mark.parametrize("load", [a_file_of_an_encoder, a_start, a_run_with_a_checkpoint, a_saved_classifier])
@pytest.mark.parametrize("damage", DAMAGES)
def test_they_are_refused(tmp_path, load, damage):
    ending, value, words = DAMAGES[damage]
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(LabError, match=words):
        load(tmp_path, lambda module: spoil(module.state_dict(), ending, value))


@pytest.mark.parametrize("load", [a_file_of_an_encoder, a_start, a_run_with_a_checkpoint, a_saved_classifier])
def test_sound_ones_are_loaded(tmp_path, load):
    (tmp_path / "checkpoints").mkdir()
    assert load(tmp_path, lambda module: None) is not None


def test_a_classifier_that_is_not_finite_is_refused(tmp_path):
    model = BYOLForImageClassification(NetworkConfig(encoder="conv-classroom"), 3)
    model.classifier.bias.data[0] = float("nan")
    model.save_pretrained(tmp_path)
    with pytest.raises(LabError, match=r"no finite numbers, in .classifier\.bias"):
        BYOLForImageClassification.from_pretrained(tmp_path)


def test_what_is_sound_has_no_complaint():
    assert unusable(build_method(CONFIG).state_dict()) == ""
