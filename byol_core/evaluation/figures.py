"""The drawings of a report as SVG, in the colors of the page around them (CSS variables). Plain strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from byol_core.evaluation.report import BINS, Bin, Curve, Report

_SIDE = 150  # of a small chart
_CELL = 8  # of a matrix without room for numbers


def matrix(report: Report) -> str:
    """The confusion matrix of many classes: a cell is the darker, the more of its true class it holds."""
    side = _CELL * len(report.classes)
    parts = [f'<rect class="frame" width="{side}" height="{side}"/>']
    for true, row in enumerate(report.confusion):
        for said, count in enumerate(row):
            if count:
                title = escape(f"{report.classes[true]}, said {report.classes[said]}: {count}")
                parts.append(
                    f'<rect class="{"right" if true == said else "wrong"}" x="{_CELL * said}" y="{_CELL * true}" '
                    f'width="{_CELL}" height="{_CELL}" opacity="{0.15 + 0.85 * count / sum(row):.2f}">'
                    f"<title>{title}</title></rect>"
                )
    return _svg(side, side, parts, "Confusion matrix, true classes down, said classes across")


def curve(found: Curve) -> str:
    """Precision over recall of one class."""
    points = " ".join(
        f"{_SIDE * recall:.1f},{_SIDE * (1 - precision):.1f}"
        for recall, precision in zip(found.recall, found.precision, strict=True)
    )
    return _small([f'<polyline class="mine" points="{points}"/>'], "Precision (up) over recall (across)")


def calibration(bins: Sequence[Bin]) -> str:
    """How often it was right, a bar a bin of confidence; on the diagonal it knows how sure it may be."""
    width, parts = 2 * _SIDE / BINS, []
    for place, bin_ in enumerate(bins):
        if bin_.accuracy is None:
            continue
        high = 2 * _SIDE * bin_.accuracy
        title = f"{bin_.low:.0%} to {bin_.high:.0%} sure: right in {bin_.accuracy:.1%} of {bin_.count} images"
        parts.append(
            f'<rect class="right" x="{place * width + 1:.1f}" y="{2 * _SIDE - high:.1f}" width="{width - 2:.1f}" '
            f'height="{high:.1f}" opacity="0.8"><title>{title}</title></rect>'
        )
    parts.append(f'<line class="soft" x1="0" y1="{2 * _SIDE}" x2="{2 * _SIDE}" y2="0" stroke-dasharray="4 4"/>')
    return _small(parts, "Accuracy (up) over confidence (across)", 2 * _SIDE)


def _small(parts: Iterable[str], title: str, side: int = _SIDE) -> str:
    return _svg(side, side, [f'<rect class="frame" width="{side}" height="{side}"/>', *parts], title)


def _svg(width: float, height: float, parts: Iterable[str], title: str) -> str:
    return (
        f'<svg viewBox="-1 -1 {width + 2:g} {height + 2:g}" width="{width:g}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
