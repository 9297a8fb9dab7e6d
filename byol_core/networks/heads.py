"""Projector and predictor of each objective, as in its paper, with the sizes of its recipes for small images.

BYOL's heads are Linear, batch norm, ReLU, Linear without bias or a norm after it (arXiv 2006.07733, §3.3); they are
4096 and 256 wide in the paper. Weights are initialized like torch does, uniform with deviation 1 / sqrt(3 * inputs),
while the authors' Haiku code draws a truncated normal with 1 / sqrt(inputs) and zero biases. Neither scale nor bias
matters to BYOL's loss, because a batch norm or the normalization in the loss removes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from byol_core.config import NetworkConfig
from byol_core.system import checks


@dataclass(frozen=True)
class Head:
    """The shape of a head. ``hidden`` None: as wide as its input; ``size`` None: as long as the projection."""

    hidden: int | None
    size: int | None = None
    layers: int = 2
    norm: bool = True  # batch norm after each hidden layer
    hidden_bias: bool = True
    last_bias: bool = False
    last_norm: bool = False  # batch norm without scale or shift at the end


_BYOL = Head(1024, 256)
_BYOL_PREDICTOR = Head(1024)
# One hidden layer as wide as the representation (arXiv 2002.05709, §2.1), with batch norm. The authors' code
# (google-research/simclr, model_util.py: projection_head) has another batch norm, with a scale and no shift, after the
# last layer. Here it is left out by default, because existing checkpoints lack it; ``network.projection_norm`` adds it
# without the scale. Table 4 of the paper compares the triplet loss with the same head.
_SIMCLR = Head(None, 128)

PROJECTORS: Mapping[str, Head] = {
    "byol": _BYOL,
    "bridge": _BYOL,
    "simsiam": Head(2048, 2048, layers=3, hidden_bias=False, last_norm=True),  # arXiv 2011.10566, §3
    "simclr": _SIMCLR,
    "triplet": _SIMCLR,
    "moco": Head(None, 128, norm=False, last_bias=True),  # MoCo v2, arXiv 2003.04297
    "nce": Head(None, 128, layers=1, norm=False, last_bias=True),  # arXiv 1805.01978, §3: one linear layer
    "barlow-twins": Head(2048, 2048, layers=3, hidden_bias=False),  # arXiv 2103.03230, App. A; 8192 on ImageNet
    "vicreg": Head(2048, 2048, layers=3),  # arXiv 2105.04906, §4.2; 8192 on ImageNet
}
PREDICTORS: Mapping[str, Head] = {
    "byol": _BYOL_PREDICTOR,
    "bridge": _BYOL_PREDICTOR,
    "simsiam": Head(512, hidden_bias=False, last_bias=True),  # arXiv 2011.10566, §3: a bottleneck
}


def projection_size(network: NetworkConfig, objective: str, inputs: int) -> int:
    """The length of the projection of a representation with ``inputs`` dimensions."""
    _check(network, objective, inputs)
    if objective not in PROJECTORS:
        return inputs
    return network.projection_size or PROJECTORS[objective].size or inputs


def build_projector(network: NetworkConfig, objective: str, inputs: int) -> nn.Module:
    """Representation (B, inputs) -> projection; the identity if the objective has no projector."""
    _check(network, objective, inputs)
    if objective not in PROJECTORS:
        return nn.Identity()
    head = PROJECTORS[objective]
    hidden = network.projector_hidden or head.hidden or inputs
    # If a width is given, a head with one linear layer gets a hidden layer of that width.
    layers = max(head.layers, 2) if network.projector_hidden else head.layers
    size = projection_size(network, objective, inputs)
    return _build(head, inputs, hidden, size, network.head_norm, layers, head.last_norm or network.projection_norm)


def build_predictor(network: NetworkConfig, objective: str, size: int) -> nn.Sequential:
    """Projection (B, size) -> prediction (B, size), for objectives with a predictor."""
    checks.one_of("objective", objective, list(PREDICTORS))
    _check(network, objective, size)
    head = PREDICTORS[objective]
    hidden = network.predictor_hidden or head.hidden or size
    return _build(head, size, hidden, size, network.head_norm, head.layers, head.last_norm)


def _check(network: NetworkConfig, objective: str, inputs: int) -> None:
    checks.kind("network", network, NetworkConfig, "a NetworkConfig, such as RunConfig().network")
    checks.one_of("objective", objective, (*PROJECTORS, "supervised"))
    checks.whole("inputs", inputs)


def _build(
    head: Head, inputs: int, hidden: int, outputs: int, norm: str, layers: int, last_norm: bool
) -> nn.Sequential:
    inner = norm if head.norm else "none"
    last = last_norm and norm == "batch"
    return build_head(
        inputs, hidden, outputs, inner, last, layers=layers, hidden_bias=head.hidden_bias, last_bias=head.last_bias
    )


def build_head(
    inputs: int,
    hidden: int,
    outputs: int,
    norm: str = "batch",
    last_norm: bool = False,
    *,
    layers: int = 2,
    hidden_bias: bool = True,
    last_bias: bool = False,
) -> nn.Sequential:
    """A head (B, inputs) -> (B, outputs) with this many linear layers.

    ``norm`` is ``batch`` as in the paper, or ``none``, which leaves out the norms of hidden layers. ``last_norm`` adds
    SimSiam's batch norm without scale or shift at the end (arXiv 2011.10566, §3), which centers the projection. A
    hidden layer without a norm always has a bias.
    """
    for name, value in (("inputs", inputs), ("hidden", hidden), ("outputs", outputs), ("layers", layers)):
        checks.whole(name, value)
    checks.one_of("norm", norm, ("batch", "none"))
    head = nn.Sequential()
    for _ in range(layers - 1):
        head.append(nn.Linear(inputs, hidden, bias=hidden_bias or norm == "none"))
        head.append(nn.BatchNorm1d(hidden) if norm == "batch" else nn.Identity())
        head.append(nn.ReLU(inplace=True))
        inputs = hidden
    head.append(nn.Linear(inputs, outputs, bias=last_bias))
    if last_norm:
        head.append(nn.BatchNorm1d(outputs, affine=False))
    return head
