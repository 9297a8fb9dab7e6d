"""Checks for the arguments of public functions: each raises an ArgumentError with one sentence, or does nothing.

Kind, shape and dtype are always checked, which costs a microsecond and never waits for a device. Values are only
checked where they can be read at once (:func:`at_hand`); functions that are called in every training step do not check
them at all. A message is made only where something is wrong: the compiler cannot put one into a graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from byol_core.errors import ArgumentError
from byol_core.messages import Listing, Message

if TYPE_CHECKING:
    from torch import Tensor

_LONGEST = 60  # characters of a value that are quoted in a message
_TOLERANCE = 1e-3  # how far an image may leave [0, 1] through rounding, in half precision too


def wrong(name: str, wanted: str, value: object) -> ArgumentError:
    """The error to raise: what the argument should be, and what it is."""
    expected = wanted if isinstance(wanted, Message) else Message(wanted)
    return ArgumentError("'{name}' should be {wanted}, but is {value}.", name=name, wanted=expected, value=said(value))


def said(value: object) -> str:
    """A value as text for a message: a tensor as shape and dtype, anything else as ``repr``, shortened."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if dtype is not None and isinstance(shape, tuple):
        about: dict[str, Any] = {"shape": str(tuple(shape)), "dtype": str(dtype).rpartition(".")[2]}
        if is_tensor(value):
            return Message("a tensor {shape} of {dtype}", **about)
        return Message("an array {shape} of {dtype}", **about)
    text = " ".join(repr(value).split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return text if isinstance(value, (int, float, str, type(None))) else f"{text} ({type(value).__name__})"


def is_tensor(value: object) -> bool:
    """Whether the value is a torch tensor; torch is only imported when this is asked."""
    from torch import Tensor

    return isinstance(value, Tensor)


def at_hand(tensor: Tensor) -> bool:
    """Whether the values can be read without waiting for a device, and without breaking a trace or a compiled graph."""
    import torch

    traced = torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return tensor.device.type == "cpu" and not traced


# Numbers and kinds


def kind(name: str, value: object, kinds: type | tuple[type, ...], wanted: str) -> None:
    """Check that the value is an instance of one of ``kinds``."""
    if not isinstance(value, kinds):
        raise wrong(name, wanted, value)


def one_of(name: str, value: object, known: Sequence[str]) -> None:
    """Check that the value is one of the ``known`` strings."""
    if not isinstance(value, str) or value not in known:
        raise wrong(name, Message("one of {names}", names=Listing(known, "comma")), value)


def known(name: str, value: Any, keys: Sequence[str]) -> None:
    """Check that the mapping has exactly these keys."""
    missing, other = [key for key in keys if key not in value], [key for key in value if key not in keys]
    if missing:
        raise ArgumentError("'{name}' lacks '{key}'.", name=name, key=missing[0])
    if other:
        raise ArgumentError("'{name}' does not know '{key}'.", name=name, key=other[0])


def whole(name: str, value: object, least: int = 1, most: int | None = None) -> None:
    """Check for a whole number from ``least`` to ``most``; a bool does not count as one."""
    fits = isinstance(value, (int, Integral)) and not isinstance(value, bool)
    if not fits or not least <= int(value) <= (math.inf if most is None else most):  # type: ignore[call-overload]
        if most is None:
            raise wrong(name, Message("a whole number from {least} on", least=least), value)
        raise wrong(name, Message("a whole number from {least} to {most}", least=least, most=most), value)


def number(
    name: str, value: object, least: float = -math.inf, most: float = math.inf, *, above: float = -math.inf
) -> None:
    """Check for a finite number from ``least`` to ``most`` and greater than ``above``; scalar tensors always pass."""
    real = isinstance(value, (int, float, Real)) and not isinstance(value, bool)
    # The value of a tensor is not read: it may be on a device, and waiting for it would stall a training step.
    if not real and getattr(value, "ndim", 1) == 0 and is_tensor(value):
        return
    if not real or not (math.isfinite(value) and least <= value <= most and value > above):  # type: ignore
        raise wrong(name, _between(least, most, above), value)


def _between(least: float, most: float, above: float) -> Message:
    """Which numbers are wanted."""
    if above > -math.inf:
        if most < math.inf:
            return Message("a number over {above:g} and at most {most:g}", above=above, most=most)
        return Message("a number over {above:g}", above=above)
    if least > -math.inf:
        if most < math.inf:
            return Message("a number from {least:g} to {most:g}", least=least, most=most)
        return Message("a number from {least:g} on", least=least)
    return Message("a number to {most:g}", most=most) if most < math.inf else Message("a number that is finite")


def sides(name: str, value: object) -> None:
    """Check for a height and a width, each a whole number of at least one pixel."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise wrong(name, "two whole numbers, height and width", value)
    for side in value:
        whole(name, side)


# Tensors


def rows(name: str, value: object, *, least: int = 1, any_real: bool = False) -> None:
    """Check for a float matrix with at least ``least`` rows and one column; ``any_real`` also allows whole numbers."""
    if not is_tensor(value):
        raise wrong(name, _rows(least), value)
    import torch

    tensor: Any = value
    real = tensor.is_floating_point() or (any_real and not tensor.is_complex() and tensor.dtype != torch.bool)
    if not real or tensor.ndim != 2 or len(tensor) < least or not tensor.shape[1]:
        raise wrong(name, _rows(least), value)


def _rows(least: int) -> Message:
    if least > 1:
        return Message("a tensor of floats, one row of numbers for each image, {least} or more", least=least)
    return Message("a tensor of floats, one row of numbers for each image")


def alike(**tensors: Any) -> None:
    """Check that the tensors have the same shape and device; torch would silently broadcast a smaller one."""
    (name, first), *others = tensors.items()
    for other, value in others:
        if value.shape != first.shape:
            raise ArgumentError(
                "'{name}' and '{other}' should have the same shape, but are {first} and {second}.",
                name=name,
                other=other,
                first=str(tuple(first.shape)),
                second=str(tuple(value.shape)),
            )
        on_one_device(**{name: first, other: value})


def as_long(**tensors: Any) -> None:
    """Check that the rows of the tensors have the same length and are on the same device."""
    (name, first), *others = tensors.items()
    for other, value in others:
        if value.shape[1] != first.shape[1]:
            raise ArgumentError(
                "'{name}' and '{other}' should have rows of one length, but theirs are {first} and {second} long.",
                name=name,
                other=other,
                first=int(first.shape[1]),
                second=int(value.shape[1]),
            )
        on_one_device(**{name: first, other: value})


def on_one_device(**tensors: Any) -> None:
    """Check that the tensors are on the same device."""
    (name, first), *others = tensors.items()
    for other, value in others:
        if value.device != first.device:
            raise ArgumentError(
                "'{name}' and '{other}' should be on one device, but are on {first} and {second}.",
                name=name,
                other=other,
                first=str(first.device),
                second=str(value.device),
            )


def finite(name: str, tensor: Any) -> None:
    """Check that the tensor contains no NaN and no infinity. Waits for the device."""
    if not bool(tensor.isfinite().all()):
        raise _not_finite(name)


def _not_finite(name: str) -> ArgumentError:
    return ArgumentError("'{name}' holds values that are no finite numbers.", name=name)


def labels(name: str, value: object, count: int, classes: int | None = None, *, look: bool = True) -> None:
    """Check for ``count`` class numbers below ``classes``, -1 for none; with ``look``, their values are checked too."""
    if not is_tensor(value):
        raise wrong(name, _class_numbers(count), value)
    import torch

    tensor: Any = value
    if tensor.dtype != torch.int64 or tensor.shape != (count,):
        raise wrong(name, _class_numbers(count), value)
    if not (look and count):
        return
    low, high = (int(end) for end in tensor.aminmax())
    if low < -1 or (classes is not None and high >= classes):
        held = low if low < -1 else high
        if classes is None:
            raise ArgumentError(
                "'{name}' should hold class numbers from -1 on, but holds {held}.", name=name, held=held
            )
        raise ArgumentError(
            "'{name}' should hold class numbers from -1 to {most}, but holds {held}.",
            name=name,
            most=classes - 1,
            held=held,
        )


def _class_numbers(count: int) -> Message:
    return Message("a tensor of {count} class numbers (whole numbers, -1 for none)", count=count)


def pictures(name: str, value: object, *, look: bool = True) -> None:
    """Check for images (B, 3, H, W), uint8 or floats; with ``look``, floats must be in [0, 1]."""
    if not is_tensor(value):
        raise _no_pictures(name, value)
    import torch

    tensor: Any = value
    floats = tensor.is_floating_point()
    if not (floats or tensor.dtype == torch.uint8) or tensor.ndim != 4 or tensor.shape[1] != 3:
        raise _no_pictures(name, value)
    if not tensor.shape[2] or not tensor.shape[3]:
        raise _no_pictures(name, value)
    if look and floats and tensor.numel():
        _in_unit(name, tensor)


def _no_pictures(name: str, value: object) -> ArgumentError:
    return wrong(name, "a tensor of images (B, 3, H, W), uint8 or floats in [0, 1]", value)


def _in_unit(name: str, tensor: Any) -> None:
    low, high = (float(end) for end in tensor.detach().aminmax())
    if not -_TOLERANCE <= low <= high <= 1 + _TOLERANCE:  # this comparison is also false when one of them is NaN
        if not (math.isfinite(low) and math.isfinite(high)):
            raise _not_finite(name)
        if low >= 0 and high > 2:
            raise ArgumentError(
                "'{name}' should lie in [0, 1], but goes from {low:.4g} to {high:.4g}; divide by 255, or give uint8.",
                name=name,
                low=low,
                high=high,
            )
        raise ArgumentError(
            "'{name}' should lie in [0, 1], but goes from {low:.4g} to {high:.4g}.", name=name, low=low, high=high
        )
