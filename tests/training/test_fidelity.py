"""Whole training steps against a plain, unoptimized reference in float64, written here from the paper.

The reference knows a network only by its parameters' names: its own forward passes (two for each network), batch
norm, loss, LARS and SGD tensor by tensor, schedules and moving average (arXiv 2006.07733, §3 and App. J; in
google-deepmind/deepmind-research, byol_experiment.py and utils/{networks,optimizers,schedules}.py). Ours is made of the
real pieces.
"""

import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.config import RunConfig, build
from byol_core.methods import Method, Views, build_method
from byol_core.optim import optimizers, schedules

STEPS, BATCH, SIDE = 3, 8, 16
WARMUP = 1
Weights = dict[str, Tensor]

BASE = {
    "network.projector_hidden": 48,
    "network.predictor_hidden": 40,
    "network.projection_size": 24,
    "method.tau_base": 0.9,
    "method.predictor_lr": 2.0,
    "optimizer.weight_decay": 1e-3,
    "batch_size": BATCH,
    "data.image_size": SIDE,
}
OPTIMIZERS = {"lars": {"optimizer.name": "lars", "optimizer.lr": 20.0}, "sgd": {"optimizer.lr": 1.0}}


def configured(encoder: str, optimizer: str, **dotted: object) -> RunConfig:
    return build({}, {**BASE, "network.encoder": encoder, **OPTIMIZERS[optimizer], **dotted})


@cache
def pictures() -> Tensor:
    """(STEPS, 2, BATCH, 3, SIDE, SIDE) in [0, 1]: two related views for each step."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(STEPS, 1, BATCH, 3, SIDE, SIDE, generator=generator)
    other = torch.rand(STEPS, 2, BATCH, 3, SIDE, SIDE, generator=generator)
    return 0.7 * images + 0.3 * other


# The reference


def batch_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    """Statistics of this pass alone, variance over n, epsilon 1e-5."""
    axes = [i for i in range(x.ndim) if i != 1]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    centered = x - x.mean(axes, keepdim=True)
    variance = (centered * centered).mean(axes, keepdim=True)
    return centered / (variance + 1e-5).sqrt() * w[f"{name}.weight"].reshape(shape) + w[f"{name}.bias"].reshape(shape)


def conv_tutorial(w: Weights, p: str, x: Tensor) -> Tensor:
    """Five blocks: convolution, norm, ReLU, max-pool; then the average."""
    for block in range(5):
        x = F.conv2d(x, w[f"{p}.{block}.0.weight"], padding=1)
        x = F.max_pool2d(torch.relu(batch_norm(w, f"{p}.{block}.1", x)), 2, ceil_mode=True)
    return x.mean((2, 3))


def resnet18(w: Weights, p: str, x: Tensor) -> Tensor:
    """He et al., arXiv 1512.03385, v1, with the 3x3 stem of small images."""
    x = torch.relu(batch_norm(w, f"{p}.bn1", F.conv2d(x, w[f"{p}.conv1.weight"], padding=1)))
    for stage in range(1, 5):
        for block in range(2):
            q, stride = f"{p}.layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = torch.relu(batch_norm(w, f"{q}.bn1", F.conv2d(x, w[f"{q}.conv1.weight"], stride=stride, padding=1)))
            y = batch_norm(w, f"{q}.bn2", F.conv2d(y, w[f"{q}.conv2.weight"], padding=1))
            if stride == 2:
                x = F.conv2d(x, w[f"{q}.downsample.0.weight"], stride=2)
                x = batch_norm(w, f"{q}.downsample.1", x)
            x = torch.relu(x + y)
    return x.mean((2, 3))


BODIES: dict[str, Callable[[Weights, str, Tensor], Tensor]] = {"conv-tutorial": conv_tutorial, "resnet18": resnet18}


def head(w: Weights, p: str, x: Tensor) -> Tensor:
    """Linear, batch norm, ReLU, Linear without bias (§3.3)."""
    x = torch.relu(batch_norm(w, f"{p}.1", x @ w[f"{p}.0.weight"].T + w[f"{p}.0.bias"]))
    return x @ w[f"{p}.3.weight"].T


def squared_distance(q: Tensor, z: Tensor) -> Tensor:
    """Eq. 2, mean over the batch."""
    difference = q / q.norm(dim=1, keepdim=True) - z / z.norm(dim=1, keepdim=True)
    return (difference**2).sum(1).mean()


@dataclass
class Reference:
    """BYOL's weights in float64 and the steps that move them."""

    config: RunConfig
    online: Weights  # encoder, projector and predictor
    target: Weights
    momenta: Weights = field(default_factory=dict)

    def project(self, w: Weights, view: Tensor) -> Tensor:
        x = (view - 0.5) / 0.25
        return head(w, "projector", BODIES[self.config.network.encoder](w, "encoder.body", x))

    def step(self, k: int, first: Tensor, second: Tensor) -> tuple[float, Weights]:
        """One update; the loss and the gradients before it."""
        w = {name: value.clone().requires_grad_() for name, value in self.online.items()}
        q1, q2 = (head(w, "predictor", self.project(w, view)) for view in (first, second))
        z1, z2 = (self.project(self.target, view) for view in (first, second))
        loss = squared_distance(q1, z2) + squared_distance(q2, z1)
        gradients = dict(zip(w, torch.autograd.grad(loss, list(w.values())), strict=True))
        for name, gradient in gradients.items():
            self.update(name, gradient, self.rate(k) * (2.0 if name.startswith("predictor") else 1.0))
        tau = 1 - (1 - 0.9) * (math.cos(math.pi * k / STEPS) + 1) / 2
        for name in self.target:
            self.target[name] = tau * self.target[name] + (1 - tau) * self.online[name]
        return loss.item(), gradients

    def rate(self, k: int) -> float:
        """Linear warm-up, then a cosine to 0, of base * batch / 256 (§3.3)."""
        peak = self.config.optimizer.lr * BATCH / 256
        return peak * k / WARMUP if k < WARMUP else peak * (1 + math.cos(math.pi * (k - WARMUP) / (STEPS - WARMUP))) / 2

    def update(self, name: str, gradient: Tensor, rate: float) -> None:
        """Decay, for LARS adaptation, momentum 0.9, and after it the rate."""
        w, excluded = self.online[name], self.online[name].ndim == 1  # biases and norms
        if not excluded:
            gradient = gradient + 1e-3 * w
        if self.config.optimizer.name == "lars" and not excluded:
            gradient = gradient * 1e-3 * w.norm() / gradient.norm()
        before = self.momenta.get(name, torch.zeros_like(w))
        self.momenta[name] = 0.9 * before + gradient
        self.online[name] = w - rate * self.momenta[name]


