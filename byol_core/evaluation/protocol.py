"""What is asked of an encoder and what is answered: plain values, without torch, so that a page and a command can wait.

A :class:`Protocol` is one question; with the encoder's file it names the answer on disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from statistics import fmean, stdev
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from byol_core import messages
from byol_core.config import wanted
from byol_core.errors import InputError
from byol_core.evaluation.intervals import Accuracy, Difference, difference
from byol_core.messages import Listing, Message

Method = Literal["knn", "linear", "linear-sgd", "finetune"]
# The encoder of the run; the same network trained from scratch on the labels alone; the same network as initialized;
# and two that learn nothing: raw pixels and a histogram of colors.
Subject = Literal["trained", "scratch", "untrained", "pixels", "colour"]
METHODS: tuple[Method, ...] = ("knn", "linear", "linear-sgd", "finetune")
SUBJECTS: tuple[Subject, ...] = ("trained", "scratch", "untrained", "pixels", "colour")
MOST_SPLITS = 20
_WANTED_AMOUNT = Message("be 'all', a number of labels a class such as 10, or a share such as 1%")
_AMOUNT = re.compile(r"all|[1-9]\d{0,5}|(?:100|[1-9]?\d(?:\.\d+)?) ?%")


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Protocol(_Plain):
    """One question.

    ``labels``: how many training labels are used: "all", a number a class ("10"), or a share of each class ("1%").
    ``splits``: so many balanced draws of them, seeds ``seed``, ``seed + 1``, …; with all labels the split changes only
    which images choose the strength, and the seeds of fine-tuning. ``k`` and ``temperature`` are those of the weighted
    kNN. ``data``: another set to evaluate on; empty: the one that the run learned from.
    """

    method: Method = "linear"
    labels: str = "all"
    splits: int = Field(3, ge=1, le=MOST_SPLITS)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    k: int = Field(20, ge=1, le=1000)
    temperature: float = Field(0.1, gt=0, le=10)
    data: str = ""

    @field_validator("labels")
    @classmethod
    def _is_an_amount(cls, value: str) -> str:
        value = value.strip().lower()
        if not _AMOUNT.fullmatch(value) or (value.endswith("%") and float(value[:-1]) == 0):
            raise PydanticCustomError("no_amount", str(_WANTED_AMOUNT))
        if not value.endswith("%"):
            return value
        share = value[:-1].rstrip()  # one amount has one name, since it is part of the answer's
        share = share.rstrip("0").rstrip(".") if "." in share else share
        return "all" if share == "100" else f"{share}%"


def refusal(error: ValidationError, template: str) -> InputError:
    """What is wrong with a :class:`Protocol`, in a sentence made from a template with {field}, {wanted} and {value}."""
    first = error.errors()[0]
    field = str(first["loc"][0])
    return InputError(template, setting=field, field=field, wanted=wanted(first), value=repr(first["input"]))


class Scores(_Plain):
    """The accuracies (0 to 1, on the test images) of one subject, one a split, and what was chosen for each.

    ``chosen``: a sentence a split, such as "strength 0.01, 0.82 on validation". ``missing``: why there are none.
    ``gained``: in each split how many test images the trained encoder alone got right, compared with this subject;
    ``lost``: this subject alone. Empty in answers of earlier releases, as is ``kept``: what each of ``chosen`` was made
    of, for other languages, which is in the file and in no other JSON.
    """

    subject: Subject
    accuracies: tuple[float, ...] = ()
    chosen: tuple[str, ...] = ()
    missing: str = ""
    gained: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    kept: tuple[dict[str, Any] | None, ...] = Field((), exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _keeping(cls, values: Any) -> Any:
        """Keep what a text is made of before it is taken for a plain one."""
        chosen = values.get("chosen") if isinstance(values, Mapping) else None
        if isinstance(chosen, list | tuple) and any(isinstance(each, Message | Listing) for each in chosen):
            return {**values, "kept": tuple(map(messages.encode, chosen))}
        return values

    @property
    def choices(self) -> tuple[str, ...]:
        """``chosen``, as messages that can be said in another language."""
        kept = self.kept if len(self.kept) == len(self.chosen) else (None,) * len(self.chosen)
        return tuple(map(messages.decode, self.chosen, kept))

    @property
    def mean(self) -> float | None:
        """The mean over the splits; None without any."""
        return fmean(self.accuracies) if self.accuracies else None

    @property
    def spread(self) -> float | None:
        """The standard deviation over the splits; None with fewer than two."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else None


class Judged(_Plain):
    """The answer to one protocol: a row a subject, ``trained`` first."""

    protocol: Protocol
    scores: tuple[Scores, ...]
    data: str
    classes: tuple[str, ...]
    labeled: int = Field(ge=1)  # training images whose label was used, in each split
    tested: int = Field(ge=1)  # test images with a label
    seconds: float
    device: str
    version: str

    @model_validator(mode="before")
    @classmethod
    def _as_spelled_today(cls, values: Any) -> Any:
        """Answers that were kept before the field was spelled as it is now are read as well."""
        if isinstance(values, Mapping) and "labelled" in values:
            return {"labeled" if name == "labelled" else name: value for name, value in values.items()}
        return values

    def as_file(self) -> str:
        """Everything as JSON, for the disk."""
        tree = self.model_dump(mode="json")
        for row, scores in zip(tree["scores"], self.scores, strict=True):
            row["kept"] = scores.kept
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"

    def of(self, subject: Subject) -> Scores | None:
        """The row of one subject."""
        return next((row for row in self.scores if row.subject == subject), None)

    def draws(self, subject: Subject) -> int:
        """How many draws of labels its accuracy is a mean of; with all labels there is nothing to draw, and it is 1."""
        row = self.of(subject)
        return 1 if row is None or self.protocol.labels == "all" else len(row.accuracies)

    def figure(self, subject: Subject) -> Accuracy | None:
        """The accuracy of one subject on the test images, the mean of its splits; None without any."""
        row = self.of(subject)
        return None if row is None or row.mean is None else Accuracy(min(1.0, max(0.0, row.mean)), self.tested)

    def accuracies(self) -> dict[str, Any]:
        """Each subject's figure, and how far the trained encoder is ahead of it, as plain values with intervals."""
        found: dict[str, Any] = {}
        for row in self.scores:
            if figure := self.figure(row.subject):
                ahead = self.gap(row.subject) if row.subject != "trained" else None
                found[row.subject] = figure.as_dict() | {"draws": self.draws(row.subject)}
                found[row.subject] |= {"trained_is_ahead_by": ahead.as_dict()} if ahead else {}
        return found

    def gap(self, other: Subject) -> Difference | None:
        """By how much the trained encoder is above another subject on the same test images; None without both.

        Its interval is for the choice of test images; how much the draws of the labels differ is seen in the splits.
        """
        ours, theirs, row = self.figure("trained"), self.figure(other), self.of(other)
        if ours is None or theirs is None or row is None:
            return None
        counted = len(row.gained) == len(row.lost) == len(row.accuracies)
        return difference(ours, theirs, fmean(row.gained), fmean(row.lost)) if counted else difference(ours, theirs)
