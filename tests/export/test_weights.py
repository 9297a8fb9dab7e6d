"""torchvision and timm load the files into ResNets of their own, by the very lines that the files give."""

from __future__ import annotations

import json

import pytest
import safetensors
import safetensors.torch
import timm
import torch
import torchvision

from byol_core.errors import InputError, LabError
from byol_core.export import write
from byol_core.weights.encoder_files import load_encoder, load_weights
from tests.export.conftest import SIDE

IMAGES = torch.rand(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def said(file):
    with safetensors.safe_open(file, framework="pt") as opened:
        return opened.metadata()


def channels(text):
    return torch.tensor(json.loads(text))[:, None, None]


@pytest.mark.parametrize(
    ("format", "encoder", "stem"),
    [
        ("torchvision", "resnet18", "small"),
        ("torchvision", "resnet50", "imagenet"),
        ("timm", "resnet18", "imagenet"),
        ("timm", "resnet50", "small"),
    ],
)
def test_their_own_resnet_gives_the_same_representation(store, finished, tmp_path, format, encoder, stem):
    run = finished(encoder=encoder, stem=stem)
    file = write(store, run, format, tmp_path / "out.safetensors")
    told = said(file)
    names = {
        "torch": torch, "torchvision": torchvision, "timm": timm, "safetensors": safetensors, "FILE": file,
        "mean": channels(told["mean"]), "std": channels(told["std"]), "pictures_in_0_to_1": IMAGES,
    }  # fmt: skip
    with torch.no_grad():
        exec(told["usage"], names)  # load_state_dict is strict unless told otherwise
        expected = load_encoder(run.folder).encoder(IMAGES)
    assert expected.std() > 0.01
    assert torch.allclose(names["features"], expected, atol=1e-5)


def test_timm_makes_the_model_from_its_description_alone(store, finished, tmp_path):
    run = finished(encoder="resnet18", stem="imagenet")
    file = write(store, run, "timm", tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(said(file)["timm"])
    model = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    mean, std = (torch.tensor(model.pretrained_cfg[key])[:, None, None] for key in ("mean", "std"))
    with torch.no_grad():
        assert torch.allclose(model((IMAGES - mean) / std), load_encoder(run.folder).encoder(IMAGES), atol=1e-5)


def test_the_labs_own_file_is_read_back_and_knows_its_run(store, finished, tmp_path):
    run = finished()
    file = write(store, run, "safetensors", tmp_path / "out.safetensors")
    with torch.no_grad():
        assert torch.equal(load_weights(file)(IMAGES), load_encoder(run.folder).encoder(IMAGES))
    told = said(file)
    assert (told["run"], told["name"]) == (run.run_id, "mine")
    assert json.loads(told["config"])["data"]["image_size"] == SIDE


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ({"encoder": "conv-quarter"}, "'conv-quarter' of this run is no model of timm"),
        ({"encoder": "resnet18", "norm": "group"}, "have batch norm, and this run's has 'group'"),
    ],
)
def test_what_is_no_model_of_theirs_is_refused(store, finished, tmp_path, network, sentence):
    with pytest.raises(InputError, match=sentence):
        write(store, finished(**network), "timm", tmp_path / "out.safetensors")
    assert list(tmp_path.glob("*out*")) == list(tmp_path.glob(".*")) == []


def test_a_run_without_an_encoder_says_so(store, finished, tmp_path):
    run = finished()
    (run.folder / "encoder.safetensors").unlink()
    with pytest.raises(LabError, match="neither an encoder nor a checkpoint"):
        write(store, run, "safetensors", tmp_path / "out.safetensors")


def test_a_file_says_nothing_of_the_folders_of_this_machine(store, finished, tmp_path):
    run = finished()
    file = run.folder / "config.json"
    config = json.loads(file.read_text())
    config["network"] |= {"pretrained": "/home/me/start.safetensors", "freeze": 1}
    file.write_text(json.dumps(config))
    told = said(write(store, run, "safetensors", tmp_path / "out.safetensors"))
    assert not {"pretrained", "freeze"} & json.loads(told["network"]).keys()
    settings = json.loads(told["config"])
    assert (settings["network"]["pretrained"], settings["data"]["source"]) == ("start.safetensors", "set.npz")
