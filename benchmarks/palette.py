"""benchmarks/palette.py: search for ten class colors that anybody can tell apart, and print each better set.

By simulated annealing from the colors in use, for one theme. Each two colors must be --apart CIEDE2000 from another
in each kind of sight (1.6 times as far in the normal one), each 3.1:1 from its grounds; every class keeps its hue, and
among sets that do, the one nearest to the colors in use is preferred. Minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.color_vision import SIGHTS, TO_XYZ, Array, ciede2000, linear, parsed, seen  # noqa: E402

# Hue in CIELAB (degrees, None for any) and least and most chroma: teal, orange, violet, red, blue, olive, rose, slate,
# brown, green.
FAMILIES = (
    *(((175, 222), 16, 48), ((55, 78), 40, 90), ((292, 325), 25, 75), ((20, 44), 38, 90), ((234, 290), 22, 60)),
    *(((98, 126), 20, 75), ((338, 376), 20, 60), (None, 0, 14), ((45, 85), 12, 42), ((138, 172), 20, 60)),
)
STEPS = 2500
ONE, OTHER = np.triu_indices(len(FAMILIES), 1)


@dataclass(frozen=True)
class Wanted:
    """What the colors are measured by."""

    start: Array
    grounds: Array
    apart: float

    def cost(self, colors: Array) -> float:
        """0 for the colors in use, if these are far enough from each other."""
        lab = seen(colors, "normal")
        cost = 0.002 * (ciede2000(lab, seen(self.start, "normal")) ** 2).sum()
        for sight in SIGHTS:
            least = self.apart * (1.6 if sight == "normal" else 1)
            cost += short(ciede2000(*(seen(colors, sight)[side] for side in (ONE, OTHER))), least)
        light = linear(colors) @ TO_XYZ[1] + 0.05
        for ground in linear(self.grounds) @ TO_XYZ[1] + 0.05:
            cost += 40 * np.maximum(3.1 - np.maximum(light, ground) / np.minimum(light, ground), 0).sum()
        return float(cost + sum(map(strange, lab, FAMILIES)))


def short(distances: Array, least: float) -> float:
    missing = np.maximum(least - distances, 0)
    return float((missing**2).sum() + 3 * missing.sum())


def strange(lab: Array, family: tuple[tuple[int, int] | None, int, int]) -> float:
    """How far a color is from its family."""
    hues, low, high = family
    chroma, hue = float(np.hypot(*lab[1:])), float(np.degrees(np.arctan2(lab[2], lab[1])) % 360)
    cost = 0.8 * max(low - chroma, 0, chroma - high)
    if hues:
        hue += 360 * (hue < hues[0] - 100)
        cost += 0.5 * max(hues[0] - hue, 0, hue - hues[1])
    return cost


def annealed(wanted: Wanted, random: np.random.Generator) -> tuple[float, Array]:
    """One way down from the colors in use: one of them is changed at a time, ever less."""
    colors, cost = wanted.start, wanted.cost(wanted.start)
    for step in range(STEPS):
        left = 1 - step / STEPS
        other = colors.copy()
        which = random.integers(len(colors))
        moved = other[which] + random.normal(0, 0.12 * left + 0.008, 3)
        other[which] = np.round(np.clip(moved, 0, 1) * 255) / 255
        found = wanted.cost(other)
        if found < cost or random.random() < np.exp((cost - found) / (8 * 0.0025 ** (1 - left))):
            colors, cost = other, found
    return cost, colors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("theme", choices=["light", "dark"])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--apart", type=float, default=10.6)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][asked.theme]
    grounds = parsed([theme["backgroundColor"], theme["secondaryBackgroundColor"]])
    wanted = Wanted(parsed(theme["chartCategoricalColors"]), grounds, asked.apart)
    random, best, end = np.random.default_rng(asked.seed), np.inf, time.monotonic() + asked.seconds
    while time.monotonic() < end:
        cost, colors = annealed(wanted, random)
        if cost < best:
            best = cost
            least = {sight: ciede2000(*(seen(colors, sight)[side] for side in (ONE, OTHER))).min() for sight in SIGHTS}
            names = ["#" + "".join(f"{round(255 * part):02X}" for part in color) for color in colors]
            print(f"{cost:.2f}", *(f"{sight} {value:.1f}" for sight, value in least.items()), *names, flush=True)


if __name__ == "__main__":
    main()
