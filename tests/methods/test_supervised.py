"""The supervised baseline: a linear classifier on both views' representations, and labels of -1 that do not count."""

import pytest
import torch
from torch.nn import functional as F

from byol_core.methods import Views


def test_the_loss_is_the_cross_entropy_of_both_views_labeled_rows(make, views, labels):
    model = make("supervised").double()
    first, second = views.double()
    known = labels >= 0
    logits = [model.classifier(model.online.encoder(view))[known] for view in (first, second)]
    expected = sum(F.cross_entropy(rows, labels[known]) for rows in logits) / 2
    assert torch.allclose(model(Views(first, second, None, labels)), expected, atol=1e-12)


def test_the_projection_is_the_representation(make, views):
    model = make("supervised")
    assert torch.equal(model.online(views[0]), model.online.encoder(views[0]))


def test_encoder_and_classifier_are_trained(make, views, labels):
    model = make("supervised")
    model(Views(*views, None, labels)).backward()
    trained = {id(p) for module, _ in model.trained(1.0) for p in module.parameters()}
    assert trained == {id(p) for p in model.parameters()}
    assert all(p.grad is not None for p in model.parameters())


def test_without_labels_it_says_so(make, views):
    with pytest.raises(ValueError, match="needs labels"):
        make("supervised")(Views(*views))
