"""A run taken away: its encoder in the forms that other programs read, its embeddings, its card, the script of it.

Naming the formats needs no torch; writing most of them does. A file is whole or not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from byol_core.errors import InputError
from byol_core.language import ENGLISH
from byol_core.messages import Listing, Message
from byol_core.runs.export_zip import whole
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

__all__ = ["FORMATS", "Format", "write", "write_to"]

Write = Callable[..., None]  # of a store, a run and an open file


@dataclass(frozen=True)
class Format:
    """One way to take a run away.

    ``purpose`` is a sentence on what the file is for. ``needs`` is the extra that has to be installed, empty for none,
    and ``packages`` are what it brings. ``light`` ones need neither torch nor time. ``maker`` is ``module:function``,
    which takes the language as well where people read the file: ``spoken``.
    """

    name: str
    title: str
    suffix: str
    purpose: str
    maker: str
    needs: str = ""
    packages: tuple[str, ...] = ()
    light: bool = False
    spoken: bool = False

    def missing(self) -> str:
        """The sentence that says what to install; empty when nothing is missing."""
        if all(find_spec(package) for package in self.packages):
            return ""
        return Message(
            "The format '{format}' needs more than is installed: pip install 'byol-lab[{extra}]'.",
            format=self.name,
            extra=self.needs,
        )


_TABLE = (
    Format(
        "safetensors", "Encoder (safetensors)", ".safetensors",
        "The encoder with the settings of its run, as this lab and every program that reads safetensors takes it.",
        "weights:write_encoder",
    ),
    Format(
        "torchvision", "Encoder for torchvision", ".safetensors",
        "A ResNet under torchvision's names; the file says how its stem and its images should be.",
        "weights:write_torchvision",
    ),
    Format(
        "timm", "Encoder for timm", ".safetensors",
        "A ResNet under timm's names, with timm's own description of the model in its header.",
        "weights:write_timm",
    ),
    Format(
        "onnx", "Encoder as ONNX", ".onnx",
        "Images in, representations out, for onnxruntime and others without Python; any batch size.",
        "graphs:write_onnx", "onnx", ("onnx", "onnxscript", "onnxruntime"),
    ),
    Format(
        "export", "Encoder as torch.export", ".pt2",
        "The same as a program of PyTorch that needs no code of this lab; any batch size.",
        "graphs:write_program",
    ),
    Format(
        "parquet", "Embeddings as Parquet", ".parquet",
        "The representation of every image in the set, a row each, with its split and its class.",
        "embeddings:write_embeddings",
    ),
    Format(
        "card", "Model card", ".md",
        "What it was trained on and how, what it can do, and where its limits are: the README of a model.",
        "card:write_card", light=True, spoken=True,
    ),
    Format(
        "python", "Python script", ".py",
        "The script that repeats the run, with every setting in it.",
        "script:write_script", light=True,
    ),
)  # fmt: skip
FORMATS: dict[str, Format] = {one.name: one for one in _TABLE}


def find(name: str) -> Format:
    """The format of that name; InputError when there is none, or when what it needs is not installed."""
    if name not in FORMATS:
        raise InputError(
            "There is no format '{name}'; the formats are {formats}.", name=name, formats=Listing(FORMATS, "comma")
        )
    if complaint := FORMATS[name].missing():
        raise InputError(complaint)
    return FORMATS[name]


def write(store: RunStore, run: Run, format: str, out: Path, lang: str = ENGLISH) -> Path:
    """Write a run in one of :data:`FORMATS` to a file, which is whole or not there; a model card in that language.

    InputError for an unknown format, a missing extra, another ending than the format's, or a run that the format does
    not fit; LabError when the run has no encoder yet, or the file cannot be written.
    """
    chosen = find(format)
    if out.suffix.lower() != chosen.suffix:
        raise InputError(
            "The file '{file}' should end with {suffix}, as the format '{format}' does.",
            file=out.name,
            suffix=chosen.suffix,
            format=format,
        )
    if out.is_dir():
        raise InputError("'{path}' is a folder; name a file in it.", path=out)
    return whole(out, lambda target: write_to(store, run, format, target, lang))


def write_to(store: RunStore, run: Run, format: str, target: IO[bytes], lang: str = ENGLISH) -> None:
    """Write a run in one of :data:`FORMATS` to an open file; the errors of :func:`write`."""
    form = find(format)
    module, _, name = form.maker.partition(":")
    make: Write = getattr(import_module(f"byol_core.export.{module}"), name)
    if form.spoken:
        make(store, run, target, lang)
    else:
        make(store, run, target)