def weights_of(method: Method) -> tuple[Weights, Weights]:
    """Online with predictor, and target, in float64."""
    parameters = {name: p.detach().double().clone() for name, p in method.named_parameters()}
    online = {name.removeprefix("online."): p for name, p in parameters.items() if not name.startswith("target.")}
    target = {name.removeprefix("target."): p for name, p in parameters.items() if name.startswith("target.")}
    return online, target


@dataclass(frozen=True)
class Course:
    """What the reference goes through: its losses, the gradients of its first step, its weights before and after."""

    losses: list[float]
    gradients: Weights
    start: tuple[Weights, Weights]
    end: tuple[Weights, Weights]


@cache
def course(encoder: str, optimizer: str) -> Course:
    """From the weights that :func:`made` gives, on :func:`pictures`; several tests compare with the same one."""
    config = configured(encoder, optimizer)
    start = weights_of(made(config))
    reference = Reference(config, *({name: w.clone() for name, w in weights.items()} for weights in start))
    steps = [reference.step(k, first, second) for k, (first, second) in enumerate(pictures().double())]
    return Course([loss for loss, _ in steps], steps[0][1], start, (reference.online, reference.target))


# Ours


class Ours:
    """The real pieces in the order of the training loop."""

    def __init__(self, config: RunConfig, method: Method, dtype: torch.dtype | None = None) -> None:
        self.config, self.method, self.dtype = config, method, dtype
        self.forward: Callable[[Views], Tensor] = method
        self.optimizer = optimizers.build_optimizer(config.optimizer, list(method.trained(config.method.predictor_lr)))

    def step(self, k: int, first: Tensor, second: Tensor) -> tuple[float, Weights]:
        settings, peak = self.config.method, optimizers.peak_rate(self.config.optimizer, BATCH)
        with torch.autocast("cpu", self.dtype, enabled=self.dtype is not None):
            loss = self.forward(Views(first, second))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        gradients = {name: p.grad.clone() for name, p in self.method.named_parameters() if p.grad is not None}
        optimizers.set_rate(self.optimizer, schedules.learning_rate(k, STEPS, peak, WARMUP))
        self.optimizer.step()
        self.method.update_target(schedules.target_tau(k, STEPS, settings.tau_base, settings.tau_schedule))
        return loss.item(), {name.removeprefix("online."): g for name, g in gradients.items()}


def made(config: RunConfig) -> Method:
    torch.manual_seed(0)
    return build_method(config)


