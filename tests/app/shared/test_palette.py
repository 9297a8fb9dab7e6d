"""The colors in use can be told apart by everybody, and read: differences in each kind of sight, and contrast."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from app.shared import charts
from tests.color_vision import SIGHTS, ciede2000, contrast, parsed, seen

ROOT = Path(__file__).parents[3]
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
GROUNDS = ("backgroundColor", "secondaryBackgroundColor")  # that of the map lies between them
CLASSES = {theme: THEME[theme]["chartCategoricalColors"] for theme in ("light", "dark")}
# Sharma, Wu and Dalal (2005), "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test Data,
# and Mathematical Observations", table 1: L, a, b of two colors, and their difference.
SHARMA = """
50.0000   2.6772 -79.7751  50.0000   0.0000 -82.7485   2.0425
50.0000   3.1571 -77.2803  50.0000   0.0000 -82.7485   2.8615
50.0000   2.8361 -74.0200  50.0000   0.0000 -82.7485   3.4412
50.0000  -1.3802 -84.2814  50.0000   0.0000 -82.7485   1.0000
50.0000  -1.1848 -84.8006  50.0000   0.0000 -82.7485   1.0000
50.0000  -0.9009 -85.5211  50.0000   0.0000 -82.7485   1.0000
50.0000   0.0000   0.0000  50.0000  -1.0000   2.0000   2.3669
50.0000  -1.0000   2.0000  50.0000   0.0000   0.0000   2.3669
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0009   7.1792
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0010   7.1792
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0011   7.2195
50.0000   2.4900  -0.0010  50.0000  -2.4900   0.0012   7.2195
50.0000  -0.0010   2.4900  50.0000   0.0009  -2.4900   4.8045
50.0000  -0.0010   2.4900  50.0000   0.0010  -2.4900   4.8045
50.0000  -0.0010   2.4900  50.0000   0.0011  -2.4900   4.7461
50.0000   2.5000   0.0000  50.0000   0.0000  -2.5000   4.3065
50.0000   2.5000   0.0000  73.0000  25.0000 -18.0000  27.1492
50.0000   2.5000   0.0000  61.0000  -5.0000  29.0000  22.8977
50.0000   2.5000   0.0000  56.0000 -27.0000  -3.0000  31.9030
50.0000   2.5000   0.0000  58.0000  24.0000  15.0000  19.4535
50.0000   2.5000   0.0000  50.0000   3.1736   0.5854   1.0000
50.0000   2.5000   0.0000  50.0000   3.2972   0.0000   1.0000
50.0000   2.5000   0.0000  50.0000   1.8634   0.5757   1.0000
50.0000   2.5000   0.0000  50.0000   3.2592   0.3350   1.0000
60.2574 -34.0099  36.2677  60.4626 -34.1751  39.4387   1.2644
63.0109 -31.0961  -5.8663  62.8187 -29.7946  -4.0864   1.2630
61.2901   3.7196  -5.3901  61.4292   2.2480  -4.9620   1.8731
35.0831 -44.1164   3.7933  35.0232 -40.0716   1.5901   1.8645
22.7233  20.0904 -46.6940  23.0331  14.9730 -42.5619   2.0373
36.4612  47.8580  18.3852  36.2715  50.5065  21.2231   1.4146
90.8027  -2.0831   1.4410  91.1528  -1.6435   0.0447   1.4441
90.9257  -0.5406  -0.9208  88.6381  -0.8985  -0.7239   1.5381
 6.7747  -0.2908  -2.4247   5.8714  -0.0985  -2.2286   0.6377
 2.0776   0.0795  -1.1350   0.9033  -0.0636  -0.5514   0.9082
"""


def test_the_difference_is_that_of_the_published_pairs() -> None:
    rows = np.array([line.split() for line in SHARMA.strip().splitlines()], float)
    assert len(rows) == 34
    assert ciede2000(rows[:, :3], rows[:, 3:6]) == pytest.approx(rows[:, 6], abs=1e-4)
    assert ciede2000(rows[:, 3:6], rows[:, :3]) == pytest.approx(rows[:, 6], abs=1e-4)


@pytest.mark.parametrize("sight", SIGHTS)
def test_a_gray_looks_the_same_to_everybody(sight: str) -> None:
    grays = np.linspace(0, 1, 12)[:, None].repeat(3, 1)
    assert seen(grays, sight) == pytest.approx(seen(grays, "normal"), abs=0.2)


@pytest.mark.parametrize(("sight", "alike"), [("protan", "#C05000 #788200"), ("deutan", "#C05000 #93762F")])
def test_the_simulated_color_blindness_merges_red_and_green(sight: str, alike: str) -> None:
    one, other = parsed(alike.split())
    seldom = ciede2000(seen(one, "normal"), seen(other, "normal"))
    assert ciede2000(seen(one, sight), seen(other, sight)) < seldom / 2


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", CLASSES)
def test_each_two_class_colors_are_at_least_ten_apart(theme: str, sight: str) -> None:
    colors = seen(parsed(CLASSES[theme]), sight)
    one, other = np.triu_indices(len(colors), 1)
    assert len(one) == 45
    assert ciede2000(colors[one], colors[other]).min() >= 10


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("theme", CLASSES)
def test_each_class_color_stands_out_from_its_ground(theme: str, ground: str) -> None:
    assert min(contrast(color, THEME[theme][ground]) for color in CLASSES[theme]) >= 3


def test_a_class_has_the_same_hue_in_both_themes() -> None:
    light, dark = (seen(parsed(CLASSES[theme]), "normal")[:, 1:] for theme in ("light", "dark"))
    colored = np.minimum(np.hypot(*light.T), np.hypot(*dark.T)) > 12
    assert colored.sum() >= 9
    turns = np.degrees(np.arctan2(*light.T[::-1]) - np.arctan2(*dark.T[::-1]))
    assert np.abs((turns + 180) % 360 - 180)[colored].max() <= 35


def test_charts_have_the_colors_of_the_map_in_both_themes() -> None:
    assert list(charts.PALETTE) == CLASSES["light"]
    assert [charts.DARK[color] for color in charts.PALETTE] == CLASSES["dark"]


@pytest.mark.parametrize("tone", ["PETROL", "AMBER", "PLUM", "BLUE", "GRAY", "RED"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_in_chart_colors_is_readable_in_both_themes(tone: str, ground: str) -> None:
    color = getattr(charts, tone)
    assert contrast(color, THEME["light"][ground]) >= 4.5
    assert contrast(charts.DARK[color], THEME["dark"][ground]) >= 4.5


def test_each_line_looks_different_from_every_other() -> None:
    assert len({charts.line_look(place) for place in range(30)}) == 30
    assert all(charts.line_look(place)[1] != charts.line_look(place + 1)[1] for place in range(29))
