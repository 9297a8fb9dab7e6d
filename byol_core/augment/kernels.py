"""The views of a batch on the CPU, compiled: all operations are applied to one image while it is in the cache.

The definitions and their sources are in ``geometry``, ``color`` and ``blur``, which serve accelerators, and against
which this file is tested. They pass the whole batch through memory once for every tensor operation; this file does it
once in total. Nothing here is parallel: ``fused`` distributes the images over threads. Everything that is compiled is
in this one file, because numba renews its cache on disk when the file of a function changes, but not when a file that
it imports does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from byol_core.augment.color import BRIGHTNESS, CONTRAST, HUE, LUMA

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Single = np.float32
_Function = TypeVar("_Function", bound=Callable[..., object])

# These are float32, because a Python float would turn every sum into float64, at half the speed.
_RED, _GREEN, _BLUE = (np.float32(share) for share in LUMA)
_0, _1, _2, _3, _4, _5, _6 = (np.float32(value) for value in range(7))
_STEP = np.float32(1 / 255)
# Allow sums in another order and fused multiply-add; NaN and infinities keep their meaning.
_FAST = {"reassoc", "contract", "nsz", "arcp"}


def _part(function: _Function, cache: bool = False) -> _Function:
    """Compile at the first call, and release the interpreter lock while running."""
    return cast(_Function, numba.njit(nogil=True, error_model="numpy", fastmath=_FAST, cache=cache)(function))


def _kept(function: _Function) -> _Function:
    """The same, and cache the machine code on disk; in memory only if no folder is writable."""
    try:
        return _part(function, cache=True)
    except RuntimeError:
        return _part(function)


@_part
def _cubic(x: float) -> float:
    x = abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return near if x < 1 else (far if x < 2 else 0.0)


@_part
def _resize_weights(length: int, mirror: bool, first: Ints, weights: Floats) -> int:
    """Weights such that pixel i is the sum over k of ``weights[i, k] * source[first[i] + k]``.

    Returns the number of k.
    """
    target = len(first)
    scale = length / target
    stretch = max(scale, 1.0)
    taps = min(length, math.ceil(4 * stretch))
    for i in range(target):
        center = ((target - 1 - i if mirror else i) + 0.5) * scale
        start = min(max(math.floor(center - 2 * stretch + 0.5), 0), length - taps)
        total = 0.0
        for k in range(taps):
            weight = _cubic((start + k + 0.5 - center) / stretch)
            weights[i, k] = weight
            total += weight
        for k in range(taps):
            weights[i, k] /= total
        first[i] = start
    return taps


@_part
def _resize(
    source: Floats, length: int, across: int, mirror: bool, target: Floats, first: Ints, weights: Floats
) -> None:
    """Resize ``length`` rows of each plane to the rows of ``target``, ``across`` long; four source rows at a time."""
    taps = _resize_weights(length, mirror, first, weights)
    for plane in range(len(source)):
        for i in range(len(first)):
            row, out = first[i], target[plane, i, :across]
            if taps < 4:
                out[:] = _0
            for k in range(0, taps - 3, 4):
                four, w = source[plane, row + k : row + k + 4], weights[i, k : k + 4]
                a, b, c, d = four[0], four[1], four[2], four[3]
                wa, wb, wc, wd = w[0], w[1], w[2], w[3]
                for x in range(across):
                    value = wa * a[x] + wb * b[x] + wc * c[x] + wd * d[x]
                    out[x] = value if k == 0 else out[x] + value
            for k in range(taps // 4 * 4, taps):
                a, wa = source[plane, row + k], weights[i, k]
                for x in range(across):
                    out[x] += wa * a[x]


@_part
def _unit(value: Single) -> Single:
    value = value if value > _0 else _0
    return value if value < _1 else _1


@_part
def _cut_bytes(image: Bytes, top: int, left: int, height: int, width: int, target: Floats) -> None:
    for c in range(3):
        for y in range(height):
            row, out = image[c, top + y, left : left + width], target[c, y]
            for x in range(width):
                out[x] = _STEP * np.float32(row[x])


@_part
def _cut_floats(image: Floats, top: int, left: int, height: int, width: int, target: Floats) -> None:
    for c in range(3):
        for y in range(height):
            row, out = image[c, top + y, left : left + width], target[c, y]
            for x in range(width):
                out[x] = row[x]


@_part
def _transpose(source: Floats, rows: int, columns: int, target: Floats) -> None:
    for x in range(columns):
        out = target[x]
        for y in range(rows):
            out[y] = source[y, x]


@_part
def _clamp(flat: Floats) -> None:
    for p in range(len(flat)):
        flat[p] = _unit(flat[p])


@_part
def _mean_gray(r: Floats, g: Floats, b: Floats) -> Single:
    total = _0
    for p in range(len(r)):
        total += _RED * r[p] + _GREEN * g[p] + _BLUE * b[p]
    return total / np.float32(len(r))


@_part
def _blend(flat: Floats, other: Single, factor: Single) -> None:
    for p in range(len(flat)):
        flat[p] = _unit(other + factor * (flat[p] - other))


@_part
def _blend_with_gray(r: Floats, g: Floats, b: Floats, factor: Single) -> None:
    """Saturation; grayscale if the factor is 0."""
    for p in range(len(r)):
        gray = _RED * r[p] + _GREEN * g[p] + _BLUE * b[p]
        r[p] = _unit(gray + factor * (r[p] - gray))
        g[p] = _unit(gray + factor * (g[p] - gray))
        b[p] = _unit(gray + factor * (b[p] - gray))


@_part
def _fall(k: Single) -> Single:
    """How far a channel is below the value, as a share of the chroma; k in [0, 18)."""
    k = k - _6 if k >= _6 else k
    k = k - _6 if k >= _6 else k
    return _unit(k if k < _4 - k else _4 - k)


@_part
def _hue(r: Floats, g: Floats, b: Floats, amount: Single) -> None:
    """``color.rotate_hue`` with a positive angle, to avoid remainders of negative numbers."""
    turn = np.float32(6 * (amount - math.floor(amount)))
    for p in range(len(r)):
        red, green, blue = r[p], g[p], b[p]
        value = red if red > green else green
        value = value if value > blue else blue
        low = red if red < green else green
        chroma = value - (low if low < blue else blue)
        over = _1 / (chroma if chroma > _0 else _1)
        sector = _2 + (blue - red) * over if value == green else _4 + (red - green) * over
        sector = turn + ((green - blue) * over if value == red else sector)
        r[p] = value - chroma * _fall(sector + _5)
        g[p] = value - chroma * _fall(sector + _3)
        b[p] = value - chroma * _fall(sector + _1)


@_part
def _jitter(flat: Floats, r: Floats, g: Floats, b: Floats, factors: Floats, order: Ints) -> None:
    for which in order:
        factor = factors[which]
        if which == HUE:
            if factor != _0:
                _hue(r, g, b, factor)
        elif factor != _1:
            if which == BRIGHTNESS:
                _blend(flat, _0, factor)
            elif which == CONTRAST:
                _blend(flat, _mean_gray(r, g, b), factor)
            else:
                _blend_with_gray(r, g, b, factor)


@_part
def _blur_weights(sigma: float, weights: Floats) -> None:
    """Half of the kernel, from its center outward; the whole kernel sums to one."""
    total = -1.0
    for k in range(len(weights)):
        weights[k] = math.exp(-0.5 * (k / sigma) ** 2)
        total += 2 * weights[k]
    for k in range(len(weights)):
        weights[k] /= total


@_part
def _reflected(at: int, side: int) -> int:
    return side - 1 - abs(side - 1 - abs(at))


@_part
def _blur(view: Floats, sigma: float, weights_y: Floats, weights_x: Floats, rows: Floats, line: Floats) -> None:
    """``blur.gaussian_blur``: along y into ``rows``, then each row along x through ``line`` with mirrored ends."""
    _, height, width = view.shape
    _blur_weights(sigma, weights_y)
    _blur_weights(sigma, weights_x)
    reach = len(weights_x) - 1
    for c in range(3):
        plane = view[c]
        for y in range(height):
            out, center, weight = rows[y], plane[y], weights_y[0]
            for x in range(width):
                out[x] = weight * center[x]
            for k in range(1, len(weights_y)):
                above, below, weight = plane[_reflected(y - k, height)], plane[_reflected(y + k, height)], weights_y[k]
                for x in range(width):
                    out[x] += weight * (above[x] + below[x])
        for y in range(height):
            row, out, middle, weight = rows[y], plane[y], line[reach:], weights_x[0]
            for x in range(width):
                middle[x] = row[x]
                out[x] = weight * row[x]
            for k in range(1, reach + 1):
                line[reach - k] = row[_reflected(-k, width)]
                middle[width - 1 + k] = row[_reflected(width - 1 + k, width)]
            for k in range(1, reach + 1):
                before, after, weight = line[reach - k :], line[reach + k :], weights_x[k]
                for x in range(width):
                    out[x] += weight * (before[x] + after[x])
            for x in range(width):
                out[x] = _unit(out[x])


@_part
def _solarize(flat: Floats, threshold: float) -> None:
    for p in range(len(flat)):
        flat[p] = flat[p] if flat[p] < threshold else _1 - flat[p]


@_kept
def make(
    start: int,
    stop: int,
    pictures: Bytes,
    floats: Floats,
    views: Floats,
    boxes: Ints,
    mirror_h: Bools,
    mirror_v: Bools,
    factors: Floats,
    order: Ints,
    gray: Bools,
    sigma: Floats,
    threshold: Floats,
    reach: tuple[int, int],
) -> None:
    """Write ``views[start:stop]`` (n, 3, h, w) from ``pictures`` (n, 3, H, W), or from ``floats`` if there are none.

    All arrays are contiguous. The parameters are those of ``ViewParameters``; an array of length 0 means that the
    operation is off. With ``boxes`` of length 0, the views are changed in place instead of cropped. ``reach``: how many
    pixels the blur extends on each side, along y and x.
    """
    _, _, height, width = views.shape
    H, W = max(pictures.shape[2], floats.shape[2]), max(pictures.shape[3], floats.shape[3])
    pixels, lines = height * width, 3 * height
    first_y, first_x = np.empty(height, np.int64), np.empty(width, np.int64)
    weights = np.empty((max(height, width), math.ceil(4 * max(1.0, H / height, W / width))), np.float32)
    source, rows = np.empty((3, H, W), np.float32), np.empty((3, height, max(W, width)), np.float32)
    turned, columns = np.empty((1, W, lines), np.float32), np.empty((1, width, lines), np.float32)
    weights_y, weights_x = np.empty(reach[0] + 1, np.float32), np.empty(reach[1] + 1, np.float32)
    line = np.empty(width + 2 * reach[1], np.float32)
    for i in range(start, stop):
        view = views[i]
        flat = view.reshape(3 * pixels)
        r, g, b = flat[:pixels], flat[pixels : 2 * pixels], flat[2 * pixels :]
        if len(boxes):
            box = boxes[i]
            top, left, h, w = box[0], box[1], box[2], box[3]
            if len(pictures):
                _cut_bytes(pictures[i], top, left, h, w, source)
            else:
                _cut_floats(floats[i], top, left, h, w, source)
            # Resize along y; then along x, transposed so that the inner loops run over adjacent pixels; then transpose
            # back.
            _resize(source, h, w, mirror_v[i], rows, first_y, weights)
            _transpose(rows.reshape(lines, rows.shape[2]), lines, w, turned[0])
            _resize(turned, w, lines, mirror_h[i], columns, first_x, weights)
            _transpose(columns[0], width, lines, view.reshape(lines, width))
            _clamp(flat)
        if len(factors):
            _jitter(flat, r, g, b, factors[i], order[i])
        if len(gray) and gray[i]:
            _blend_with_gray(r, g, b, _0)
        if len(sigma) and sigma[i] > _0:
            _blur(view, sigma[i], weights_y, weights_x, rows[0], line)
        if len(threshold) and threshold[i] <= _1:
            _solarize(flat, threshold[i])
