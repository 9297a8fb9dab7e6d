"""A report as one HTML file: it needs no network, no script, and follows the reader's choice of light or dark."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable, Mapping
from html import escape

from byol_core.evaluation import figures as drawings
from byol_core.evaluation.images import Picture, png
from byol_core.evaluation.protocol import Judged, Scores
from byol_core.evaluation.report import Report, Row, Seen
from byol_core.evaluation.summary import BRACKETS, SUBJECTS, accuracy, asked, rests_on, score, verdict

# With more classes, the numbers of a matrix have no room, and the charts of single classes no end.
_FEW = 25

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1f2430; --soft: #667085; --line: #e3e6eb; --mine: #3b5bdb;
  --other: #98a2b3; --right: #2f9e6e; --wrong: #e8590c; --panel: #f6f7f9; --most: 100%; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171d; --text: #e6e8ec; --soft: #98a2b3; --line: #2b313c;
  --mine: #7c94f5; --other: #667085; --right: #4fc08d; --wrong: #ff8f4d; --panel: #1c2028; --most: 45%; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { margin: 0; font-size: 1.75rem; overflow-wrap: anywhere; } h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
p { margin: .25rem 0 .75rem; } .soft, figcaption, footer { color: var(--soft); font-size: .875rem; }
.big { font-size: 2.5rem; font-weight: 650; line-height: 1.1; margin: 1.25rem 0 .25rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400; }
thead th { color: var(--soft); } tbody th { text-align: left; max-width: 16rem; }
tfoot td, tfoot th { border: 0; } tfoot th { text-align: left; color: var(--soft); }
.matrix td { padding: .35rem .5rem; text-align: center; min-width: 2.6rem;
  border: 1px solid var(--ground); } .matrix thead th { vertical-align: bottom; padding: .35rem .25rem; border: 0; }
.matrix thead span { writing-mode: vertical-rl; transform: rotate(180deg); } .matrix tbody th { border: 0; }
.scores > div { display: grid; grid-template-columns: 9.5rem 1fr 11rem; gap: .25rem 1rem; align-items: center;
  padding: .2rem 0; } .scores span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.axis { position: relative; height: 1.25rem; margin: 0 .5rem; color: var(--other);
  background: linear-gradient(var(--line), var(--line)) center / 100% 1px no-repeat; }
.mine .axis { color: var(--mine); } .mine span { font-weight: 600; }
.axis i, .axis b { position: absolute; top: 50%; background: currentColor; transform: translate(-50%, -50%); }
.axis i { width: .6rem; height: .6rem; border-radius: 50%; opacity: .7; } .axis b { width: 2px; height: 1.25rem; }
@media (max-width: 34rem) { .scores > div { grid-template-columns: 1fr auto; }
  .axis { grid-row: 2; grid-column: 1 / 3; } }
svg { max-width: 100%; height: auto; overflow: visible; } line.soft { stroke: var(--soft); }
polyline.mine { fill: none; stroke: var(--mine); stroke-width: 2; } rect.frame { fill: none; stroke: var(--line); }
rect.right { fill: var(--right); } rect.wrong { fill: var(--wrong); }
.grid { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
figure { margin: 0; } figcaption b { color: var(--text); font-weight: 550; }
figure img { width: 100%; max-width: 9rem; aspect-ratio: 1; image-rendering: pixelated; border-radius: .4rem; }
pre { background: var(--panel); padding: 1rem; border-radius: .5rem; overflow-x: auto; font-size: .8rem; }
summary { cursor: pointer; color: var(--soft); } footer { margin-top: 3rem; border-top: 1px solid var(--line);
  padding-top: 1rem; }
"""


def html(report: Report, judged: Judged, run: str, pictures: Mapping[int, Picture]) -> str:
    """The report on a run of that name. ``pictures``: (H, W, 3) uint8 by the row of the set, for the mistakes."""
    title = escape(f"{run}: {asked(judged.protocol)}")
    parts = (
        _head(report, judged, run), _scores(judged), _table(report), _confusion(report), _curves(report),
        _calibration(report), _mistakes(report, pictures), _foot(judged),
    )  # fmt: skip
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{''.join(parts)}</body>\n</html>\n"
    )


