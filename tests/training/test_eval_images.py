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
from byol_core.training.eval_images import TEST, TRAIN, VALIDATION, EvalImages

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
    eval_images = EvalImages(config(), images(), CPU)
    assert eval_images.looked_at.tolist() == list(range(100))
    assert torch.equal(eval_images.bank, eval_images.training)
    assert torch.equal(eval_images.full_bank, torch.cat([eval_images.training, eval_images.validation]))
    assert (len(eval_images.training), len(eval_images.validation), len(eval_images.shown)) == (72, 8, 10)


def test_of_a_large_set_only_a_bank_is_looked_at() -> None:
    eval_images = EvalImages(config(**{"evaluation.bank": 30}), images(), CPU)
    assert (len(eval_images.bank), len(eval_images.full_bank)) == (30, 30)
    assert set(eval_images.bank.tolist()) <= set(eval_images.training.tolist())
    wanted = {*eval_images.bank.tolist(), *eval_images.validation.tolist(), *range(20), *eval_images.mapped.tolist()}
    assert eval_images.looked_at.tolist() == sorted(wanted)


def test_the_bank_is_drawn_by_the_seed() -> None:
    banks = [
        EvalImages(config(seed=seed, **{"evaluation.bank": 30}), images(), CPU).bank.tolist() for seed in (0, 0, 1)
    ]
    assert banks[0] == banks[1] != banks[2]


def test_images_without_a_label_are_no_neighbors() -> None:
    labels = torch.where(torch.arange(100) < 90, LABELS, -1)
    eval_images = EvalImages(config(**{"evaluation.bank": 30}), images(labels=labels), CPU)
    assert int(eval_images.bank.max()) < 90
    assert len(eval_images.bank) == 30


def test_without_labels_only_the_map_is_looked_at() -> None:
    eval_images = EvalImages(config(), images(labels=None), CPU)
    features = eval_images.pixels()
    assert eval_images.looked_at.tolist() == eval_images.mapped.tolist()
    assert (eval_images.on_validation(features), eval_images.on_test(features)) == (None, None)


def test_the_features_of_a_part_judge_as_those_of_the_whole_set() -> None:
    eval_images = EvalImages(config(**{"evaluation.bank": 30}), images(), CPU)
    part, whole = eval_images.pixels(), pixels(PIXELS)
    assert len(part) < len(whole)
    assert torch.equal(eval_images.rows(part, eval_images.shown), whole[eval_images.shown])
    assert torch.equal(eval_images.on_test(part), eval_images.on_test(whole))
    assert eval_images.on_validation(part) == eval_images.on_validation(whole)


def test_only_images_with_a_label_are_counted() -> None:
    known = torch.where(torch.arange(100) % 2 == 0, LABELS, -1)
    eval_images = EvalImages(config(), images(labels=known), CPU)
    right = eval_images.on_test(eval_images.pixels())
    assert right is not None and len(right) == 10 == eval_images.counts["test"]
    assert eval_images.counts["validation"] == int((known[eval_images.validation] >= 0).sum())
    assert EvalImages(config(), images(labels=None), CPU).counts == {"validation": 0, "test": 0}


def test_representations_come_from_a_file_as_from_memory(mapped: Tensor) -> None:
    encoder = build_encoder(config().network, 16)
    here, there = (EvalImages(config(), found, CPU) for found in (images(), images(mapped, on_disk=True)))
    expected = represent(encoder, PIXELS)
    assert torch.equal(here.represent(encoder), expected)
    assert torch.equal(there.represent(encoder), expected)
    assert torch.equal(represent(encoder, mapped), expected)
    assert torch.allclose(represent(encoder, mapped, rows=torch.tensor([70, 3])), expected[[70, 3]], atol=1e-6)
    assert torch.equal(there.pixels(), pixels(PIXELS))


def test_a_set_on_the_disk_stays_there(mapped: Tensor) -> None:
    assert EvalImages(config(), images(mapped, on_disk=True), CPU).images is mapped


def test_the_fingerprint_is_that_of_the_cache_or_of_the_content() -> None:
    assert EvalImages(config(), images(fingerprint="0123"), CPU).fingerprint == "0123"
    other = PIXELS.clone()
    other[99, 0, 0, 0] ^= 1
    prints = [EvalImages(config(), images(found), CPU).fingerprint for found in (PIXELS, PIXELS.clone(), other)]
    assert prints[0] == prints[1] != prints[2]


# What is mapped


def test_test_images_are_mapped_first_then_some_that_the_run_had() -> None:
    eval_images = EvalImages(config(), images(), CPU)
    rows, splits = eval_images.mapped.tolist(), eval_images.splits.tolist()
    assert rows[:10] == eval_images.shown.tolist() and splits[:10] == [TEST] * 10
    assert len(rows) == 15 and set(rows[10:]) <= set(range(20, 100))
    held = set(eval_images.validation.tolist())
    assert splits[10:] == [VALIDATION if row in held else TRAIN for row in rows[10:]]
    assert splits.count(TRAIN) > splits.count(VALIDATION)  # drawn apart from the validation images


def test_every_run_on_a_set_maps_the_same_images() -> None:
    first, second = (EvalImages(config(seed=seed), images(), CPU) for seed in (0, 1))
    assert first.mapped.tolist() == second.mapped.tolist()
    assert first.validation.tolist() != second.validation.tolist()


def test_a_small_set_is_mapped_whole() -> None:
    eval_images = EvalImages(config(**{"evaluation.probe": 1000, "evaluation.probe_training": 1000}), images(), CPU)
    assert sorted(eval_images.mapped.tolist()) == list(range(100))


def test_a_mapped_training_image_does_not_vote_for_itself() -> None:
    """Every label is said as kNN says it where the image is taken out of the training images."""
    changes = {"evaluation.probe_training": 80, "evaluation.k": 3, "data.validation": 0.1}
    eval_images = EvalImages(config(**changes), images(), CPU)
    features = eval_images.pixels()
    said, sure = eval_images.predict(features) or (None, None)
    assert said is not None and sure is not None and said.dtype == torch.int16 and sure.dtype == torch.float16
    whole = pixels(PIXELS)
    for place, row in enumerate(eval_images.mapped.tolist()):
        bank = eval_images.bank[eval_images.bank != row]
        votes = knn_votes(whole[bank], LABELS[bank], whole[[row]], classes=3, k=3, temperature=0.1)[0]
        assert int(votes.argmax()) == int(said[place])
        assert float(votes.max()) == pytest.approx(float(sure[place]), abs=2e-3)


def test_without_labels_nothing_is_said() -> None:
    eval_images = EvalImages(config(), images(labels=None), CPU)
    assert eval_images.predict(eval_images.pixels()) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_file_is_represented_on_the_gpu(mapped: Tensor) -> None:
    encoder = build_encoder(config().network, 16)
    expected = represent(encoder, PIXELS)
    eval_images = EvalImages(config(), images(mapped, on_disk=True), torch.device("cuda"))
    found = eval_images.represent(encoder.to("cuda"))
    assert torch.allclose(found.cpu(), expected, atol=1e-3)
    assert eval_images.on_test(found) is not None
