"""Hundreds of wrong arguments of public functions: each raises the one clear error, never a number or a raw one.

A case is a call that is right, with one argument changed. :data:`RIGHT` holds what looks like a misuse and is none: its
answer is documented.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import byol_core
from byol_core import evaluation, health, losses, networks
from byol_core.augment import ViewPolicy, apply, apply_by_tensors, describe, draw, make_views, preset_strengths, resolve
from byol_core.config import NetworkConfig, RunConfig, ViewsConfig, build, field_info
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.errors import InputError
from byol_core.evaluation.linear import LinearProbe
from byol_core.health import measures
from byol_core.methods import build_method
from byol_core.methods.base import Views
from byol_core.optim import optimizers, schedules

NAN, INF = math.nan, math.inf
CONFIG = RunConfig()


def rows(n: int = 8, d: int = 4, shift: float = 0.0) -> Tensor:
    return torch.sin(torch.arange(n * d) * 1.7 + shift).reshape(n, d)


def pictures(n: int = 4, side: int = 8) -> Tensor:
    return (torch.arange(n * 3 * side * side) % 256).reshape(n, 3, side, side).byte()


def holding(tensor: Tensor, value: float) -> Tensor:
    changed = tensor.float().clone()
    changed.flatten()[1] = value
    return changed


UNIT = pictures().float() / 255
LABELS = torch.arange(8) % 3
# One wrong kind after the other.
NO_ROWS = {
    "nothing": None, "a list": [[1.0, 2.0]], "numpy": np.ones((8, 4), np.float32), "one axis": torch.ones(4),
    "three axes": torch.ones(8, 4, 1), "no columns": torch.ones(8, 0), "bool": torch.ones(8, 4, dtype=torch.bool),
    "complex": torch.ones(8, 4, dtype=torch.complex64),
}  # fmt: skip
ROWS = NO_ROWS | {"no rows": torch.ones(0, 4), "whole numbers": torch.ones(8, 4, dtype=torch.int64)}
FEWER = {"one row": torch.ones(1, 4), "fewer rows": torch.ones(7, 4), "fewer columns": torch.ones(8, 3)}
ONE_COLUMN = {"one column": torch.ones(8, 1)}
NOT_FINITE = {"NaN": holding(rows(), NAN), "infinite": holding(rows(), -INF)}
NUMBERS = {"nothing": None, "text": "0.1", "NaN": NAN, "infinite": INF, "negative": -0.1, "truth": True}
OVER_0 = NUMBERS | {"zero": 0.0}
WHOLE = {"nothing": None, "text": "3", "zero": 0, "negative": -1, "a half": 2.5, "truth": True, "NaN": NAN}
NO_LABELS = {
    "a list": [0] * 8, "one-hot": torch.eye(8), "floats": LABELS.float(), "int32": LABELS.int(), "too few": LABELS[:7],
    "a column": LABELS[:, None], "numpy": LABELS.numpy(),
}  # fmt: skip
NO_PICTURES = {
    "nothing": None, "a list": [[0.0]], "numpy": pictures().numpy(), "one picture": pictures()[0],
    "channels last": pictures().permute(0, 2, 3, 1), "gray": pictures()[:, :1], "four channels": torch.ones(4, 4, 8, 8),
    "int64": pictures().long(), "bool": pictures() > 3, "no pixels": torch.ones(4, 3, 0, 8),
}  # fmt: skip
NO_UNIT = {
    "NaN": holding(UNIT, NAN), "infinite": holding(UNIT, INF), "0 to 255": pictures().float(),
    "normalized": (UNIT - 0.5) / 0.25, "a little over": UNIT * 1.1,
}  # fmt: skip
SIDES = {
    "one number": 8, "three": (8, 8, 8), "zero": (0, 8), "negative": (8, -8), "floats": (8.0, 8.0), "text": "88",
    "truth": (True, 8),
}  # fmt: skip
KINDS: dict[str, Any] = {"nothing": None, "text": "byol", "a mapping": {}, "its class": RunConfig}

Call = Callable[..., Any]
MISUSES: dict[str, tuple[Call, dict[str, Any]]] = {}


def table(function: Call, right: Mapping[str, Any], **wrong: Mapping[str, Any]) -> None:
    """Each of the wrong values in the place of the right one."""
    name = getattr(function, "__name__", str(function))
    for argument, values in wrong.items():
        for which, value in values.items():
            MISUSES[f"{name} {argument}: {which}"] = (function, {**right, argument: value})


# Losses

PAIR = {"first": rows(), "second": rows(shift=1)}
LOSSES: dict[Call, tuple[dict[str, Any], dict[str, Any]]] = {
    losses.byol_loss: ({"prediction": rows(), "target": rows(shift=1)}, {}),
    losses.negative_cosine: ({"prediction": rows(), "target": rows(shift=1)}, {}),
    losses.nt_xent: (PAIR | {"temperature": 0.5}, {"temperature": OVER_0}),
    losses.barlow_twins: (PAIR | {"redundancy": 0.005}, {"redundancy": NUMBERS}),
    losses.vicreg: (PAIR | {"invariance": 25.0, "variance": 25.0, "covariance": 1.0}, {"variance": NUMBERS}),
    losses.triplet_semi_hard: (PAIR | {"margin": 0.2}, {"margin": NUMBERS}),
}
for loss, (right, numbers) in LOSSES.items():
    one, other = list(right)[:2]
    table(loss, right, **{one: ROWS, other: FEWER | ONE_COLUMN}, **numbers)
for loss in (losses.barlow_twins, losses.vicreg, losses.triplet_semi_hard):
    table(loss, LOSSES[loss][0] | {"second": rows(1)}, first={"one image": rows(1)})
INFO = {"queries": rows(), "keys": rows(), "negatives": rows(5), "temperature": 0.2}
table(losses.info_nce, INFO, keys=FEWER, negatives=ONE_COLUMN | {"no rows": torch.ones(0, 4)}, temperature=OVER_0)
NCE = {"features": rows(), "own": rows(), "noise": rows(5), "log_z": torch.tensor(1.0), "images": 9, "temperature": 0.2}
table(losses.nce, NCE, own=FEWER, noise=ONE_COLUMN, log_z={"a number": 1.0, "a row": torch.ones(1)}, images=WHOLE)
table(
    losses.estimate_log_z, {key: NCE[key] for key in ("features", "noise", "images", "temperature")},
    features=ONE_COLUMN, images=WHOLE, temperature=OVER_0,
)  # fmt: skip
BRIDGE = {"q1": rows(), "q2": rows(), "t1": rows(), "t2": rows(), "beta": 1.0, "temperature": 0.3}
table(losses.bridge_loss, BRIDGE, t2=FEWER, beta=NUMBERS, temperature={"zero": 0.0, "NaN": NAN})
OUT = {"too high": LABELS + 3, "under -1": LABELS - 2, "torch's none": LABELS.masked_fill(LABELS == 0, -100)}
table(losses.cross_entropy, {"logits": rows(8, 3), "labels": LABELS}, labels=NO_LABELS | OUT, logits=ROWS)
table(losses.widened, {}, values={"a number": 1.0, "a list": [1.0]})

# Neighbors and the linear probe

KNN = {"bank": rows(), "bank_labels": LABELS, "queries": rows(shift=1), "labels": LABELS, "k": 3, "temperature": 0.1}
table(
    evaluation.knn_accuracy, KNN, bank=NO_ROWS | NOT_FINITE | {"fewer columns": rows(8, 3)},
    queries=NO_ROWS | NOT_FINITE | ONE_COLUMN, bank_labels=NO_LABELS, labels=NO_LABELS | {"under -1": LABELS - 2},
    k=WHOLE, temperature=OVER_0,
)  # fmt: skip
PREDICT = {key: value for key, value in KNN.items() if key != "labels"} | {"classes": 3}
NONE = {"without a class": LABELS - 1}
table(evaluation.knn_predict, PREDICT, bank_labels=NO_LABELS | OUT | NONE, classes=WHOLE, k={"zero": 0, "a half": 0.5})
table(LinearProbe, {"features": rows(), "labels": LABELS, "classes": 3}, features=ROWS | NOT_FINITE, labels=NO_LABELS | OUT | NONE, classes=WHOLE | {"one": 1})  # noqa: E501  # fmt: skip
table(LinearProbe(rows(), LABELS, 3).fit, {}, strength=OVER_0)

# Signs of health

for sign in (health.std_ratio, health.spectrum, measures.mean_cosine, measures.rankme, measures.uniformity):
    table(sign, {}, vectors=NO_ROWS)
table(measures.participation_ratio, {}, vectors={"three axes": torch.ones(2, 3, 4)})
for sign in (health.paired_cosine, measures.alignment):
    table(sign, {"first": rows(), "second": rows()}, second=FEWER | ONE_COLUMN | {"nothing": None})
MEASURE = {"representation": rows(), "projection": rows(8, 3), "views": None, "target": None}
SHORT = {"of more pictures": (rows(9), rows(9, 3)), "swapped": (rows(8, 3), rows()), "one column": (rows(8, 1),) * 2}
table(health.measure, MEASURE, representation=NO_ROWS, views=SHORT, target=SHORT)
table(health.is_finite, {}, value={"a number": 1.0, "nothing": None})

# Views

POLICY, SEED = resolve(ViewsConfig()), torch.Generator().manual_seed(0)
VIEWS = {"images": pictures(), "policy": POLICY, "generator": SEED}
table(
    make_views, VIEWS, images=NO_PICTURES | NO_UNIT, policy=KINDS | {"settings": ViewsConfig(), "a run": CONFIG},
    generator={"nothing": None, "a seed": 0}, size=SIDES, n={"fewer": 3, "more": 5, "negative": -4, "floats": 4.0},
    rows={"fewer": slice(0, 2), "a number": 2, "a list": [0, 1]},
)  # fmt: skip
DRAWN = draw(POLICY, 4, SEED, (8, 8))[0]
for make in (apply, apply_by_tensors):
    table(make, {"images": pictures(), "params": DRAWN, "size": (8, 8)}, images=NO_PICTURES | {"too few": pictures(3)}, params={"nothing": None, "both": (DRAWN, DRAWN)})  # noqa: E501  # fmt: skip
table(apply, {"params": DRAWN, "size": (8, 8)}, images=NO_UNIT | {"smaller than the crops": pictures(4, 4)})
table(apply, {"images": pictures(), "params": DRAWN}, size=SIDES)
DRAW = {"policy": POLICY, "n": 4, "generator": SEED, "size": (8, 8)}
table(draw, DRAW, policy=KINDS, n={"negative": -1, "floats": 4.0, "nothing": None}, size=SIDES, out=SIDES)
table(
    describe, {"params": DRAWN, "i": 0, "size": (8, 8)}, i={"past the end": 4, "negative": -1}, params={"nothing": None}
)
table(preset_strengths, {}, preset={"unknown": "papers", "nothing": None, "a number": 1})
table(resolve, {}, views=KINDS | {"a run": CONFIG})
STRENGTHS = dict(POLICY.strengths)
table(
    ViewPolicy, {"strengths": STRENGTHS, "jitter": (0.8, 0.8), "blur": (0.5, 0.5), "solarize": (0.2, 0.2)},
    strengths={"none": {}, "unknown": {**STRENGTHS, "twist": 1.0}, "NaN": {**STRENGTHS, "hue": NAN}, "huge": {**STRENGTHS, "hue": 9.0}, "a list": [1.0]},  # noqa: E501
    jitter={"over 1": (0.8, 1.2), "negative": (-0.1, 0.8), "one number": 0.8, "three": (0.8,) * 3},
)  # fmt: skip

# Networks

for size in ("zero", "negative", "floats", "text"):
    table(networks.build_encoder, {"config": CONFIG.network}, image_size={size: {"zero": 0, "negative": -5, "floats": 32.0, "text": "32"}[size]})  # noqa: E501  # fmt: skip
table(networks.build_encoder, {"image_size": 32}, config=KINDS | {"a run": CONFIG, "a name": "resnet18"})
table(networks.build_projector, {"network": CONFIG.network, "objective": "byol", "inputs": 8}, network=KINDS, objective={"unknown": "boyl", "nothing": None}, inputs=WHOLE)  # noqa: E501  # fmt: skip
table(networks.build_predictor, {"network": CONFIG.network, "size": 8}, objective={"without one": "simclr"})
table(networks.projection_size, {"network": CONFIG.network, "objective": "byol"}, inputs={"zero": 0, "text": "8"})
table(
    networks.build_head,
    {"inputs": 8, "hidden": 8, "outputs": 4},
    inputs=WHOLE,
    norm={"unknown": "layer"},
    layers={"none": 0},
)
ENCODER = networks.build_encoder(NetworkConfig(encoder="conv-classroom"), 8).eval()
MODEL = byol_core.BYOLForImageClassification(NetworkConfig(encoder="conv-classroom"), 3).eval()


def encode(images: Any) -> Any:
    return ENCODER(images)


def learning_encoder(images: Any) -> Any:
    return networks.build_encoder(NetworkConfig(encoder="conv-classroom"), 8)(images)


def classify(pixel_values: Any, labels: Any = None) -> Any:
    return MODEL(pixel_values, labels)


table(encode, {}, images=NO_PICTURES | NO_UNIT)
table(learning_encoder, {}, images=NO_PICTURES)
table(classify, {}, pixel_values=NO_PICTURES | NO_UNIT)
table(classify, {"pixel_values": pictures(8)}, labels=NO_LABELS | {"too high": LABELS + 1, "under -1": LABELS - 2})
table(ENCODER.freeze, {}, stages={"too many": 9, "negative": -1, "floats": 1.0})
table(ENCODER.set_statistics, {}, images={"floats": UNIT, "none": pictures(0), "gray": pictures()[:, :1]})
PRETRAINED = {"pretrained_model_name_or_path": "byol-tiny", "num_labels": 3}
from_pretrained = byol_core.BYOLForImageClassification.from_pretrained
table(
    from_pretrained, PRETRAINED, num_labels=WHOLE | {"one": 1}, pretrained_model_name_or_path={"nothing": None, "a number": 5, "nowhere": "nobody"},  # noqa: E501
    class_names={"one text": "abc", "numbers": [1, 2, 3], "too few": ["a", "b"]}, id2label={"a list": ["a"], "a gap": {0: "a", 2: "b"}},  # noqa: E501
)  # fmt: skip
table(byol_core.BYOLForImageClassification, {"network": CONFIG.network, "num_labels": 3}, network=KINDS, num_labels=WHOLE, image_size={"zero": 0, "floats": 3.2})  # noqa: E501  # fmt: skip
table(byol_core.BYOL, {}, config=KINDS)
OBJECTIVE = byol_core.BYOL(CONFIG)


def loss_of_views(first: Any, second: Any) -> Any:
    return OBJECTIVE(Views(first, second))


table(loss_of_views, {"first": UNIT}, second={"one picture": UNIT[:1], "fewer": UNIT[:3], "smaller": UNIT[..., :4, :4]})
table(build_method, {"config": CONFIG}, config=KINDS, images={"negative": -1}, classes={"floats": 2.0})

# Images

table(
    load, {"source": "eurosat", "image_size": 32}, source={"nothing": None, "a number": 5, "nowhere": "eurosatt", "empty": ""},  # noqa: E501
    image_size=WHOLE | {"huge": 10**6}, limit={"zero": 0, "negative": -1, "one": 1, "floats": 2.0, "text": "9"},
    images={"unknown": "x", "nothing": None}, progress={"a text": "loudly"},
)  # fmt: skip
SET = {
    "name": "set", "images": pictures(), "labels": torch.tensor([0, 1, 0, 1]), "class_names": ("a", "b"),
    "train": torch.arange(3), "test": torch.tensor([3]),
}  # fmt: skip
table(
    ImageSet, SET, images=NO_PICTURES | {"floats": UNIT, "one": pictures(1)},
    labels={"floats": torch.ones(4), "too few": torch.zeros(3, dtype=torch.int64), "too high": torch.full((4,), 2)},
    train={"a list": [0, 1], "shared": torch.arange(4), "outside": torch.tensor([9]), "a mask": torch.ones(4) > 0},
)  # fmt: skip

# Schedules, optimizer, settings

RATE = {"step": 1, "total": 10, "base": 0.1}
COUNT = {key: value for key, value in WHOLE.items() if key != "zero"}
table(schedules.learning_rate, RATE, step=COUNT, total=COUNT, base=NUMBERS, warmup=COUNT, kind={"unknown": "linear"})
table(schedules.target_tau, RATE, step=COUNT, base=NUMBERS | {"over 1": 1.1}, kind={"nothing": None})
WEIGHTS = [torch.nn.Parameter(torch.ones(2, 2))]
LARS = {"params": WEIGHTS, "lr": 0.1}
table(optimizers.LARS, LARS, lr=NUMBERS, momentum=NUMBERS | {"over 1": 1.5}, weight_decay=NUMBERS, trust=OVER_0)
table(
    optimizers.build_optimizer,
    {"config": CONFIG.optimizer, "modules": [(ENCODER, 1.0)]},
    config=KINDS,
    modules={"none": []},
)
table(optimizers.peak_rate, {"config": CONFIG.optimizer, "batch_size": 8}, config=KINDS, batch_size=WHOLE)
table(optimizers.set_rate, {"optimizer": optimizers.LARS([{"params": WEIGHTS, "rate": 1.0}], 0.1)}, rate=NUMBERS)
table(optimizers.LARS(WEIGHTS, 0.1).step, {}, closure={"a function": lambda: 0.0})
TREES: dict[str, Any] = {
    "a list": [1], "a text": "epochs=3", "unknown": {"epoch": 3}, "a text for a number": {"epochs": "many"},
    "negative": {"epochs": -1}, "NaN": {"epochs": NAN}, "infinite": {"epochs": INF}, "an object": {"epochs": object()},
    "a flat part": {"views": 3}, "a set": {"views": {1, 2}}, "an unknown objective": {"method": {"objective": "boyl"}},
    "bytes": {"data": {"source": b"x"}}, "a huge size": {"data": {"image_size": 10**9}}, "odd keys": {(1, 2): 3},
}  # fmt: skip
table(build, {}, tree=TREES, dotted={"unknown": {"views.strenght": 1}, "a part": {"views": 3}, "a list": [1], "too deep": {"seed.a": 1}})  # noqa: E501  # fmt: skip
table(field_info, {}, dotted={"unknown": "views.strenght", "nothing": None, "empty": "", "a number": 3})
table(byol_core.RunStore, {}, home={"a number": 5})


@pytest.mark.parametrize("name", MISUSES)
def test_a_wrong_argument_is_one_clear_sentence(name):
    function, arguments = MISUSES[name]
    with pytest.raises(InputError) as caught:
        function(**arguments)
    words = str(caught.value)
    assert words.endswith((".", "?")) and "\n" not in words and len(words) < 400


def test_there_are_three_hundred_of_them():
    assert len(MISUSES) >= 300


def test_the_error_is_what_people_catch():
    with pytest.raises(ValueError, match="same shape"):
        losses.byol_loss(rows(8), rows(1))
    with pytest.raises(TypeError, match="the name of a set"):
        load(5, 32)  # type: ignore[arg-type]


# What looks wrong and has its documented answer

RIGHT: dict[str, Callable[[], bool]] = {
    "pictures of bytes are scaled": lambda: torch.equal(ENCODER(pictures()), ENCODER(UNIT)),
    "pictures of bytes are scaled while it learns": lambda: torch.equal(
        ENCODER.train()(pictures()), ENCODER.train()(UNIT)
    ) and ENCODER.eval() is ENCODER,
    "the classifier does the same": lambda: torch.equal(MODEL(pictures()).logits, MODEL(UNIT).logits),
    "no pictures give no rows": lambda: ENCODER(pictures(0)).shape == (0, ENCODER.feature_dim),
    "views of no pictures are none": lambda: len(make_views(pictures(0), POLICY, SEED)[0]) == 0,
    "a path is as good as its text": lambda: len(load(Path("eurosat"), 8, limit=20)) > 20,
    "arguments by name": lambda: torch.equal(
        losses.byol_loss(prediction=rows(), target=rows()), losses.byol_loss(rows(), rows())
    ),
    "a loss of NaN is NaN": lambda: bool(losses.byol_loss(holding(rows(), NAN), rows()).isnan()),
    "a sign of NaN is NaN": lambda: math.isnan(health.std_ratio(holding(rows(), NAN))),
    "a sign of one row is NaN": lambda: math.isnan(health.std_ratio(rows(1))),
    "k is cut to the bank": lambda: evaluation.knn_accuracy(*list(KNN.values())[:4], k=99) is not None,
    "no label, no accuracy": lambda: evaluation.knn_accuracy(rows(), LABELS * 0 - 1, rows(), LABELS) is None,
    "an empty bank, no accuracy": lambda: evaluation.knn_accuracy(rows(0), LABELS[:0], rows(), LABELS) is None,
    "no labels cost nothing": lambda: float(losses.cross_entropy(rows(8, 3), LABELS * 0 - 1)) == 0,
    "either mark of no label": lambda: MODEL(pictures(8), LABELS * 0 - 100).loss.item() == 0,
    "after the last step the rate is 0": lambda: schedules.learning_rate(15, 10, 0.1) == pytest.approx(0),
    "after the last step tau is 1": lambda: schedules.target_tau(15, 10, 0.9) == 1.0,
    "integers of numpy": lambda: schedules.learning_rate(np.int64(0), np.int64(10), np.float32(0.5)) == 0.5,
    "a learned temperature": lambda: losses.nt_xent(rows(), rows(), torch.tensor(0.5)).isfinite().item(),
    "no settings are the defaults": lambda: build() == build(None) == build({}) == RunConfig(),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_looks_wrong_and_is_not_has_its_answer(name):
    assert RIGHT[name]()
