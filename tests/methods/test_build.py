"""What cannot be computed is refused at once, in one sentence; everything else is built by its name."""

from typing import get_args

import pytest
import torch

from byol_core.config import build
from byol_core.config.method import WITH_TARGET, Objective
from byol_core.errors import InputError
from byol_core.methods import BYOL, Method, Views, build_method


@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_objective_is_built_and_has_a_target_where_the_settings_say_so(make, objective):
    model = make(objective)
    assert isinstance(model, Method)
    assert model.has_target is (objective in WITH_TARGET)
    assert model.branches()[0] is model.online


@pytest.mark.parametrize("objective", ["byol", "simsiam", "bridge"])
def test_the_predictive_ones_are_online_and_target(make, objective):
    assert isinstance(make(objective), BYOL)


@pytest.mark.parametrize("objective", get_args(Objective))
def test_the_same_seed_gives_the_same_encoder_to_every_objective(make, objective):
    ours, byols = make(objective).online.encoder, make("byol").online.encoder
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), byols.parameters(), strict=True))


@pytest.mark.parametrize(
    ("objective", "settings", "given", "sentence"),
    [
        ("supervised", {}, {"classes": 0}, "needs images with labels of at least two classes"),
        ("supervised", {}, {"classes": 1}, "needs images with labels of at least two classes"),
        ("nce", {}, {"images": 0}, "remembers every training image"),
        ("triplet", {"batch_size": 2}, {}, "needs at least 4 at a time; raise batch_size"),
        ("vicreg", {"batch_size": 12, "accumulate": 4}, {}, "needs at least 4 at a time; raise batch_size"),
        ("barlow-twins", {"batch_size": 3}, {}, "needs at least 4 at a time; raise batch_size"),
        ("byol", {"batch_size": 4, "accumulate": 4}, {}, "needs at least 2 at a time; raise batch_size"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(objective, settings, given, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        build_method(build({}, {"method.objective": objective, **settings}), **given)
    assert str(error.value).count(". ") == 0


@pytest.mark.parametrize("objective", get_args(Objective))
def test_a_bfloat16_step_gives_a_float32_loss_near_the_exact_one(make, objective, views, indices, labels):
    exact = make(objective)(Views(*views, indices, labels))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = make(objective)(Views(*views, indices, labels))
    assert rounded.dtype == torch.float32
    assert rounded.ndim == 0
    assert float(rounded.detach()) == pytest.approx(float(exact.detach()), rel=0.1, abs=0.1)


@pytest.mark.filterwarnings("ignore")  # the tracer's own
@pytest.mark.parametrize("objective", get_args(Objective))
def test_a_forward_pass_is_one_graph_that_the_host_never_waits_for(make, objective, views, indices, labels):
    """Reading a value on the host, or a shape that depends on one, would break the trace."""
    torch.compiler.reset()
    traced = torch.compile(make(objective), backend="eager", fullgraph=True, dynamic=False)
    plain = make(objective)
    for scale in (1.0, 0.5):  # a second step reads what the first wrote
        ours, expected = (m(Views(*(views * scale), indices, labels)).detach() for m in (traced, plain))
        assert torch.allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("objective", get_args(Objective))
def test_losses_one_by_one_add_up_to_the_whole(make, objective, views, indices, labels):
    given = Views(*views, indices, labels)
    parts = [loss.detach() for loss in make(objective).losses(given)]
    assert torch.allclose(torch.stack(parts).sum(), make(objective)(given).detach(), atol=1e-6)
