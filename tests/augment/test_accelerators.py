"""What keeps the tensor form fast on an accelerator: nothing waits for the device, and it compiles as one graph."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from byol_core.augment import apply, apply_by_tensors, draw, resolve
from byol_core.augment.policy import RECIPES
from byol_core.config import OPERATIONS, ViewsConfig

ALL = ViewsConfig(preset="paper", **dict.fromkeys(OPERATIONS, 1.0))
SETTINGS = [ALL, *(ViewsConfig(preset=name) for name in RECIPES), ViewsConfig(preset="paper", crop=0.0)]
settings = pytest.mark.parametrize("views", SETTINGS, ids=["all", *RECIPES, "uncropped"])
# Operations that read a value of the device, make a shape of its values, or bring a constant from the host.
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "lift_fresh", "equal")


class Recorder(TorchDispatchMode):
    """Keeps the names of the operations that run under it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.names.append(str(function))
        return function(*arguments, **(options or {}))


def drawn(views, n=4, size=(16, 16)):
    return draw(resolve(views), n, torch.Generator().manual_seed(0), size)


def waiting(recorder):
    return [name for name in recorder.names if any(word in name for word in WAITING)]


@settings
def test_drawing_waits_for_nothing(views):
    with Recorder() as recorder:
        drawn(views)
    assert "aten.rand.generator" in recorder.names
    assert waiting(recorder) == []


@settings
def test_applying_waits_for_nothing(views):
    params = drawn(views)[1]
    images = torch.zeros(4, 3, 16, 16, dtype=torch.uint8)
    with Recorder() as recorder:
        apply_by_tensors(images, params, (16, 16))
    assert waiting(recorder) == []


@settings
def test_no_shape_depends_on_a_value(views):
    """Tensors without values, of the device ``meta``, are enough to know all shapes."""
    params = drawn(views)[1].to("meta")
    view = apply(torch.zeros(4, 3, 16, 16, dtype=torch.uint8, device="meta"), params)
    assert view.device.type == "meta"
    assert view.dtype == torch.float32


def test_the_whole_view_is_one_graph():
    images = torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8)
    params = drawn(ALL)[1]
    compiled = torch.compile(apply, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(images, params), apply_by_tensors(images, params, (16, 16)), atol=1e-6)
