"""What the benchmarks share: medians with their spread, ratios within a round, verdicts, tables, machine, images.

Nothing here loads torch before it is needed, so that ``--help`` and a missing package answer at once.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from byol_core.data.imageset import ImageSet

RESULTS = Path(__file__).parent / "results"
INSTALL = {
    "lightly": 'pip install -e ".[bench]"',
    "byol_pytorch": 'pip install -e ".[bench]"',
    "solo": "pip install --no-deps solo-learn",
}
_PACKAGES = ("torch", "torchvision", "lightly", "solo-learn", "byol-pytorch")

# Numbers


def spread(values: Iterable[float | None], digits: int = 3) -> str:
    """``median (min–max)`` with so many significant digits; a dash when nothing was measured."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    low, middle, high = (_significant(f(known), digits) for f in (min, statistics.median, max))
    return middle if len(known) == 1 else f"{middle} ({low}–{high})"


def _significant(value: float, digits: int) -> str:
    """Plain digits, never an exponent: 12,345.6 with three digits is 12,346."""
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:,.{max(0, digits - whole)}f}"


def ratios(rounds: Sequence[Mapping[str, Mapping[str, Any]]], ours: str, other: str, key: str) -> list[float]:
    """What ``ours`` is to ``other`` in each round that measured both: pairs share the state of the machine."""
    pairs = [(turns[ours].get(key), turns[other].get(key)) for turns in rounds if ours in turns and other in turns]
    return [mine / theirs for mine, theirs in pairs if mine and theirs]


def of(rounds: Sequence[Mapping[str, Mapping[str, Any]]], who: str, key: str) -> list[float]:
    """The values of one contender over the rounds."""
    return [turns[who][key] for turns in rounds if who in turns and turns[who].get(key) is not None]


def in_turn(names: Sequence[Any], number: int) -> list[Any]:
    """The order of a round: each round starts with the next one, so that nobody always runs after the same."""
    start = number % len(names)
    return [*names[start:], *names[:start]]


@dataclass(frozen=True)
class Requirement:
    """A figure to reach, at least or at ``most``, and what was measured; None when this run did not measure it."""

    what: str
    figure: float
    measured: float | None
    most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it is reached."""
        if self.measured is None:
            return None
        return self.measured <= self.figure if self.most else self.measured >= self.figure

    def row(self) -> list[str]:
        """A row of the table of requirements."""
        sign = "≤" if self.most else "≥"
        found = "–" if self.measured is None else _significant(self.measured, 3)
        word = {None: "not measured", True: "met", False: "**not met**"}[self.met]
        return [self.what, f"{sign} {self.figure:g}", found, word]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "met": self.met}


DISTURBED = 0.05  # of the cores, taken by other programs during a turn


def disturbance(shares: Iterable[float], when: str = "during") -> str:
    """How much of the cores other programs had during the turns, and what that means for the figures."""
    found = [100 * share for share in shares]
    sentence = f"Other programs had {spread(found, 2)} % of the cores {when} the turns"
    if max(found, default=0.0) <= 100 * DISTURBED:
        return sentence + "."
    return sentence + f", more than {100 * DISTURBED:g} % in some: **disturbed, repeat on a quiet machine**."


def counted(n: int, what: str) -> str:
    """``1 round``, ``5 rounds``."""
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def middle(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return statistics.median(values) if values else None


# Words


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def requirements_table(requirements: Iterable[Requirement]) -> str:
    """What is required beside what was measured."""
    return table(["required", "figure", "measured", ""], [requirement.row() for requirement in requirements])


def heading(title: str, machine: Mapping[str, Any]) -> str:
    """Title, command, day, hardware and versions."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv]  # a path is this machine's
    command = "python benchmarks/" + shlex.join([Path(words[0]).name, *words[1:]])
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"# {title}\n\n`{command}` on {date.today():%Y-%m-%d}. {machine['hardware']}. {versions}."


def describe() -> dict[str, Any]:
    """Hardware and versions of everything that takes part."""
    from byol_core._version import __version__
    from byol_core.system.device import describe_machine

    m = describe_machine()
    bf16 = "with" if m["devices"][-1]["bf16"] else "without"
    hardware = [f"{m['cpu']}, {m['threads']} threads, {bf16} bfloat16 units, {m['memory_gb']} GB"]
    hardware += [device["name"] for device in m["devices"] if device["kind"] == "cuda"]
    versions = {"Python": m["python"], "byol-lab": __version__}
    return {"hardware": "; ".join(hardware), "versions": {**versions, **installed(_PACKAGES)}}


def installed(names: Iterable[str]) -> dict[str, str]:
    """The versions of those that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def say(text: str) -> None:
    """A line for whoever waits, apart from the result."""
    print(text, file=sys.stderr, flush=True)


# The command line


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--quick", action="store_true", help="about a minute: one small round, to see that it works")
    found.add_argument("--json", action="store_true", help="print everything measured as JSON")
    found.add_argument("--write", action="store_true", help="write the tables to benchmarks/results/ as well")
    return found


def need(modules: Iterable[str]) -> None:
    """Leave with one sentence and status 2 when a package is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        commands = dict.fromkeys(INSTALL.get(module, f"pip install {module}") for module in missing)
        leave(f"Missing: {', '.join(missing)}; install with: {' && '.join(commands)}")


def leave(sentence: str, status: int = 2) -> NoReturn:
    """One sentence on stderr, and out: 2 where the user can mend it, 1 where it failed."""
    say(sentence)
    raise SystemExit(status)


def guarded(main: Callable[[], None]) -> None:
    """Run a benchmark; what people can mend is said in a sentence."""
    from byol_core.errors import InputError, LabError

    try:
        main()
    except LabError as error:
        leave(str(error), 2 if isinstance(error, InputError) else 1)


def show(arguments: argparse.Namespace, name: str, data: Mapping[str, Any], markdown: str) -> None:
    """Print the result, and write its tables when asked to."""
    print(json.dumps(data) if arguments.json else markdown)
    if arguments.write:
        from byol_core.system.files import write_atomic

        write_atomic(RESULTS / f"{name}.md", (markdown + "\n").encode())


# Images


def images(cifar: str | None, limit: int | None, size: int = 32) -> ImageSet:
    """CIFAR-10 from an .npz, else the embedded EuroSAT; real images either way, ``limit`` of them to train on."""
    from byol_core.data.catalog import load

    return load(cifar or "eurosat", size, limit=limit)


def named(images: ImageSet) -> str:
    """What the images are, in words."""
    n, side = len(images.train), images.images.shape[2]
    return f"{n:,} training images of {images.name}, {side}x{side}"
