"""One step through the real pieces: views of growing size, parts of a batch, compiled and captured steps."""

import shutil

import pytest
import torch

from byol_core.config import RunConfig, build
from byol_core.distributed.launch import World
from byol_core.errors import InputError
from byol_core.methods import Method, build_method
from byol_core.training.batches import Batches
from byol_core.training.step import Stepper

SMALL = {
    "network.encoder": "conv-quarter",
    "network.projector_hidden": 32,
    "network.predictor_hidden": 32,
    "network.projection_size": 16,
    "runtime.precision": "float32",
    "batch_size": 16,
}
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def stepper(config: RunConfig, total: int = 20, device: str = "cpu") -> Stepper:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (48, 3, 16, 16), dtype=torch.uint8, generator=generator).to(device)
    where = torch.device(device)
    batches = Batches(images, None, torch.arange(48), batch_size=config.batch_size, seed=config.seed, device=where)
    torch.manual_seed(0)
    method = build_method(config, images=48).to(where).to(memory_format=torch.channels_last)
    return Stepper(config, method, batches, where, total, World())


def small(**changes: object) -> RunConfig:
    return build({}, {**SMALL, "data.image_size": 16, **changes})


def steps(config: RunConfig, count: int, device: str = "cpu") -> tuple[list[float], Method]:
    taker = stepper(config, device=device)
    return [float(taker.take(step)) for step in range(count)], taker.method


def test_the_same_step_of_the_same_seed_is_the_same():
    assert steps(small(), 3)[0] == steps(small(), 3)[0]
    assert steps(small(), 3)[0] != steps(small(seed=1), 3)[0]


def test_views_grow_from_the_first_size_to_the_last():
    taker = stepper(small(**{"data.image_size": 32, "views.first_size": 16}), total=100)
    sides = [taker.view_side(step)[0] for step in (0, 12, 13, 25, 49, 50, 99)]
    assert sides == [16, 16, 20, 24, 28, 32, 32]


def test_views_have_one_size_unless_a_first_one_is_set():
    assert {stepper(small()).view_side(step) for step in range(20)} == {(16, 16)}


def test_accumulated_parts_equal_the_whole_batch_without_norms():
    plain = {"network.encoder_norm": "none", "network.head_norm": "none"}
    whole, in_whole = steps(small(**plain), 3)
    parts, in_parts = steps(small(accumulate=4, **plain), 3)
    assert parts == pytest.approx(whole, abs=1e-5)
    for ours, theirs in zip(in_parts.parameters(), in_whole.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_batch_norm_sees_a_part_and_not_the_batch():
    assert abs(steps(small(), 1)[0][0] - steps(small(accumulate=4), 1)[0][0]) > 1e-3


def test_the_target_follows_with_the_scheduled_tau():
    taker = stepper(small(**{"method.tau_base": 0.5}), total=20)
    before = [p.clone() for p in taker.method.target.parameters()]
    taker.take(10)
    tau = taker.tau(10)
    assert tau == pytest.approx(0.75)
    online = list(taker.method.online.parameters())
    for old, new, now in zip(before, taker.method.target.parameters(), online, strict=True):
        torch.testing.assert_close(new, tau * old + (1 - tau) * now.detach(), atol=1e-6, rtol=0)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # the compiler's own
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on the CPU")
def test_a_compiled_step_agrees_with_the_eager_one():
    shallow = {"network.encoder": "conv-classroom"}
    torch.compiler.reset()
    eager, eager_method = steps(small(**shallow), 3)
    compiled, compiled_method = steps(small(**shallow, **{"runtime.execution": "compile"}), 3)
    assert compiled == pytest.approx(eager, abs=1e-4)
    for ours, theirs in zip(compiled_method.parameters(), eager_method.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_without_a_compiler_a_compiled_step_is_a_sentence(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="needs a C\\+\\+ compiler"):
        stepper(small(**{"runtime.execution": "compile"}))


@CUDA
@pytest.mark.parametrize("optimizer", ["sgd", "lars", "adamw"])
def test_a_captured_step_agrees_with_the_eager_one(optimizer):
    changes = {"optimizer.name": optimizer, "optimizer.lr": 0.05}
    eager, eager_method = steps(small(**changes, **{"runtime.execution": "eager"}), 10, "cuda")
    graph, graph_method = steps(small(**changes, **{"runtime.execution": "graph"}), 10, "cuda")
    assert graph == pytest.approx(eager, abs=1e-3)
    for ours, theirs in zip(graph_method.parameters(), eager_method.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


@CUDA
def test_a_step_on_cuda_never_waits_for_the_device():
    taker = stepper(small(**{"runtime.execution": "eager"}), device="cuda")
    taker.take(0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        taker.take(1)
    finally:
        torch.cuda.set_sync_debug_mode("default")
