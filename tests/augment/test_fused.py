"""The compiled kernel of the CPU against the tensor operations, which are tested against torchvision."""

import multiprocessing
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from byol_core.augment import apply, apply_by_tensors, draw, fused, kernels, resolve, warm_up
from byol_core.config import OPERATIONS, ViewsConfig

EXACT = 1e-5
# source, views: the same, smaller, larger, not square
SIZES = [((32, 32), (32, 32)), ((64, 64), (24, 24)), ((13, 40), (33, 10)), ((9, 8), (64, 48))]


def pictures(n, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 3, *size), dtype=torch.uint8, generator=generator)


def parameters(n, size, out=None, which=1, seed=3, **changes):
    policy = resolve(ViewsConfig(**{"preset": "symmetric", **changes}))
    return draw(policy, n, torch.Generator().manual_seed(seed), size, out)[which]


def everything(n, size, out=None):
    return parameters(n, size, out, **dict.fromkeys(OPERATIONS, 1.0))


def difference(images, params, size):
    return float((apply(images, params, size) - apply_by_tensors(images, params, size)).abs().max())


@pytest.fixture
def threads():
    """Set the number of threads; the old one comes back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_each_operation_agrees_with_its_tensor_form(operation, strength):
    params = parameters(40, (32, 32), preset="none", **{operation: strength})
    assert difference(pictures(40, (32, 32)), params, (32, 32)) < EXACT


@pytest.mark.parametrize(("size", "out"), SIZES)
def test_all_operations_together_agree(size, out):
    assert difference(pictures(50, size), everything(50, size, out), out) < EXACT


@pytest.mark.parametrize("preset", ["paper", "small-image", "satellite", "tutorial-noise", "none"])
@pytest.mark.parametrize("which", [0, 1])
def test_each_preset_agrees(preset, which):
    params = parameters(64, (32, 32), which=which, preset=preset)
    assert difference(pictures(64, (32, 32)), params, (32, 32)) < EXACT


def test_large_images_agree():
    assert difference(pictures(4, (224, 224)), parameters(4, (224, 224), blur=2.0), (224, 224)) < EXACT


def test_flat_and_extreme_pictures_agree():
    """Black, white and gray have no hue, pure colors have ties between channels."""
    corners = torch.tensor([[r, g, b] for r in (0, 128, 255) for g in (0, 128, 255) for b in (0, 128, 255)])
    images = corners.byte()[:, :, None, None].expand(-1, -1, 8, 8)
    assert difference(images, parameters(27, (8, 8), hue=2.0), (8, 8)) < EXACT


def test_floats_give_what_bytes_give():
    images, params = pictures(20, (32, 32)), everything(20, (32, 32))
    floats = apply(images.float() / 255, params)
    assert float((floats - apply(images, params)).abs().max()) < EXACT
    assert torch.equal(floats, apply(images.double() / 255, params))


@pytest.mark.parametrize("n", [0, 1])
def test_few_images(n):
    view = apply(pictures(n, (32, 32)), parameters(n, (32, 32)), (24, 24))
    assert view.shape == (n, 3, 24, 24)


def test_strides_do_not_matter():
    images, params = pictures(40, (32, 24)), everything(40, (32, 24))
    expected = apply(images, params)
    spread = torch.zeros(80, 3, 32, 48, dtype=torch.uint8)[::2, :, :, ::2].copy_(images)
    for other in (images.contiguous(memory_format=torch.channels_last), spread):
        assert not other.is_contiguous()
        assert torch.equal(apply(other, params), expected)


def test_the_source_is_left_as_it_was():
    images = pictures(4, (32, 32))
    before = images.clone()
    apply(images, everything(4, (32, 32)))
    assert torch.equal(images, before)


@pytest.mark.parametrize("number", [2, 3, 7])
def test_the_number_of_threads_changes_nothing(threads, number):
    images, params = pictures(200, (32, 32)), everything(200, (32, 32))
    threads(1)
    alone = apply(images, params)
    threads(number)
    assert torch.equal(apply(images, params), alone)


def test_an_image_does_not_depend_on_the_rest_of_the_batch():
    images, params = pictures(64, (32, 32)), everything(64, (32, 32))
    whole = apply(images, params)
    for rows in (slice(5, 6), slice(20, 64)):
        assert torch.equal(apply(images[rows], params.rows(rows)), whole[rows])


def test_many_callers_at_once_get_their_own_views(threads):
    threads(2)
    images, params = pictures(64, (32, 32)), parameters(64, (32, 32))
    expected = apply(images, params)
    found = {}
    callers = [
        threading.Thread(target=lambda name=name: found.setdefault(name, apply(images, params))) for name in range(6)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(torch.equal(found[name], expected) for name in range(6))


def _child(answer, images, params):
    answer.put(total(apply(images, params)))


def total(view):
    """By numpy: PyTorch's own threads do not survive a fork."""
    return float(view.numpy().sum())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(threads):
    """A loader's worker is a fork: of the pool it inherits the queue, and nobody who serves it."""
    threads(2)
    images, params = pictures(64, (32, 32)), parameters(64, (32, 32))
    expected = total(apply(images, params))
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    child = context.Process(target=_child, args=(answer, images, params), daemon=True)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert answer.get() == expected


def test_a_box_outside_of_the_image_is_refused():
    params = parameters(4, (40, 40))
    with pytest.raises(ValueError, match="crop lies outside"):
        apply(pictures(4, (20, 20)), params)


def test_another_number_of_images_or_channels_is_refused():
    params = parameters(4, (32, 32))
    with pytest.raises(ValueError, match="those of 4 images, but there are 5"):
        apply(pictures(5, (32, 32)), params)
    with pytest.raises(ValueError, match="images \\(B, 3, H, W\\)"):
        apply(pictures(4, (32, 32))[:, :1], params)


def test_a_gradient_flows_through_the_tensor_form():
    images = torch.rand(2, 3, 16, 16).requires_grad_()
    assert not fused.serves(images)
    apply(images, parameters(2, (16, 16), preset="small-image")).sum().backward()
    assert images.grad is not None


def test_it_compiles_where_no_cache_can_be_kept():
    """Code without a file has no folder beside it, as with a package that lies in an archive."""
    namespace: dict[str, object] = {}
    exec("def double(x):\n    return 2 * x", namespace)
    assert kernels._kept(namespace["double"])(np.float32(1.5)) == 3


def test_after_a_warm_up_nothing_is_left_to_compile():
    warm_up()
    known = len(kernels.make.signatures)
    apply(pictures(2, (16, 16)), parameters(2, (16, 16)))
    apply(pictures(2, (16, 16)).float() / 255, parameters(2, (16, 16)))
    assert len(kernels.make.signatures) == known


def test_the_compiler_is_loaded_when_it_is_needed_and_not_before():
    command = "import sys, byol_core.augment; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
