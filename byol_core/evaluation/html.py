"""A report as one HTML file: it needs no network, no script, and follows the reader's choice of light or dark.

It speaks the language of whoever asked for it, in fonts that such a reader's system has.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from byol_core import language
from byol_core.evaluation import summary
from byol_core.evaluation.images import Picture, png
from byol_core.evaluation.protocol import Judged
from byol_core.evaluation.report import Report
from byol_core.messages import Message

# With more classes, the numbers of a matrix have no room, and the charts of single classes no end.
_FEW = 25
# scikit-learn's names of the averages.
_AVERAGES = {"macro avg": Message("macro avg"), "weighted avg": Message("weighted avg")}


def html(
    report: Report, judged: Judged, run: str, pictures: Mapping[int, Picture], lang: str = language.ENGLISH
) -> str:
    """The report on a run of that name, in the language of that code.

    ``pictures``: (H, W, 3) uint8 by the row of the set, for the mistakes.
    """
    images = {row: base64.b64encode(png(picture)).decode() for row, picture in pictures.items()}
    return _template(lang).render(
        report=report,
        judged=judged,
        run=run,
        images=images,
        confused=_confused(report),
        few=_FEW,
        today=time.strftime("%Y-%m-%d"),
    )


@cache
def _template(lang: str) -> Template:
    """``report.html.j2`` beside this file; whatever it is given is text, and never markup.

    Its own texts are HTML, by ``_`` and ``n_`` as in the dashboard; those from elsewhere pass through ``told``.
    """
    environment = Environment(
        loader=PackageLoader("byol_core.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["told"] = partial(language.tell, code=lang)
    for function in (summary.asked, summary.score, summary.accuracy, summary.verdict, summary.rests_on):
        environment.globals[function.__name__] = function
    environment.globals |= {"subjects": summary.SUBJECTS, "brackets": summary.BRACKETS, "averages": _AVERAGES}
    environment.globals |= {"_": partial(_one, lang), "n_": partial(_number, lang), "run_on": partial(_run_on, lang)}
    environment.globals["lang"] = language.tag(lang)
    return environment.get_template("report.html.j2")


def _one(lang: str, template: str, /, **values: Any) -> Markup:
    """A text of the template; values are escaped."""
    return _filled(language.catalog(lang).one(template), values)


def _number(lang: str, one: str, many: str, n: int, /, **values: Any) -> Markup:
    return _filled(language.catalog(lang).number(one, many, n), {"n": n, **values})


def _filled(template: str, values: Mapping[str, Any]) -> Markup:
    return Markup(template).format(**values) if values else Markup(template)


def _run_on(lang: str, *sentences: str) -> Markup:
    """Sentences, one after another as the language does it."""
    return Markup(language.listing([escape(part) for part in sentences if part], "sentences", lang))


def _confused(report: Report) -> Iterator[tuple[int, int, int, float]]:
    """Of each cell of the matrix that is not empty: true class, said class, count, and share of the true class."""
    for true, row in enumerate(report.confusion):
        images = sum(row)
        yield from ((true, said, count, count / images) for said, count in enumerate(row) if count)


def _breakable(name: str) -> Markup:
    """A class where there is little room: HerbaceousVegetation may break before its V."""
    return Markup(re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[_/-])(?=\w)", "<wbr>", escape(name)))
