"""Encoders from the weights of others: torchvision's and timm's ResNets by name, and files of tensors.

Which network it is, is read off the names and shapes of the tensors. Nothing foreign is unpickled. Weights that do not
say by which mean and deviation images are normalized get ImageNet's, as torchvision's, timm's and most others have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from byol_core.config import NetworkConfig
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing
from byol_core.networks.encoder import CLASSROOM, CONV_NETS, Encoder, build_encoder
from byol_core.networks.sound import unusable
from byol_core.system.out_of_memory import is_out_of_memory

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HUBS = ("torchvision", "timm")
# Blocks of the four layers, and whether a block is a bottleneck (arXiv 1512.03385, Table 1).
RESNETS: Mapping[tuple[tuple[int, ...], bool], str] = {
    ((2, 2, 2, 2), False): "resnet18",
    ((3, 4, 6, 3), False): "resnet34",
    ((3, 4, 6, 3), True): "resnet50",
}
_IMAGENET_SIDE = 224  # the stem is named, so the size decides nothing
_HEADS = re.compile(r"(?:fc|head|classifier)\.(?:weight|bias)")


def from_hub(spec: str) -> Encoder:
    """The encoder of ``torchvision:resnet18`` or ``timm:resnet18.a1_in1k``, downloaded on first use.

    The part after the point names the weights; without it they are the library's best. InputError when there are no
    such weights, LabError when they cannot be downloaded or the library is missing.
    """
    hub, _, name = spec.partition(":")
    if name.partition(".")[0] not in RESNETS.values():
        raise InputError(
            "'{weights}' is none of the networks here: {hub}: can be followed by {networks}.",
            weights=spec,
            hub=hub,
            networks=Listing(RESNETS.values(), "or"),
        )
    return _torchvision(name) if hub == "torchvision" else _timm(name)


def _torchvision(name: str) -> Encoder:
    from torchvision import models

    network, _, which = name.partition(".")
    known = models.get_model_weights(network)
    try:
        weights = known[which] if which else known.DEFAULT
    except KeyError:
        names = Listing((f"{network}.{each.name}" for each in known), "comma")
        raise InputError("torchvision has no weights '{name}'; it has {names}.", name=name, names=names) from None
    try:
        state = weights.get_state_dict(progress=False, check_hash=True, weights_only=True, map_location="cpu")
    except Exception as error:
        raise _not_fetched(f"torchvision:{name}", error) from None
    transform = weights.transforms()
    return from_state(state, f"torchvision:{name}", transform.mean, transform.std)


def _timm(name: str) -> Encoder:
    try:
        import timm
    except ImportError:
        raise LabError("Weights of timm need one more package: pip install 'byol-lab[timm]'.") from None
    if not timm.is_model_pretrained(name):
        names = Listing(sorted(timm.list_pretrained(f"{name.partition('.')[0]}.*"))[:5], "comma")
        raise InputError("timm has no weights '{name}'; it has {names} and others.", name=name, names=names)
    settings: Any = timm.models.get_pretrained_cfg(name)
    try:
        file = _of_hugging_face(settings.hf_hub_id)
        with torch.random.fork_rng(devices=[]):
            model = timm.create_model(name, pretrained=True, num_classes=0, pretrained_cfg_overlay={"file": file})
    except Exception as error:
        raise _not_fetched(f"timm:{name}", error) from None
    return from_state(model.state_dict(), f"timm:{name}", settings.mean, settings.std)


def _of_hugging_face(repository: str) -> str:
    """The path of its weights; a copy that is here is taken without asking the network."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return hf_hub_download(repository, "model.safetensors", local_files_only=True)
    except LocalEntryNotFoundError:
        return hf_hub_download(repository, "model.safetensors")


def _not_fetched(spec: str, error: Exception) -> Exception:
    if is_out_of_memory(error):
        return error
    return LabError(
        "The weights '{weights}' could not be downloaded ({reason}); connect this machine to the internet once, or "
        "give a file of weights.",
        weights=spec,
        reason=type(error).__name__,
    )


def from_file(path: Path) -> Encoder:
    """The encoder of a file of tensors, ``.safetensors`` or torch's; InputError when it holds no network that is known.

    It may hold a checkpoint of a run, or a ResNet under torchvision's names with any prefix (``module.``,
    ``backbone.``). Its classifier is left out. A safetensors file may say ``mean`` and ``std`` in its header, as those
    exported here do.
    """
    state, header = _read(path)
    try:
        mean, deviation = (_channels(header[key]) for key in ("mean", "std"))
    except (KeyError, TypeError, ValueError):
        mean, deviation = IMAGENET_MEAN, IMAGENET_DEVIATION
    return from_state(state, str(path), mean, deviation)


def _channels(text: str) -> tuple[float, float, float]:
    red, green, blue = json.loads(text)
    return float(red), float(green), float(blue)


