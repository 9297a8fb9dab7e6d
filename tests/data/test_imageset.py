"""ImageSet refuses what is not a set of images."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from byol_core.data import imageset
from byol_core.data.account import Account, LeftOut, Reason
from byol_core.data.imageset import ImageSet, allocate
from byol_core.errors import InputError


def make(count: int = 4, **changes: Any) -> ImageSet:
    fields: dict[str, Any] = {
        "name": "set",
        "images": torch.zeros(count, 3, 8, 8, dtype=torch.uint8),
        "labels": torch.zeros(count, dtype=torch.int64),
        "class_names": ("a",),
        "train": torch.arange(count - 1),
        "test": torch.tensor([count - 1]),
    }
    return ImageSet(**fields | changes)


def test_a_right_set_is_taken() -> None:
    assert len(make()) == 4


def test_labels_are_optional() -> None:
    assert make(labels=None, class_names=()).labels is None


def test_one_image_is_refused_with_the_first_reason() -> None:
    with pytest.raises(
        InputError, match=r"'set' holds 1 usable image, and two are the least\. 1 file was not used \(broken\): cat.png"
    ):
        make(1, account=Account(left_out=(LeftOut(Reason.BROKEN, 1, ("cat.png",)),)))


@pytest.mark.parametrize(
    "changes",
    [
        {"images": torch.zeros(4, 3, 8, 8)},
        {"images": torch.zeros(4, 1, 8, 8, dtype=torch.uint8)},
        {"labels": torch.zeros(3, dtype=torch.int64)},
        {"labels": torch.tensor([0, 0, 0, 1])},
        {"labels": torch.tensor([0, 0, 0, -2])},
        {"train": torch.tensor([0, 3])},
        {"train": torch.tensor([0, 4])},
        {"train": torch.tensor([0, -1])},
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="should"):
        make(**changes)


def test_more_than_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imageset, "MEMORY_SHARE", 0.0)
    with pytest.raises(InputError, match=r"10 images of 8 pixels need .* choose a smaller data.image_size"):
        allocate(10, 8)