def distance(ours: Weights, theirs: Weights) -> float:
    """Length of the difference over the length of the reference, all tensors as one vector."""
    assert ours.keys() == theirs.keys()
    apart = sum(float(((ours[n].double() - theirs[n]) ** 2).sum()) for n in theirs)
    return math.sqrt(apart / sum(float((theirs[n] ** 2).sum()) for n in theirs))


@dataclass
class Gaps:
    """The largest gap of the loss, the gradients' relative gap in the first step, and of how far each has moved."""

    loss: float
    gradient: float
    online: float
    target: float


def compare(ours: Ours, reference: Course, prepare: Callable[[Tensor], Tensor]) -> Gaps:
    steps = [ours.step(k, prepare(first), prepare(second)) for k, (first, second) in enumerate(pictures())]
    losses = [abs(loss - expected) for (loss, _), expected in zip(steps, reference.losses, strict=True)]
    moves = [
        distance({n: w - origin[n] for n, w in reached.items()}, {n: w - origin[n] for n, w in expected.items()})
        for reached, expected, origin in zip(weights_of(ours.method), reference.end, reference.start, strict=True)
    ]
    return Gaps(max(losses), distance(steps[0][1], reference.gradients), *moves)


@pytest.mark.parametrize(
    ("encoder", "optimizer"),
    [
        ("conv-tutorial", "sgd"),
        ("conv-tutorial", "lars"),
        ("resnet18", "lars"),
        pytest.param("resnet18", "sgd", marks=pytest.mark.nightly),
    ],
)
def test_steps_equal_the_reference_in_float64(encoder, optimizer):
    """Several in a row, so that momentum, schedules and the moving average count; each has moved the weights."""
    config = configured(encoder, optimizer)
    gaps = compare(Ours(config, made(config).double()), course(encoder, optimizer), Tensor.double)
    assert max(gaps.loss, gaps.gradient, gaps.online, gaps.target) < 1e-9


# The fast paths. Rounding grows on its way back through batch norms of a batch of like images, through ReLUs and
# max-pools that decide otherwise, and from step to step; an unrelated gradient would be at a gap of 1.4.

BOUNDS = {
    ("conv-tutorial", None): Gaps(loss=1e-3, gradient=1e-3, online=0.05, target=0.05),
    ("conv-tutorial", torch.bfloat16): Gaps(loss=0.15, gradient=0.55, online=0.65, target=0.65),
    ("resnet18", None): Gaps(loss=0.02, gradient=0.02, online=0.15, target=0.1),
    ("resnet18", torch.bfloat16): Gaps(loss=0.2, gradient=0.7, online=0.8, target=0.8),
}


def channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def within(gaps: Gaps, bounds: Gaps) -> bool:
    return all(getattr(gaps, name) < getattr(bounds, name) for name in ("loss", "gradient", "online", "target"))


# Without units for it, a processor takes long for a step in bfloat16.
SLOW = ("resnet18", torch.bfloat16)


@pytest.mark.parametrize(
    ("encoder", "dtype"), [pytest.param(*one, marks=[pytest.mark.nightly] * (one == SLOW)) for one in BOUNDS]
)
def test_channels_last_and_bfloat16_stay_near_the_reference(encoder, dtype):
    optimizer = "lars" if encoder == "resnet18" else "sgd"
    config = configured(encoder, optimizer)
    ours = Ours(config, made(config).to(memory_format=torch.channels_last), dtype)
    gaps = compare(ours, course(encoder, optimizer), channels_last)
    assert within(gaps, BOUNDS[encoder, dtype]), gaps


def test_a_wrong_step_is_out_of_bounds():
    """A predictor at the wrong rate, which would pass if the bounds meant nothing."""
    config = configured("conv-tutorial", "sgd")
    ours = Ours(config.changed(**{"method.predictor_lr": 1.0}), made(config))
    assert not within(compare(ours, course("conv-tutorial", "sgd"), channels_last), BOUNDS["conv-tutorial", None])


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    """What was compiled before or here is nobody else's."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.nightly  # test_step.py compares a compiled step with the eager one
@pytest.mark.filterwarnings("ignore")  # the compiler's own
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on the CPU")
def test_the_compiled_step_stays_near_the_reference(fresh_compiler):
    config = configured("conv-tutorial", "sgd")
    method = made(config)
    ours = Ours(config, method.to(memory_format=torch.channels_last))
    ours.forward = torch.compile(method)
    gaps = compare(ours, course("conv-tutorial", "sgd"), channels_last)
    assert within(gaps, BOUNDS["conv-tutorial", None]), gaps