def _read(path: Path) -> tuple[Any, Mapping[str, str]]:
    """The tensors of a file, and the header that it has when it is of safetensors."""
    try:
        if path.suffix == ".safetensors":
            from safetensors import safe_open

            with safe_open(path, framework="pt") as opened:
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
                return tensors, opened.metadata() or {}
        return torch.load(path, map_location="cpu", weights_only=True), {}
    except Exception as error:  # whatever zip files, pickles and torch make of foreign bytes
        if is_out_of_memory(error):
            raise
        raise InputError(
            "The file '{file}' cannot be read as weights; give a .safetensors, or a file of torch with tensors alone.",
            file=path,
        ) from None


def from_state(
    state: Any,
    title: str,
    mean: Sequence[float] = IMAGENET_MEAN,
    deviation: Sequence[float] = IMAGENET_DEVIATION,
) -> Encoder:
    """The encoder of tensors by name, in evaluation mode; ``title`` is what a sentence calls them.

    ``mean`` and ``deviation`` are those of three channels in [0, 1], for tensors that bring none. InputError when they
    are not those of one network that is known here. The random numbers of this process stay where they were.
    """
    tensors, ours = _ours(_tensors(state), title)
    body = {name.removeprefix("body."): value for name, value in tensors.items()} if ours else tensors
    network = network_of(body, title)
    with torch.random.fork_rng(devices=[]):
        encoder = build_encoder(network, _IMAGENET_SIDE)
    if not ours:
        kept = {f"body.{name}": value for name, value in tensors.items() if not _HEADS.fullmatch(name)}
        tensors = {**kept, "mean": _column(mean), "deviation": _column(deviation)}
    counted = {name: value for name, value in encoder.state_dict().items() if name.endswith("num_batches_tracked")}
    try:
        encoder.load_state_dict({**counted, **tensors})
    except RuntimeError:
        raise InputError(
            "The weights of '{title}' are not those of a {encoder} as it is here.", title=title, encoder=network.encoder
        ) from None
    if complaint := unusable(encoder.state_dict()):
        raise InputError("The weights of '{title}' {complaint}.", title=title, complaint=complaint)
    return encoder.eval()


def _column(values: Sequence[float]) -> Tensor:
    return torch.tensor(list(values))[:, None, None]


def _tensors(state: Any) -> dict[str, Tensor]:
    """The tensors by name, out of the mapping that a checkpoint often keeps them in."""
    for key in ("state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    items = state.items() if isinstance(state, Mapping) else ()
    return {str(name): value for name, value in items if isinstance(value, Tensor)}


def _ours(tensors: dict[str, Tensor], title: str) -> tuple[dict[str, Tensor], bool]:
    """The tensors of the one encoder, under its own names, and whether it is one of this lab's."""
    mine = {name.removesuffix("deviation") for name in tensors if re.fullmatch(r"(?:.*\.)?deviation", name)}
    mine = {"online.encoder."} if "online.encoder." in mine else mine  # of a run's checkpoint, not its target
    marks = (name.removesuffix("layer1.0.conv1.weight") for name in tensors if name.endswith("layer1.0.conv1.weight"))
    found = mine or set(marks)
    if not found:
        raise _unknown(title)
    if len(found) > 1:
        raise InputError(
            "The weights of '{title}' are of {number} networks, and one is wanted.", title=title, number=len(found)
        )
    (prefix,) = found
    cut = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    return cut, bool(mine)


def network_of(body: Mapping[str, Tensor], title: str = "these") -> NetworkConfig:
    """Which encoder, stem and norm the tensors of a body are of; InputError when it is none that is known here."""
    name, stem = _resnet(body) if "layer1.0.conv1.weight" in body else (_conv_net(body), "auto")
    if name is None:
        raise _unknown(title)
    first = "bn1" if "layer1.0.conv1.weight" in body else "0.1"
    norm = "none" if f"{first}.weight" not in body else "group" if f"{first}.running_mean" not in body else "batch"
    return NetworkConfig.model_validate({"encoder": name, "stem": stem, "encoder_norm": norm})


def _unknown(title: str) -> InputError:
    return InputError("The weights of '{title}' are of no network that is known here.", title=title)


def _resnet(body: Mapping[str, Tensor]) -> tuple[str | None, str]:
    blocks = tuple(sum(f"layer{n}.{i}.conv1.weight" in body for i in range(100)) for n in range(1, 5))
    name = RESNETS.get((blocks, "layer1.0.conv3.weight" in body))
    kernel = body["conv1.weight"].shape[-1] if "conv1.weight" in body else 0
    return name, "imagenet" if kernel == 7 else "small"


def _conv_net(body: Mapping[str, Tensor]) -> str | None:
    channels: list[int] = []
    while (weight := body.get(f"{len(channels)}.0.weight")) is not None:
        channels.append(len(weight))
    return next((n for n, each in {**CONV_NETS, "conv-classroom": CLASSROOM}.items() if each == tuple(channels)), None)
