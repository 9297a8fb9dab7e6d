"""What an evaluation looks at: all of a small set, a bounded part of a large one, from memory or from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from byol_core.config import RunConfig, build
from byol_core.data.imageset import ImageSet
from byol_core.data.mapped import open_rows
from byol_core.evaluation.knn import knn_votes
from byol_core.networks import build_encoder
from byol_core.networks.features import pixels, represent
from byol_core.training.eval_images import TEST, TRAIN, VALIDATION, Probe

CPU = torch.device("cpu")
PIXELS = torch.randint(0, 256, (100, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(100) % 3


def config(**changes: Any) -> RunConfig:
    return build(
        {},
        {
            "network.encoder": "conv-quarter",
            "data.image_size": 16,
            "evaluation.probe": 10,
            "evaluation.probe_training": 5,
            **changes,
        },
    )


def images(pixels: Tensor = PIXELS, labels: Tensor | None = LABELS, **changes: Any) -> ImageSet:
    names = () if labels is None else ("a", "b", "c")
    return ImageSet("set", pixels, labels, names, torch.arange(20, 100), torch.arange(20), **changes)


@pytest.fixture
def mapped(tmp_path: Path) -> Tensor:
    """The images in a file."""
    PIXELS.numpy().tofile(tmp_path / "images")
    return open_rows(tmp_path / "images", 100, 16)


def test_all_of_a_small_set_is_looked_at() -> None:
    probe = Probe(config(), images(), CPU)
    assert probe.looked_at.tolist() == list(range(100))
    assert torch.equal(probe.bank, probe.training)
    assert torch.equal(probe.full_bank, torch.cat([probe.training, probe.validation]))
    assert (len(probe.training), len(probe.validation), len(probe.shown)) == (72, 8, 10)


def test_of_a_large_set_only_a_bank_is_looked_at() -> None:
    probe = Probe(config(**{"evaluation.bank": 30}), images(), CPU)
    assert (len(probe.bank), len(probe.full_bank)) == (30, 30)
    assert set(probe.bank.tolist()) <= set(probe.training.tolist())
    wanted = {*probe.bank.tolist(), *probe.validation.tolist(), *range(20), *probe.mapped.tolist()}
    assert probe.looked_at.tolist() == sorted(wanted)


def test_the_bank_is_drawn_by_the_seed() -> None:
    banks = [Probe(config(seed=seed, **{"evaluation.bank": 30}), images(), CPU).bank.tolist() for seed in (0, 0, 1)]
    assert banks[0] == banks[1] != banks[2]


def test_images_without_a_label_are_no_neighbors() -> None:
    labels = torch.where(torch.arange(100) < 90, LABELS, -1)
    probe = Probe(config(**{"evaluation.bank": 30}), images(labels=labels), CPU)
    assert int(probe.bank.max()) < 90
    assert len(probe.bank) == 30


def test_without_labels_only_the_map_is_looked_at() -> None:
    probe = Probe(config(), images(labels=None), CPU)
    features = probe.pixels()
    assert probe.looked_at.tolist() == probe.mapped.tolist()
    assert (probe.on_validation(features), probe.on_test(features)) == (None, None)


def test_the_features_of_a_part_judge_as_those_of_the_whole_set() -> None:
    probe = Probe(config(**{"evaluation.bank": 30}), images(), CPU)
    part, whole = probe.pixels(), pixels(PIXELS)
    assert len(part) < len(whole)
    assert torch.equal(probe.rows(part, probe.shown), whole[probe.shown])
    assert torch.equal(probe.on_test(part), probe.on_test(whole))
    assert probe.on_validation(part) == probe.on_validation(whole)


def test_only_images_with_a_label_are_counted() -> None:
    known = torch.where(torch.arange(100) % 2 == 0, LABELS, -1)
    probe = Probe(config(), images(labels=known), CPU)
    right = probe.on_test(probe.pixels())
    assert right is not None and len(right) == 10 == probe.counts["test"]
    assert probe.counts["validation"] == int((known[probe.validation] >= 0).sum())
    assert Probe(config(), images(labels=None), CPU).counts == {"validation": 0, "test": 0}


def test_representations_come_from_a_file_as_from_memory(mapped: Tensor) -> None:
    encoder = build_encoder(config().network, 16)
    here, there = (Probe(config(), found, CPU) for found in (images(), images(mapped, on_disk=True)))
    expected = represent(encoder, PIXELS)
    assert torch.equal(here.represent(encoder), expected)
    assert torch.equal(there.represent(encoder), expected)
    assert torch.equal(represent(encoder, mapped), expected)
    assert torch.allclose(represent(encoder, mapped, rows=torch.tensor([70, 3])), expected[[70, 3]], atol=1e-6)
    assert torch.equal(there.pixels(), pixels(PIXELS))


def test_a_set_on_the_disk_stays_there(mapped: Tensor) -> None:
    assert Probe(config(), images(mapped, on_disk=True), CPU).images is mapped


def test_the_fingerprint_is_that_of_the_cache_or_of_the_content() -> None:
    assert Probe(config(), images(fingerprint="0123"), CPU).fingerprint == "0123"
    other = PIXELS.clone()
    other[99, 0, 0, 0] ^= 1
    prints = [Probe(config(), images(found), CPU).fingerprint for found in (PIXELS, PIXELS.clone(), other)]
    assert prints[0] == prints[1] != prints[2]


# What is mapped


def test_test_images_are_mapped_first_then_some_that_the_run_had() -> None:
    probe = Probe(config(), images(), CPU)
    rows, splits = probe.mapped.tolist(), probe.splits.tolist()
    assert rows[:10] == probe.shown.tolist() and splits[:10] == [TEST] * 10
    assert len(rows) == 15 and set(rows[10:]) <= set(range(20, 100))
    held = set(probe.validation.tolist())
    assert splits[10:] == [VALIDATION if row in held else TRAIN for row in rows[10:]]
    assert splits.count(TRAIN) > splits.count(VALIDATION)  # drawn apart from the validation images


def test_every_run_on_a_set_maps_the_same_images() -> None:
    first, second = (Probe(config(seed=seed), images(), CPU) for seed in (0, 1))
    assert first.mapped.tolist() == second.mapped.tolist()
    assert first.validation.tolist() != second.validation.tolist()


def test_a_small_set_is_mapped_whole() -> None:
    probe = Probe(config(**{"evaluation.probe": 1000, "evaluation.probe_training": 1000}), images(), CPU)
    assert sorted(probe.mapped.tolist()) == list(range(100))


def test_a_mapped_training_image_does_not_vote_for_itself() -> None:
    """Every label is said as kNN says it where the image is taken out of the training images."""
    changes = {"evaluation.probe_training": 80, "evaluation.k": 3, "data.validation": 0.1}
    probe = Probe(config(**changes), images(), CPU)
    features = probe.pixels()
    said, sure = probe.predict(features) or (None, None)
    assert said is not None and sure is not None and said.dtype == torch.int16 and sure.dtype == torch.float16
    whole = pixels(PIXELS)
    for place, row in enumerate(probe.mapped.tolist()):
        bank = probe.bank[probe.bank != row]
        votes = knn_votes(whole[bank], LABELS[bank], whole[[row]], classes=3, k=3, temperature=0.1)[0]
        assert int(votes.argmax()) == int(said[place])
        assert float(votes.max()) == pytest.approx(float(sure[place]), abs=2e-3)


def test_without_labels_nothing_is_said() -> None:
    probe = Probe(config(), images(labels=None), CPU)
    assert probe.predict(probe.pixels()) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_file_is_represented_on_the_gpu(mapped: Tensor) -> None:
    encoder = build_encoder(config().network, 16)
    expected = represent(encoder, PIXELS)
    probe = Probe(config(), images(mapped, on_disk=True), torch.device("cuda"))
    found = probe.represent(encoder.to("cuda"))
    assert torch.allclose(found.cpu(), expected, atol=1e-3)
    assert probe.on_test(found) is not None