def _section(title: str, *parts: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{''.join(parts)}\n</section>\n"


def _head(report: Report, judged: Judged, run: str) -> str:
    ours = score(judged, "trained") or accuracy(report.figure)
    return (
        f'<header>\n<h1>{escape(run)}</h1>\n<p class="soft">{escape(asked(judged.protocol))} · '
        f"{escape(judged.data)}</p>\n"
        f'<p class="big">{ours}</p>\n<p>of {judged.tested:,} test images named rightly, after {judged.labeled:,} '
        f'labels. {escape(verdict(judged))}</p>\n<p class="soft">{escape(rests_on(judged))}</p>\n</header>\n'
    )


def _scores(judged: Judged) -> str:
    chosen = "".join(f"<li>{escape(SUBJECTS[row.subject])}: {_chosen(row)}</li>" for row in judged.scores)
    return _section(
        "Beside what it is worth comparing with",
        f'<div class="scores">{"".join(_score(judged, row) for row in judged.scores if row.accuracies)}</div>',
        f'<p class="soft">A dot a split, a bar at the mean, from 0 to 1; all on {judged.tested:,} test images.</p>',
        f"<details><summary>What was chosen in each split</summary><ul>{chosen}</ul></details>",
    )


def _score(judged: Judged, row: Scores) -> str:
    """A subject on an axis from 0 to 100 %."""
    dots = "".join(f'<i style="left: {value:.2%}"></i>' for value in row.accuracies)
    mine = ' class="mine"' if row.subject == "trained" else ""
    return (
        f"<div{mine}><span>{SUBJECTS[row.subject]}</span>"
        f'<div class="axis">{dots}<b style="left: {row.mean or 0:.2%}"></b></div>'
        f"<span>{score(judged, row.subject)}</span></div>"
    )


def _chosen(row: Scores) -> str:
    return escape(row.missing or "; ".join(row.chosen) or "nothing to choose")


def _table(report: Report) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "precision", "recall", "F1", "images", "AP", "ROC AUC"))
    areas = [(curve.average_precision, curve.roc_auc) for curve in report.curves]
    rows = "".join(_row(row, *area) for row, area in zip(report.table, areas, strict=True))
    averages = "".join(_row(row) for row in report.averages)
    return _section(
        "Each class",
        f'<p class="soft">This and all below is the first split: accuracy {accuracy(report.figure)}, balanced accuracy '
        f"{report.balanced_accuracy:.3f}. {BRACKETS} Each class has fewer images than the whole: with 100 a recall of "
        "0.80 is somewhere in [0.711, 0.867].</p>",
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
        f"<tfoot>{averages}</tfoot></table></div>",
        f"<details><summary>As scikit-learn prints it</summary><pre>{escape(report.text)}</pre></details>",
    )


def _row(row: Row, *areas: float | None) -> str:
    values = [f"{value:.3f}" for value in (row.precision, row.recall, row.f1)]
    values += [f"{row.support:,}", *("" if area is None else f"{area:.3f}" for area in areas)]
    return f"<tr><th>{escape(row.name)}</th>{''.join(f'<td>{value}</td>' for value in values)}</tr>"


def _confusion(report: Report) -> str:
    drawn = drawings.matrix(report) if len(report.classes) > _FEW else _matrix(report)
    return _section(
        "Which is taken for which",
        '<p class="soft">True classes down, what was said across.</p>',
        f'<div class="wide">{drawn}</div>',
    )


def _matrix(report: Report) -> str:
    head = "".join(f"<th><span>{escape(name)}</span></th>" for name in report.classes)
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(_cells(row, index))}</tr>"
        for index, (name, row) in enumerate(zip(report.classes, report.confusion, strict=True))
    )
    return f'<table class="matrix"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cells(row: tuple[int, ...], true: int) -> Iterable[str]:
    """Shaded by the share of the true class."""
    for said, count in enumerate(row):
        share, color = count / max(1, sum(row)), "right" if said == true else "wrong"
        mixed = f"min({10 * bool(count) + 65 * share:.0f}%, var(--most))"  # letters must be read on it, in the dark too
        shade = f"background: color-mix(in srgb, var(--{color}) {mixed}, var(--panel))"
        yield f'<td style="{shade}">{count or ""}</td>'


def _curves(report: Report) -> str:
    known = [curve for curve in report.curves if curve.average_precision is not None]
    worst = sorted(known, key=lambda curve: curve.average_precision or 0.0)[:_FEW]
    figures = "".join(
        f"<figure>{drawings.curve(curve)}<figcaption><b>{_name(curve.name)}</b><br>"
        f"average precision {curve.average_precision:.3f}</figcaption></figure>"
        for curve in worst
    )
    which = f" The {_FEW} hardest of {len(known)} classes." if len(known) > _FEW else ""
    return _section(
        "Precision and recall",
        f'<p class="soft">Precision up, recall across, the hardest class first.{which}</p>',
        f'<div class="grid">{figures}</div>',
    )


def _calibration(report: Report) -> str:
    return _section(
        "Does it know how sure it may be?",
        f'<p class="soft">Accuracy up, confidence across; on the dashed line the two agree. Expected calibration error '
        f"{report.calibration_error:.3f}, where 0 is perfect.</p>",
        drawings.calibration(report.calibration),
    )


def _mistakes(report: Report, pictures: Mapping[int, Picture]) -> str:
    if not report.mistakes:
        return _section("Mistakes", "<p>There are none.</p>")
    figures = "".join(_mistake(seen, report.classes, pictures.get(seen.row)) for seen in report.mistakes)
    return _section(
        "The surest mistakes",
        f'<p class="soft">{len(report.mistakes):,} of {report.mistaken:,}.</p>',
        f'<div class="grid">{figures}</div>',
    )


def _mistake(seen: Seen, classes: tuple[str, ...], picture: Picture | None) -> str:
    true, said = _name(classes[seen.true]), _name(classes[seen.said])
    shown = ""
    if picture is not None:
        data = base64.b64encode(png(picture)).decode()
        shown = f'<img src="data:image/png;base64,{data}" alt="Test image {seen.row}">'
    return (
        f"<figure>{shown}<figcaption>Said <b>{said}</b>, {seen.confidence:.0%} sure; is <b>{true}</b>. "
        f"Image {seen.row:,}.</figcaption></figure>"
    )


def _name(text: str) -> str:
    """A class where the room is narrow: HerbaceousVegetation may break before its V."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[_/-])(?=\w)", "<wbr>", escape(text))


def _foot(judged: Judged) -> str:
    made = time.strftime("%Y-%m-%d")
    return (
        f"<footer>Measured with BYOL Lab {escape(judged.version)} in {judged.seconds:.1f} s on "
        f"{escape(judged.device)}; written on {made}. Everything that was to be chosen was chosen on "
        "training images; the test images were looked at once a split.</footer>\n"
    )
