"""The encoder of a run's folder, and the same network before it learned anything. Knows no torch before it must.

What lies in a folder may have been copied by hand or cut short, so it is read with doubt; nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pydantic import ValidationError

from byol_core.config import NetworkConfig, RunConfig, build
from byol_core.errors import LabError
from byol_core.system.files import write_atomic

if TYPE_CHECKING:
    from torch import Tensor

    from byol_core.data.imageset import ImageSet
    from byol_core.networks import Encoder

CONFIG, ENCODER, CHECKPOINTS = "config.json", "encoder.safetensors", "checkpoints"
_PREFIX = "online.encoder."  # of the encoder's values in a checkpoint's model
_LONGEST_HEADER = 10**8  # bytes, as in the format
_ANY_SIDE = 224  # pixels, where no size is known: a saved stem is named, so it decides nothing
_STATISTICS = 2000  # training images whose mean and deviation stand for all


@dataclass(frozen=True)
class Loaded:
    """A run's encoder on the CPU, in evaluation mode, and where it comes from.

    ``digest`` names the weights: the same weights in another folder have the same. ``step`` is the checkpoint's; None
    where the encoder is that of the run's end.
    """

    encoder: Encoder
    config: RunConfig
    digest: str
    step: int | None


def load_encoder(run_folder: Path) -> Loaded:
    """The encoder of a run: of its end, else of its newest checkpoint that can be read; LabError when there is none."""
    config = read_config(run_folder)
    path = weights_file(run_folder)
    name = _content(path)
    if path.name == ENCODER:
        return Loaded(load_weights(path), config, name, None)
    from byol_core.weights import checkpoint

    state = checkpoint.read(path)
    if state is None:
        raise LabError("The checkpoint '{file}' of this run was damaged while it was read; try again.", file=path.name)
    values = {key.removeprefix(_PREFIX): value for key, value in state["model"].items() if key.startswith(_PREFIX)}
    encoder = _filled(config.network, config.data.image_size, values, path)
    return Loaded(encoder, config, name, int(state["step"]))


def read_config(run_folder: Path) -> RunConfig:
    """The settings of a run from its folder; LabError when they cannot be read."""
    path = run_folder / CONFIG
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise LabError("The settings of this run cannot be read from '{file}'.", file=path) from None
    if not isinstance(tree, dict):
        raise LabError("The file '{file}' should hold the settings of a run, and does not.", file=path)
    return build(tree)


def load_weights(file: Path) -> Encoder:
    """The encoder of one ``encoder.safetensors``, on the CPU and in evaluation mode; LabError when it cannot be read.

    Its header says which network it is, so the file is enough.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            header = opened.metadata() or {}
            values = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError):
        raise LabError("The encoder '{file}' is missing or damaged.", file=file) from None
    try:
        network = NetworkConfig.model_validate_json(header["network"])
        size = int(header["image_size"])
    except (KeyError, ValidationError, ValueError):
        raise LabError("The file '{file}' does not say in its header which network it holds.", file=file) from None
    return _filled(network, size, values, file)


def save_encoder(file: Path, encoder: Encoder, config: RunConfig) -> None:
    """Write an encoder with a header that says which network it is, as :func:`load_weights` reads it."""
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous() for name, value in encoder.state_dict().items()}
    network, size = config.network.model_dump_json(exclude={"pretrained", "freeze"}), str(config.data.image_size)
    header = {"format": "pt", "network": network, "image_size": size}
    write_atomic(file, save(tensors, header))


