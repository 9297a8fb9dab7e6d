"""A training step on a GPU: images/s beside the GPU's own matrix rate, device memory, and where the time goes."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import say
from trace_parts import busy, longest, shares

WARM, SIDE = 20, 8192  # steps thrown away, the graph's capture among them; side of the matrices
PARTS = ("views", "forward", "backward", "optimizer", "average")
PROFILED = 10  # steps


# Speed


class Contender:
    """One way of executing the steps, warmed up."""

    def __init__(self, config: Any, images: Any, warm: int = WARM) -> None:
        from ours import Bench

        before = reset_peak()
        self.bench, self.batch = Bench(config, images), int(config.batch_size)
        for _ in range(warm):
            self.bench.take()
        synchronize()
        self.memory = {name: round(value - before[name], 1) for name, value in peak().items()}

    def speed(self, steps: int) -> float:
        """Images a second over so many steps, the device waited for once, at the end."""
        started = time.perf_counter()
        for _ in range(steps):
            self.bench.take()
        synchronize()
        return round(steps * self.batch / (time.perf_counter() - started), 1)


def synchronize() -> None:
    """Wait for the GPU."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def reset_peak() -> dict[str, float]:
    """Count the device memory from here on; what is in use already."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return peak()


def peak() -> dict[str, float]:
    """Device memory since then, in MiB: what tensors held, and what was taken from the GPU for it."""
    import torch

    if not torch.cuda.is_available():
        return {"allocated": 0.0, "reserved": 0.0}
    found = {"allocated": torch.cuda.max_memory_allocated(), "reserved": torch.cuda.max_memory_reserved()}
    return {name: round(value / 2**20, 1) for name, value in found.items()}


def matrix_rate(device: str, side: int = SIDE, tries: int = 20) -> float:
    """FLOP/s of a bfloat16 matrix product, the median of a few."""
    import torch

    a = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    seconds = []
    for _ in range(tries):
        synchronize()
        started = time.perf_counter()
        a @ a
        synchronize()
        seconds.append(time.perf_counter() - started)
    return float(2 * side**3 / statistics.median(seconds))


def arithmetic(config: Any, images: Any) -> float:
    """FLOP of an image in a step, two for a multiplication with its addition, as torch counts them."""
    from ours import Bench, Parts
    from torch.utils.flop_counter import FlopCounterMode

    batch = 16
    parts = Parts(Bench(config.changed(batch_size=batch, **{"runtime.execution": "eager"}), images))
    views = parts.views(parts.batch(0), 0)
    with FlopCounterMode(display=False) as counter:
        parts.step(views, 0)
    return float(counter.get_total_flops()) / batch


def speeds(config: Any, images: Any, chosen: argparse.Namespace) -> dict[str, Any]:
    """Rounds of every way of executing, in turn, beside the matrix rate; and the peaks of device memory."""
    ways = {}
    for way in chosen.execution:
        say(f"preparing {way}")
        ways[way] = Contender(config.changed(**{"runtime.execution": way}), images)
    rounds = []
    for number in range(chosen.rounds):
        rate = matrix_rate(chosen.device)
        turns = {way: {"images": contender.speed(chosen.steps)} for way, contender in ways.items()}
        rounds.append({"rate": rate, "turns": turns})
        told = ", ".join(f"{way} {each['images']:,.0f} images/s" for way, each in turns.items())
        say(f"round {number + 1}: {rate / 1e12:.0f} TFLOP/s, {told}")
    return {
        "batch": config.batch_size,
        "rounds": rounds,
        "memory": {way: contender.memory for way, contender in ways.items()},
        "flop": arithmetic(config, images),
    }


# Where the time goes


def profile(config: Any, images: Any, way: str) -> dict[str, Any]:
    """A trace of a few steps: parts where the steps are eager, the whole where they are not."""
    from ours import Bench, Parts
    from torch.profiler import record_function

    bench = Bench(config.changed(**{"runtime.execution": way}), images)
    for _ in range(WARM):
        bench.take()
    parts = Parts(bench)

    def apart() -> None:
        batch = parts.batch(bench.step)
        with record_function("views"):
            views = parts.views(batch, bench.step)
        parts.step(views, bench.step, record_function)
        bench.step += 1

    def whole() -> None:
        with record_function("step"):
            bench.take()

    events, seconds = _trace(apart if way == "eager" else whole)
    return {"way": way, "seconds": seconds, **_digest(events, PARTS if way == "eager" else ("step",))}


def _trace(step: Any) -> tuple[list[dict[str, Any]], float]:
    """The events of the profiled steps, and the seconds of one, which the profiler itself makes longer."""
    import torch
    from torch.profiler import ProfilerActivity

    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if torch.cuda.is_available() else [])]
    with TemporaryDirectory() as folder:
        with torch.profiler.profile(activities=kinds) as profiler:
            synchronize()
            started = time.perf_counter()
            for _ in range(PROFILED):
                step()
            synchronize()
            seconds = (time.perf_counter() - started) / PROFILED
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    return events, seconds


def _digest(events: list[dict[str, Any]], parts: Sequence[str]) -> dict[str, Any]:
    """Per step: each part's milliseconds and counts, the device's busy time, and the longest kernels."""
    found = {
        name: {
            "device_ms": round(share.device / PROFILED / 1000, 3),
            "host_ms": round(share.host / PROFILED / 1000, 3),
            "launches": round(share.launches / PROFILED, 1),
            "waits": round(share.waits / PROFILED, 1),
        }
        for name, share in shares(events, parts).items()
    }
    kernels = [(name, round(us / PROFILED / 1000, 3), count / PROFILED) for name, us, count in longest(events, 12)]
    return {"parts": found, "busy_ms": round(busy(events) / PROFILED / 1000, 3), "kernels": kernels}
