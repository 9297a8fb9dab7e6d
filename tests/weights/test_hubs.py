"""Weights of others: by name through the libraries' own loading, and files, each read as the network that it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from byol_core.config import NetworkConfig
from byol_core.errors import InputError, LabError
from byol_core.networks import build_encoder
from byol_core.networks.encoder import Encoder
from byol_core.weights import hubs

NAMES = ("conv-classroom", "conv-quarter", "conv-tutorial", "resnet18", "resnet34", "resnet50")


def normalized(images: torch.Tensor) -> torch.Tensor:
    mean, deviation = (torch.tensor(each)[:, None, None] for each in (hubs.IMAGENET_MEAN, hubs.IMAGENET_DEVIATION))
    return (images - mean) / deviation


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    """torchvision's own ResNet-18, with values in its statistics that are not the first ones."""
    torch.manual_seed(0)
    network = models.resnet18(weights=None)
    network(torch.rand(8, 3, 64, 64))
    return network.eval()


@torch.no_grad()
def same(encoder: Encoder, theirs: torch.nn.Module) -> bool:
    """Whether the encoder gives what torchvision's network gives before its classifier."""
    images = torch.rand(2, 3, 96, 96)
    whole = torch.nn.Sequential(*list(theirs.children())[:-1], torch.nn.Flatten())
    return torch.allclose(encoder(images), whole(normalized(images)), atol=1e-5)


# By name


def test_torchvisions_weights_are_loaded_by_its_own_loader(theirs, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path))
    name = Path(models.ResNet18_Weights.IMAGENET1K_V1.url).name
    (tmp_path / "checkpoints").mkdir()
    torch.save(theirs.state_dict(), tmp_path / "checkpoints" / name)
    assert same(hubs.from_hub("torchvision:resnet18"), theirs)
    assert same(hubs.from_hub("torchvision:resnet18.IMAGENET1K_V1"), theirs)


def test_timms_weights_are_loaded_by_its_own_loader(theirs, tmp_path, monkeypatch):
    state = {name: value.contiguous() for name, value in theirs.state_dict().items()}
    repository = tmp_path / "models--timm--resnet18.a1_in1k"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    save_file(state, repository / "snapshots" / "abc" / "model.safetensors")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert same(hubs.from_hub("timm:resnet18.a1_in1k"), theirs)


@pytest.mark.parametrize("spec", ["torchvision:resnet18", "timm:resnet18.a1_in1k"])
def test_weights_that_cannot_be_downloaded_are_one_sentence(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("torch.hub.urlopen", refused)
    with pytest.raises(LabError, match=f"'{spec}' could not be downloaded .*connect this machine to the internet once"):
        hubs.from_hub(spec)


def refused(*_: object, **__: object) -> None:
    raise OSError("no route to host")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("torchvision:vgg16", "resnet18, resnet34 or resnet50"),
        ("torchvision:resnet18.NONE", "resnet18.IMAGENET1K_V1"),
        ("timm:resnet18.none", "timm has no weights 'resnet18.none'; it has resnet18.a1_in1k"),
    ],
)
def test_weights_that_there_are_not_are_one_sentence(spec, words):
    with pytest.raises(InputError, match=words):
        hubs.from_hub(spec)


def test_a_missing_timm_is_said_with_its_command(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(LabError, match=r"pip install 'byol-lab\[timm\]'"):
        hubs.from_hub("timm:resnet18.a1_in1k")


# From a file


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("prefix", ["", "module.encoder_q."])
def test_a_file_of_a_resnet_gives_its_representation(theirs, tmp_path, suffix, prefix):
    state = {prefix + name: value for name, value in theirs.state_dict().items()}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({"state_dict": state, "epoch": 3}, path)
    else:
        save_file(state, path)
    assert same(hubs.from_file(path), theirs)


def test_the_counters_of_norms_may_be_missing(theirs):
    state = {name: value for name, value in theirs.state_dict().items() if not name.endswith("batches_tracked")}
    assert same(hubs.from_state(state, "old"), theirs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", ["batch", "group", "none"])
def test_the_network_is_read_off_its_tensors(name, norm):
    with torch.device("meta"):
        encoder = build_encoder(NetworkConfig(encoder=name, stem="small", encoder_norm=norm), 32)
    found = hubs.network_of(encoder.body.state_dict())
    assert (found.encoder, found.encoder_norm) == (name, norm)
    assert found.stem == ("small" if "resnet" in name else "auto")


def test_a_checkpoint_gives_its_online_encoder():
    online, target = (build_encoder(NetworkConfig(encoder="conv-quarter"), 32) for _ in range(2))
    state = {f"online.encoder.{name}": value for name, value in online.state_dict().items()}
    state |= {f"target.encoder.{name}": value for name, value in target.state_dict().items()}
    found = hubs.from_state({"model": state, "step": 7}, "step-00000007.pt").state_dict()
    assert all(torch.equal(found[name], value) for name, value in online.state_dict().items())


def test_loading_draws_no_random_numbers(theirs):
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    hubs.from_state(theirs.state_dict(), "x")
    assert torch.equal(torch.rand(1), expected)


def broken(theirs: torch.nn.Module, what: str) -> dict[str, torch.Tensor]:
    state = dict(theirs.state_dict())
    if what == "short":
        del state["layer2.0.conv1.weight"]
    elif what == "infinite":
        state["conv1.weight"] = state["conv1.weight"] * float("inf")
    elif what == "gray":
        state["conv1.weight"] = state["conv1.weight"][:, :1]
    elif what == "two":
        state = {f"{side}.{name}": value for side in "ab" for name, value in state.items()}
    else:
        state = {"words": torch.ones(3)}
    return state


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("short", "are of no network that is known here"),
        ("infinite", "no finite numbers"),
        ("gray", "not those of a resnet18 as it is here"),
        ("two", "are of 2 networks, and one is wanted"),
        ("none", "are of no network that is known here"),
    ],
)
def test_weights_that_do_not_fit_are_one_sentence(theirs, what, words):
    with pytest.raises(InputError, match=f"The weights of 'mine' .*{words}"):
        hubs.from_state(broken(theirs, what), "mine")


def test_a_file_that_holds_code_or_nothing_is_refused(tmp_path):
    torch.save({"state_dict": shutil.rmtree}, tmp_path / "code.pth")
    (tmp_path / "noise.safetensors").write_bytes(b"\xff" * 100)
    for name in ("code.pth", "noise.safetensors", "missing.pth"):
        with pytest.raises(InputError, match=f"{name}' cannot be read as weights"):
            hubs.from_file(tmp_path / name)
