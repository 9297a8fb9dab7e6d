"""A report as one HTML file: it needs no network, no script, and follows the reader's choice of light or dark."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from byol_core.evaluation import summary
from byol_core.evaluation.images import Picture, png
from byol_core.evaluation.protocol import Judged
from byol_core.evaluation.report import Report

# With more classes, the numbers of a matrix have no room, and the charts of single classes no end.
_FEW = 25


def html(report: Report, judged: Judged, run: str, pictures: Mapping[int, Picture]) -> str:
    """The report on a run of that name. ``pictures``: (H, W, 3) uint8 by the row of the set, for the mistakes."""
    images = {row: base64.b64encode(png(picture)).decode() for row, picture in pictures.items()}
    return _template().render(
        report=report,
        judged=judged,
        run=run,
        images=images,
        confused=_confused(report),
        few=_FEW,
        today=time.strftime("%Y-%m-%d"),
    )


@cache
def _template() -> Template:
    """``report.html.j2`` beside this file; whatever it is given is text, and never markup."""
    environment = Environment(
        loader=PackageLoader("byol_core.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    for function in (summary.asked, summary.score, summary.accuracy, summary.verdict, summary.rests_on):
        environment.globals[function.__name__] = function
    environment.globals |= {"subjects": summary.SUBJECTS, "brackets": summary.BRACKETS}
    return environment.get_template("report.html.j2")


def _confused(report: Report) -> Iterator[tuple[int, int, int, float]]:
    """Of each cell of the matrix that is not empty: true class, said class, count, and share of the true class."""
    for true, row in enumerate(report.confusion):
        images = sum(row)
        yield from ((true, said, count, count / images) for said, count in enumerate(row) if count)


def _breakable(name: str) -> Markup:
    """A class where there is little room: HerbaceousVegetation may break before its V."""
    return Markup(re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[_/-])(?=\w)", "<wbr>", escape(name)))
