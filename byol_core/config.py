"""What a run is: frozen pydantic models in which every field has a label, a sentence, a range and often a source.

A RunConfig is the whole truth of a run. The app's form, the command line and a YAML file all build this object, and
nothing here knows torch, so that the dashboard opens at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from byol_core.errors import InputError

PAPER = "arXiv 2006.07733"

# The operations of a view, in the order in which they are applied.
OPERATIONS = (
    "crop",
    "flip_horizontal",
    "flip_vertical",
    "rotation",
    "translation",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "greyscale",
    "blur",
    "solarise",
    "noise",
    "cutout",
)

ViewPreset = Literal["paper", "symmetric", "small-image", "tutorial-noise", "satellite", "none"]
Encoder = Literal["conv-classroom", "conv-quarter", "conv-half", "conv-tutorial", "resnet18", "resnet34", "resnet50"]


def setting(
    default: Any, label: str, sentence: str, *, unit: str = "", source: str = "", expert: bool = False, **limits: Any
) -> Any:
    """A field with all that a form or a help text needs; ``limits`` are pydantic's ge, gt, le, lt."""
    extra: dict[str, Any] = {"unit": unit, "source": source, "expert": expert}
    return Field(default, title=label, description=sentence, json_schema_extra=extra, **limits)


class Part(BaseModel):
    """A frozen section of the configuration that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(Part):
    """Which images are learned from."""

    source: str = setting("eurosat", "Images", "A name from the catalog, or the path of a folder, archive, .npz, .npy.")
    image_size: int = setting(
        32, "Image size", "Every image is resized once to this height and width.", unit="pixels", ge=8, le=512
    )
    validation: float = setting(
        0.1,
        "Validation share",
        "This share of the training images is held out of training, to judge the run while it learns.",
        expert=True,
        ge=0.0,
        le=0.5,
    )
    limit: int | None = setting(
        None, "Image limit", "Use at most this many training images (empty: all).", unit="images", expert=True, ge=2
    )


def _strength(label: str, sentence: str) -> Any:
    return setting(None, label, sentence + " Empty: as the preset says.", expert=True, ge=0.0, le=2.0)


class ViewsConfig(Part):
    """How the two views of an image are made (Table 6 of the paper)."""

    preset: ViewPreset = setting("small-image", "Views", "The recipe of the two views.", source=f"{PAPER}, Table 6")
    strength: float = setting(
        1.0, "Strength", "Scales every operation: 0 changes nothing, 1 is the recipe, 2 the most.", ge=0.0, le=2.0
    )
    size: int | None = setting(
        None,
        "View size",
        "Side of the views; smaller than the images is faster, and the crop takes its detail from the whole image. "
        "Empty: the image size.",
        unit="pixels",
        expert=True,
        ge=8,
        le=512,
    )
    crop: float | None = _strength("Crop", "Random resized crop; at 1 it keeps 8 to 100 % of the area.")
    flip_horizontal: float | None = _strength("Mirror left-right", "Mirrors half of the images at 1.")
    flip_vertical: float | None = _strength("Mirror up-down", "Mirrors half of the images at 1.")
    rotation: float | None = _strength("Rotation", "Turns by up to 90 degrees at 1, 180 at 2.")
    translation: float | None = _strength("Shift", "Shifts by up to an eighth of the side at 1.")
    brightness: float | None = _strength("Brightness", "Multiplies by 0.6 to 1.4 at 1.")
    contrast: float | None = _strength("Contrast", "Blends with the mean grey by 0.6 to 1.4 at 1.")
    saturation: float | None = _strength("Saturation", "Blends with the grey image by 0.8 to 1.2 at 1.")
    hue: float | None = _strength("Hue", "Turns the colour circle by up to a tenth at 1.")
    greyscale: float | None = _strength("Greyscale", "Takes the colour from a fifth of the images at 1.")
    blur: float | None = _strength("Blur", "Gaussian, sigma 0.1 to 2 at 1.")
    solarise: float | None = _strength("Solarise", "Inverts values over 0.5 at 1.")
    noise: float | None = _strength("Noise", "Gaussian, standard deviation 0.1 at 1.")
    cutout: float | None = _strength("Cutout", "Blanks a square of a third of the side at 1.")


class NetworkConfig(Part):
    """The encoder and the two heads."""

    encoder: Encoder = setting("conv-quarter", "Encoder", "The network whose representation is learned.")
    stem: Literal["auto", "small", "imagenet"] = setting(
        "auto",
        "ResNet stem",
        "3x3 stride 1 for small images, or ImageNet's 7x7 with max-pool; auto: by size.",
        expert=True,
    )
    projector_hidden: int = setting(
        1024,
        "Projector width",
        "Hidden units of the projector.",
        unit="units",
        source=f"4096 in {PAPER}, §3.3",
        expert=True,
        ge=8,
        le=16384,
    )
    predictor_hidden: int = setting(
        1024,
        "Predictor width",
        "Hidden units of the predictor.",
        unit="units",
        source=f"4096 in {PAPER}, §3.3",
        expert=True,
        ge=8,
        le=16384,
    )
    projection_size: int = setting(
        256,
        "Projection size",
        "Length of the projection.",
        unit="numbers",
        source=f"256 in {PAPER}, §3.3",
        expert=True,
        ge=2,
        le=8192,
    )
    projection_norm: bool = setting(
        False,
        "Norm after the projector",
        "Batch norm at the projector's end, as SimSiam has it; the paper has none. It makes short runs learn faster.",
        source="arXiv 2011.10566, §4",
        expert=True,
    )
    head_norm: Literal["batch", "none"] = setting(
        "batch", "Norm in the heads", "Batch normalisation in projector and predictor, as in the paper.", expert=True
    )


class MethodConfig(Part):
    """What is minimised, and how the target follows the online network."""

    objective: Literal["byol"] = setting(
        "byol",
        "Objective",
        "BYOL: predict the target's projection of the other view. No negatives, not contrastive.",
        source=f"{PAPER}, eq. 2",
    )
    tau_base: float = setting(
        0.99,
        "Tau at the start",
        "How much of the target is kept at each step, at the start.",
        source=f"{PAPER}, App. J: 0.97 to 0.996 by length",
        ge=0.0,
        le=1.0,
    )
    tau_schedule: Literal["cosine", "constant"] = setting(
        "cosine", "Tau schedule", "Cosine: tau rises to 1 at the end.", source=f"{PAPER}, §3.3", expert=True
    )
    stop_gradient: bool = setting(
        True, "Stop-gradient", "Off: gradients reach the target branch, and the run collapses.", expert=True
    )
    predictor: Literal["mlp", "none", "frozen"] = setting(
        "mlp", "Predictor", "None or frozen: an ablation, which fails.", source=f"{PAPER}, Table 5b", expert=True
    )
    predictor_lr: float = setting(
        1.0,
        "Predictor rate",
        "Multiplies the learning rate of the predictor.",
        source=f"{PAPER}, Table 21",
        expert=True,
        ge=0.0,
        le=100.0,
    )


class OptimiserConfig(Part):
    """How the online network is updated."""

    name: Literal["lars", "sgd", "adamw"] = setting("sgd", "Optimiser", "LARS is the paper's, for large batches.")
    lr: float = setting(
        0.06,
        "Learning rate",
        "For 256 images; scaled by batch/256, and not for AdamW.",
        source=f"{PAPER}, §3.3",
        gt=0.0,
        le=100.0,
    )
    weight_decay: float = setting(
        5e-4,
        "Weight decay",
        "Not applied to biases and norm parameters.",
        source=f"{PAPER}, §3.3",
        expert=True,
        ge=0.0,
        le=1.0,
    )
    momentum: float = setting(0.9, "Momentum", "Of LARS and SGD; beta 1 of AdamW.", expert=True, ge=0.0, lt=1.0)
    warmup: float = setting(
        0.05,
        "Warm-up",
        "Share of the steps in which the learning rate rises from 0.",
        source=f"{PAPER}: 10 epochs",
        expert=True,
        ge=0.0,
        le=1.0,
    )
    schedule: Literal["cosine", "constant"] = setting(
        "cosine", "Rate schedule", "Cosine: falls to 0 at the end.", source=f"{PAPER}, §3.3", expert=True
    )


class EvaluationConfig(Part):
    """How the representation is judged while the run goes on, and at its end."""

    every: float = setting(
        1.0,
        "Evaluate every",
        "Epochs between two looks at the held-out images.",
        unit="epochs",
        expert=True,
        gt=0.0,
        le=1000.0,
    )
    k: int = setting(20, "Neighbours", "The k of the weighted kNN.", unit="images", expert=True, ge=1, le=1000)
    temperature: float = setting(
        0.1,
        "Temperature",
        "A neighbour weighs exp(cosine / T).",
        source="arXiv 1805.01978: 0.07",
        expert=True,
        gt=0.0,
        le=10.0,
    )
    probe: int = setting(
        1000,
        "Probe set",
        "Test images whose representations are kept at each evaluation, for the map.",
        unit="images",
        expert=True,
        ge=2,
        le=12000,
    )


class RuntimeConfig(Part):
    """Where and how exactly the run is computed."""

    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", "Device", "Auto: the fastest that is here.", expert=True
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "Precision", "Of the convolutions; auto: bfloat16 where the hardware computes it.", expert=True
    )
    threads: int = setting(0, "CPU threads", "0: one for each core.", unit="threads", expert=True, ge=0, le=512)
    checkpoint_every: float = setting(
        5.0, "Checkpoint every", "Epochs between two checkpoints.", unit="epochs", expert=True, gt=0.0, le=1000.0
    )


class RunConfig(Part):
    """One run, whole."""

    data: DataConfig = DataConfig()
    views: ViewsConfig = ViewsConfig()
    network: NetworkConfig = NetworkConfig()
    method: MethodConfig = MethodConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    runtime: RuntimeConfig = RuntimeConfig()
    epochs: float = setting(20.0, "Epochs", "Passes over the training images.", unit="passes", gt=0.0, le=100000.0)
    steps: int | None = setting(
        None,
        "Step limit",
        "Stop after this many steps at the latest (empty: epochs alone decide).",
        unit="steps",
        expert=True,
        ge=1,
    )
    batch_size: int = setting(
        128, "Batch size", "Images in a step, each seen in two views.", unit="images", ge=2, le=65536
    )
    seed: int = setting(0, "Seed", "Fixes initialisation, order and views.", ge=0, le=2**31 - 1)

    @model_validator(mode="before")
    @classmethod
    def _not_empty(cls, values: Any) -> Any:
        return {} if values is None else values

    def flat(self) -> dict[str, Any]:
        """Every setting under its dotted key, as in ``--set views.strength=0.6``."""
        return dict(_flatten(self.model_dump(mode="json")))

    def changed(self, **dotted: Any) -> RunConfig:
        """A copy with dotted keys replaced: ``config.changed(**{"views.strength": 0.6})``."""
        return build(self.model_dump(mode="json"), dotted)

    def to_yaml(self) -> str:
        """All settings as YAML, readable by ``byol train --config``."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def field_info(dotted: str) -> Any:
    """pydantic's FieldInfo of a dotted key; InputError when there is no such setting."""
    model: Any = RunConfig
    *sections, last = dotted.split(".")
    for section in sections:
        field = model.model_fields.get(section)
        model = field.annotation if field else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise InputError(_unknown(dotted))
    if last not in model.model_fields:
        raise InputError(_unknown(dotted))
    return model.model_fields[last]