def of_classifier(settings: Path, weights: Path) -> tuple[Encoder, int | None]:
    """The encoder of a saved classifier, and the side of its images where that is known; LabError when it is damaged.

    ``settings`` is its config.json, ``weights`` its tensors, those of the encoder under ``encoder.``.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tree = json.loads(settings.read_bytes())
        network, size = NetworkConfig.model_validate(tree["network"]), tree["image_size"]
        tensors = load_file(weights)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        raise LabError(
            "The model in '{folder}' is damaged, or it is not one of this lab.", folder=settings.parent
        ) from None
    values = {key.removeprefix("encoder."): value for key, value in tensors.items() if key.startswith("encoder.")}
    return _filled(network, size or _ANY_SIDE, values, weights), size


def _filled(network: NetworkConfig, size: int, values: dict[str, Tensor], file: Path) -> Encoder:
    """The network with these values; the random numbers of this process stay where they were."""
    import torch

    from byol_core.networks import build_encoder
    from byol_core.networks.sound import unusable

    with torch.random.fork_rng(devices=[]):
        encoder = build_encoder(network, size)
    try:
        encoder.load_state_dict(values)
    except RuntimeError:
        raise LabError(
            "The file '{file}' does not hold the weights of its network '{encoder}'.",
            file=file,
            encoder=network.encoder,
        ) from None
    if complaint := unusable(encoder.state_dict()):
        raise LabError("The weights in '{place}' {complaint}.", place=file, complaint=complaint)
    return encoder.eval()


def untrained(config: RunConfig, images: ImageSet, seed: int | None = None) -> Encoder:
    """The network of a run as it was before its first step, in evaluation mode.

    ``images`` give the mean and the deviation by which it normalizes. ``seed`` draws another initialization.
    """
    import torch

    from byol_core.networks import build_encoder

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed if seed is None else seed)
        encoder = build_encoder(config.network, config.data.image_size)
    set_statistics(encoder, images)
    return encoder.eval()


def set_statistics(encoder: Encoder, images: ImageSet) -> None:
    """Let an encoder normalize by the mean and deviation of the training images of a set, wherever they lie."""
    from byol_core.data.mapped import take

    encoder.set_statistics(take(images.images, images.train[:: max(1, len(images.train) // _STATISTICS)]))


# Which weights there are: without torch


def weights_file(run_folder: Path) -> Path:
    """``encoder.safetensors``, else the newest whole checkpoint; LabError when there is neither.

    An encoder that was cut short is taken only where there is no checkpoint, so that whoever reads it can say so.
    """
    encoder = run_folder / ENCODER
    there = encoder.is_file()
    if there and _is_complete(encoder, *_stamp(encoder)):
        return encoder
    for path in sorted((run_folder / CHECKPOINTS).glob("step-*.pt"), reverse=True):
        if _is_whole(path, *_stamp(path)):
            return path
    if there:
        return encoder
    raise LabError("This run has neither an encoder nor a checkpoint that can be read: train it, or resume it.")


def digest(run_folder: Path) -> str:
    """16 hexadecimal digits that name the weights of a run; LabError when it has none.

    They are read once and again when the file has changed, so that asking often costs nothing.
    """
    return _content(weights_file(run_folder))


def _content(path: Path) -> str:
    return _hash(path, *_stamp(path))


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        raise LabError("The file '{file}' cannot be read.", file=path) from None
    return found.st_size, found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=1024)
def _hash(path: Path, *stamp: int) -> str:
    try:
        with path.open("rb") as file:
            header = _header(file) if path.suffix == ".safetensors" else b""
            return hashlib.file_digest(file, lambda: hashlib.sha256(header)).hexdigest()[:16]
    except OSError:
        raise LabError("The file '{file}' cannot be read.", file=path) from None


def _header(file: BinaryIO) -> bytes:
    """The header of a safetensors file in one order, since it is written in any; the file is left at its tensors.

    Empty, and the file at its start, where there is none.
    """
    length = int.from_bytes(file.read(8), "little")
    try:
        if length <= _LONGEST_HEADER:
            return json.dumps(json.loads(file.read(length)), sort_keys=True).encode()
    except ValueError:
        pass
    file.seek(0)
    return b""


@lru_cache(maxsize=1024)
def _is_complete(path: Path, size: int, *stamp: int) -> bool:
    """Whether a safetensors file has its header and is as long as that says."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            tensors = json.loads(file.read(length)) if length <= _LONGEST_HEADER else {}
        ends = [int(value["data_offsets"][1]) for name, value in tensors.items() if name != "__metadata__"]
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return False
    return bool(ends) and 8 + length + max(ends) == size


@lru_cache(maxsize=1024)
def _is_whole(path: Path, *stamp: int) -> bool:
    """Whether the checksums of a checkpoint, which is a zip file, are right."""
    try:
        with zipfile.ZipFile(path) as parts:
            return parts.testzip() is None
    except Exception:  # whatever zipfile makes of foreign bytes
        return False
