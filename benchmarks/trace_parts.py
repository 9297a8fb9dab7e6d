"""Where the time of a step goes on a GPU: the profiler's trace, put down to the parts of the step that launched it.

The trace is torch.profiler's, in Chrome's format. A kernel belongs to the part during which it was launched, also when
autograd's own thread launched it: the main thread is inside the part until the host's work for it is done.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Event = Mapping[str, Any]
_ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")
_BY_HOST = ("cuda_runtime", "cuda_driver")
OUTSIDE = "elsewhere"


@dataclass
class Share:
    """What one part of the step took: microseconds of the device, launches and waits of the host, host microseconds."""

    device: float = 0.0
    host: float = 0.0
    launches: int = 0
    waits: int = 0


def shares(events: Sequence[Event], parts: Sequence[str]) -> dict[str, Share]:
    """The share of each named part, in their order, and of what was launched outside of them.

    ``parts`` are names of ``record_function`` ranges that do not overlap.
    """
    found = {name: Share() for name in (*parts, OUTSIDE)}
    ranges = _ranges(events, parts)
    for start, end, name in ranges:
        found[name].host += end - start
    launched = {}
    for event in _of(events, _BY_HOST):
        part = _at(ranges, event["ts"])
        launched[event.get("args", {}).get("correlation")] = part
        found[part].launches += "Launch" in event["name"]
        found[part].waits += "Synchronize" in event["name"]
    for event in _of(events, _ON_DEVICE):
        part = launched.get(event.get("args", {}).get("correlation"), OUTSIDE)
        found[part].device += event["dur"]
    return found


def busy(events: Sequence[Event]) -> float:
    """Microseconds in which the device did anything: the union of its events, which may overlap on several streams."""
    spans = sorted((event["ts"], event["ts"] + event["dur"]) for event in _of(events, _ON_DEVICE))
    total, until = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def longest(events: Sequence[Event], count: int) -> list[tuple[str, float, int]]:
    """The kernels that took most: name, microseconds in all, times."""
    found: dict[str, list[float]] = {}
    for event in _of(events, _ON_DEVICE):
        found.setdefault(event["name"], []).append(event["dur"])
    rows = [(name, sum(each), len(each)) for name, each in found.items()]
    return sorted(rows, key=lambda row: -row[1])[:count]


def _of(events: Iterable[Event], kinds: tuple[str, ...]) -> Iterable[Event]:
    return (event for event in events if event.get("ph") == "X" and event.get("cat") in kinds)


def _ranges(events: Sequence[Event], parts: Sequence[str]) -> list[tuple[float, float, str]]:
    marked = (event for event in _of(events, ("user_annotation",)) if event["name"] in parts)
    return sorted((event["ts"], event["ts"] + event["dur"], event["name"]) for event in marked)


def _at(ranges: list[tuple[float, float, str]], moment: float) -> str:
    """The part that holds a moment."""
    place = bisect_right(ranges, moment, key=lambda each: each[0]) - 1
    return ranges[place][2] if place >= 0 and moment <= ranges[place][1] else OUTSIDE
