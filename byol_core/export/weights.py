"""The encoder's weights as safetensors: under this lab's names, torchvision's or timm's.

A ResNet of torchvision and of timm has the same names. Neither normalizes its input by itself, so the header of the
file says by what, and how the stem for small images is made; with both, they give the same representation.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from byol_core._version import __version__
from byol_core.config import NetworkConfig
from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system.redact import without_folders
from byol_core.weights.encoder_files import Loaded, load_encoder, read_config

if TYPE_CHECKING:
    from torch import Tensor

_BODY = "body."
_SMALL_STEM = "model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False); model.maxpool = torch.nn.Identity()"


def header(run: Run, loaded: Loaded) -> dict[str, str]:
    """What every exported encoder says of itself: origin, network, settings of its run; no folder of this machine."""
    config = loaded.config
    step = run.step if loaded.step is None else loaded.step
    return {
        "format": "pt",
        "made_by": f"byol-lab {__version__}",
        "run": run.run_id,
        "name": run.name,
        "step": str(step),
        "network": json.dumps(config.network.model_dump(exclude={"pretrained", "freeze"})),
        "image_size": str(config.data.image_size),
        "config": json.dumps(without_folders(config.model_dump(mode="json"))),
    }


def write_encoder(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """The encoder as ``byol_core`` reads it, whole: its first layer normalizes images in [0, 1]."""
    loaded = load_encoder(run.folder)
    target.write(_safetensors(loaded.encoder.state_dict(), header(run, loaded)))


def write_torchvision(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """A ResNet without its classifier, for ``torchvision.models``; InputError for other encoders."""
    loaded = _resnet(run, "torchvision")
    name = loaded.config.network.encoder
    made = [f"model = torchvision.models.{name}()", "model.fc = torch.nn.Identity()"]
    target.write(_safetensors(_plain_names(loaded), header(run, loaded) | _input(loaded) | _usage(loaded, made)))


def write_timm(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """A ResNet without its classifier, for ``timm.create_model``; InputError for other encoders."""
    loaded = _resnet(run, "timm")
    made = [f"model = timm.create_model('{loaded.config.network.encoder}', num_classes=0)"]
    said = {"timm": json.dumps(_timm_config(loaded)), **_usage(loaded, made)}
    target.write(_safetensors(_plain_names(loaded), header(run, loaded) | _input(loaded) | said))


def _usage(loaded: Loaded, made: list[str]) -> dict[str, str]:
    """The Python that makes the model, loads the file and uses it."""
    small = loaded.config.network.small_stem(loaded.config.data.image_size)
    load = "model.load_state_dict(safetensors.torch.load_file(FILE))"
    use = "features = model.eval()((pictures_in_0_to_1 - mean) / std)"
    return {"usage": "\n".join([*made, *([_SMALL_STEM] if small else []), load, use])}


def misfit(network: NetworkConfig, whom: str) -> str:
    """Why torchvision or timm has no such model, in a sentence; empty when it has."""
    if not network.encoder.startswith("resnet"):
        return Message(
            "The encoder '{encoder}' of this run is no model of {library}: take safetensors, onnx or export instead.",
            encoder=network.encoder,
            library=whom,
        )
    if network.encoder_norm != "batch":
        return Message(
            "The ResNets of {library} have batch norm, and this run's has '{norm}': take safetensors, onnx or export "
            "instead.",
            library=whom,
            norm=network.encoder_norm,
        )
    return ""


def _resnet(run: Run, whom: str) -> Loaded:
    """The encoder of a run; InputError, before anything is loaded, where there is no such model elsewhere."""
    if complaint := misfit(read_config(run.folder).network, whom):
        raise InputError(complaint)
    return load_encoder(run.folder)


def _plain_names(loaded: Loaded) -> dict[str, Tensor]:
    """The values under the names of a plain ResNet, without this lab's normalization."""
    values = loaded.encoder.state_dict()
    return {name.removeprefix(_BODY): value for name, value in values.items() if name.startswith(_BODY)}


def _input(loaded: Loaded) -> dict[str, str]:
    """How the images should be: RGB in [0, 1], then less the mean and divided by the deviation of each channel."""
    mean, std = (_channels(value) for value in (loaded.encoder.mean, loaded.encoder.deviation))
    return {"mean": json.dumps(mean), "std": json.dumps(std)}


def _channels(value: Tensor) -> list[float]:
    return [float(number) for number in value.flatten()]


def _timm_config(loaded: Loaded) -> dict[str, Any]:
    """As the ``config.json`` of a timm model on the Hugging Face Hub."""
    size = loaded.config.data.image_size
    return {
        "architecture": loaded.config.network.encoder,
        "num_classes": 0,
        "num_features": loaded.encoder.feature_dim,
        "pretrained_cfg": {
            "input_size": [3, size, size],
            "mean": _channels(loaded.encoder.mean),
            "std": _channels(loaded.encoder.deviation),
            "num_classes": 0,
            "pool_size": None,
            "first_conv": "conv1",
            "classifier": "fc",
        },
    }


def _safetensors(values: dict[str, Tensor], said: dict[str, str]) -> bytes:
    from safetensors.torch import save

    plain: bytes = save({name: value.detach().cpu().contiguous() for name, value in values.items()}, said)
    return plain