def all_keys() -> tuple[str, ...]:
    """The dotted keys of every setting, in order."""
    return tuple(RunConfig().flat())


def _unknown(dotted: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(dotted, all_keys(), 1, 0.5)
    return f"There is no setting '{dotted}'" + (f"; did you mean '{near[0]}'?" if near else ".")


def build(tree: Mapping[str, Any] | None = None, dotted: Mapping[str, Any] | None = None) -> RunConfig:
    """Validate a tree of settings with dotted keys laid over it; InputError in one sentence when it is wrong."""
    merged: dict[str, Any] = json.loads(json.dumps(dict(tree or {})))
    for key, value in (dotted or {}).items():
        field_info(key)
        _put(merged, key.split("."), value)
    try:
        return RunConfig.model_validate(merged)
    except ValidationError as error:
        raise InputError(sentence(error)) from None


def _put(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        child = tree.setdefault(key, {})
        if not isinstance(child, dict):
            raise InputError(f"'{key}' holds further settings, but was given {child!r}.")
        tree = child
    tree[keys[-1]] = value


def sentence(error: ValidationError) -> str:
    """The first complaint of pydantic, as one sentence that names the setting."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return _unknown(key)
    message = first["msg"].removeprefix("Input ").removeprefix("should ")
    return f"Setting '{key}' should {message}, but is {first['input']!r}."
