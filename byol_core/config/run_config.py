"""All settings of a run as frozen pydantic models; every field has a label, a description, a range and often a source.

A RunConfig is the complete description of a run: the form, the command line and YAML files all build this object. This
module does not need torch, so that the dashboard opens quickly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ValidationError, field_validator, model_validator

from byol_core.config import old_keys
from byol_core.config.complaints import wanted
from byol_core.config.data import DataConfig
from byol_core.config.evaluation import EvaluationConfig
from byol_core.config.fields import Part, setting
from byol_core.config.method import MethodConfig
from byol_core.config.network import NetworkConfig
from byol_core.config.optimizer import OptimizerConfig
from byol_core.config.runtime import RuntimeConfig
from byol_core.config.views import ViewsConfig
from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.system import checks

Fitted = Literal[
    "batch_size",
    "epochs",
    "evaluation.every",
    "evaluation.k",
    "runtime.checkpoint_every",
    "data.image_size",
    "network.encoder",
]
FITTED: tuple[Fitted, ...] = get_args(Fitted)


class RunConfig(Part):
    """All settings of one run."""

    data: DataConfig = DataConfig()
    views: ViewsConfig = ViewsConfig()
    network: NetworkConfig = NetworkConfig()
    method: MethodConfig = MethodConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
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
    accumulate: int = setting(
        1,
        "Parts of a batch",
        "Compute the batch in this many parts and update once: a large batch in little memory. Batch norm averages "
        "over a part, not over the batch.",
        expert=True,
        ge=1,
        le=4096,
    )
    seed: int = setting(0, "Seed", "Fixes initialization, order and views.", ge=0, le=2**31 - 1)
    fit: tuple[Fitted, ...] = setting(
        (),
        "Fit to a small set",
        "These settings adapt when the set turns out to be small; the log says how. A preset allows it for all, but "
        "a setting that you choose yourself does not change.",
        expert=True,
    )

    @field_validator("fit", mode="before")
    @classmethod
    def _is_a_list(cls, value: Any) -> Any:
        """Accept one name, or several separated by commas, as a list; empty means none."""
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return () if value is None else value

    @model_validator(mode="before")
    @classmethod
    def _not_empty(cls, values: Any) -> Any:
        return {} if values is None else values

    def flat(self) -> dict[str, Any]:
        """Every setting by its dotted key, as in ``--set views.strength=0.6``."""
        return dict(flatten(self.model_dump(mode="json")))

    def changed(self, **dotted: Any) -> RunConfig:
        """A copy with some settings replaced: ``config.changed(**{"views.strength": 0.6})``."""
        return build(self.model_dump(mode="json"), dotted)

    def to_yaml(self) -> str:
        """All settings as YAML, which ``byol train --config`` reads."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """The settings of a tree by their dotted keys. An empty section, None in YAML, contains none."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        # "views:" with nothing below it is None in YAML; None is a value only for a setting.
        elif value is not None or prefix or key not in SECTIONS:
            yield prefix + key, value


# The settings that contain others.
SECTIONS = tuple(name for name, value in RunConfig() if isinstance(value, Part))


def field_info(dotted: str) -> Any:
    """pydantic's FieldInfo for a dotted key; InputError if there is no such setting."""
    checks.kind("a setting", dotted, str, Message("a text such as 'views.strength'"))
    model: Any = RunConfig
    *sections, last = old_keys.current(dotted).split(".")
    for section in sections:
        field = model.model_fields.get(section)
        model = field.annotation if field else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise _unknown(dotted)
    if last not in model.model_fields:
        raise _unknown(dotted)
    return model.model_fields[last]


def all_keys() -> tuple[str, ...]:
    """The dotted keys of all settings, in order."""
    return tuple(RunConfig().flat())


def _unknown(dotted: str) -> InputError:
    from difflib import get_close_matches

    if near := get_close_matches(dotted, all_keys(), 1, 0.5):
        return InputError(
            "There is no setting '{key}'; did you mean '{near}'?", setting=dotted, key=dotted, near=near[0]
        )
    return InputError("There is no setting '{key}'.", setting=dotted, key=dotted)


def build(tree: Mapping[str, Any] | None = None, dotted: Mapping[str, Any] | None = None) -> RunConfig:
    """Validate a tree of settings with dotted keys laid over it; InputError with one sentence if it is wrong.

    A setting among the dotted keys was chosen by somebody, so it no longer adapts to a small set, unless "fit" is among
    them as well.
    """
    for name, given in (("tree", tree), ("dotted", dotted)):
        checks.kind(name, {} if given is None else given, Mapping, Message("a mapping of settings to their values"))
    merged = _copied(tree or {})
    dotted = {old_keys.current(key): value for key, value in (dotted or {}).items()}
    for key, value in dotted.items():
        field_info(key)
        _put(merged, key.split("."), value)
    try:
        config = RunConfig.model_validate(merged)
    except ValidationError as error:
        raise refusal(error) from None
    left = config.fit if "fit" in dotted else tuple(key for key in config.fit if key not in dotted)
    return config if left == config.fit else config.model_copy(update={"fit": left})


def _copied(tree: Mapping[str, Any]) -> dict[str, Any]:
    try:
        # Through JSON: a copy that shares nothing with the caller, with the types that a file would give.
        copied: dict[str, Any] = json.loads(json.dumps(dict(tree)))
    except (TypeError, ValueError, RecursionError):
        plain = Message("settings of plain values: texts, numbers, lists and mappings")
        raise checks.wrong("tree", plain, tree) from None
    return copied


def _put(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set a value in a tree, whose keys may be old ones: each section reads those itself."""
    for key in keys[:-1]:
        child = tree.setdefault(old_keys.spelled(tree, key), {})
        if not isinstance(child, dict):
            raise InputError(
                "'{key}' holds further settings, but was given {value}.", setting=key, key=key, value=repr(child)
            )
        tree = child
    tree[old_keys.spelled(tree, keys[-1])] = value


def refusal(error: ValidationError) -> InputError:
    """The first complaint of pydantic, as one sentence that names the setting."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return _unknown(key)
    return InputError(
        "Setting '{key}' should {wanted}, but is {value}.",
        setting=key,
        key=key,
        wanted=wanted(first),
        value=repr(first["input"]),
    )
