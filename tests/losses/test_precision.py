"""Every loss is computed in float32 from bfloat16 inputs, inside autocast as outside."""

import pytest
import torch
from torch.nn import functional as F

from byol_core import losses

NOISE = F.normalize(torch.randn(32, 8, generator=torch.Generator().manual_seed(1)), dim=1)
CALLS = {
    "byol_loss": lambda a, b: losses.byol_loss(a, b),
    "negative_cosine": lambda a, b: losses.negative_cosine(a, b),
    "nt_xent": lambda a, b: losses.nt_xent(a, b, 0.1),
    "info_nce": lambda a, b: losses.info_nce(a, b, NOISE, 0.07),
    "nce": lambda a, b: losses.nce(a, NOISE[:16], NOISE, torch.tensor(9.0), 500, 0.07),
    "estimate_log_z": lambda a, b: losses.estimate_log_z(a, NOISE, 500, 0.07),
    "bridge_loss": lambda a, b: losses.bridge_loss(a, b, b, a, 0.5, 0.3),
    "triplet_semi_hard": lambda a, b: losses.triplet_semi_hard(a, b, 0.2),
    "barlow_twins": lambda a, b: losses.barlow_twins(a, b, 5e-3),
    "vicreg": lambda a, b: losses.vicreg(a, b, 25.0, 25.0, 1.0),
    "cross_entropy": lambda a, b: losses.cross_entropy(a, torch.arange(16) % 8),
}


@pytest.mark.parametrize("name", CALLS)
def test_autocast_does_not_narrow_it(generator, name):
    a, b = torch.randn(2, 16, 8, generator=generator).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        inside = CALLS[name](a, b)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, CALLS[name](a.float(), b.float()))


def test_every_loss_is_looked_at():
    assert set(CALLS) == set(losses.__all__) - {"in_float32", "widened"}
