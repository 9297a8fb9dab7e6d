"""``byol evaluate`` and ``byol transfer``: evaluate runs here, or read earlier results, as the dashboard does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from byol_core.cli import evaluate_tables as tables
from byol_core.cli import help_pages
from byol_core.cli.common import Json, Ref, Refs, app, chosen, console, print_json
from byol_core.cli.language import N_, _, listing, tell
from byol_core.data.catalog import find
from byol_core.errors import InputError, LabError
from byol_core.evaluation import curve, jobs, summary, transfer
from byol_core.evaluation.protocol import METHODS, Judged, Protocol, refusal
from byol_core.messages import Listing, Message
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system import paths
from byol_core.weights.encoder_files import read_config

if TYPE_CHECKING:
    from byol_core.cli.judging import Judging

_SHOWN = 60  # letters of a wrong name

Method = Annotated[str, typer.Option(help=help_pages.made(Message("{names}.", names=Listing(METHODS, "or"))))]
Labels = Annotated[str, typer.Option(help="all, a number of labels a class such as 10, or a share such as 1%.")]
Splits = Annotated[int, typer.Option(help="Draws of the labels, for a mean and a spread.")]
Seed = Annotated[int, typer.Option(help="Seed of the first draw.")]
Again = Annotated[bool, typer.Option("--again", help="Evaluate again although there is a result.")]


@app.command()
def evaluate(
    run: Ref,
    method: Method = "linear",
    labels: Labels = "all",
    splits: Splits = 3,
    seed: Seed = 0,
    k: Annotated[int, typer.Option("--k", help="Neighbors of the kNN.")] = 20,
    temperature: Annotated[float, typer.Option(help="Temperature of the kNN.")] = 0.1,
    data: Annotated[str, typer.Option(help="Another set to evaluate on, by name or path.")] = "",
    along_curve: Annotated[bool, typer.Option("--curve", help="Evaluate with 1, 2, 5 and up to all labels.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report: .html or .json.")] = None,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Evaluate what a run has learned with labels: kNN, a linear probe, or fine-tuning with few labels."""
    _check_report(report, along_curve)
    store = RunStore()
    found = _at_rest(store.get(run))
    numbers = {"splits": splits, "seed": seed, "k": k, "temperature": temperature}
    wanted = protocol(method=method, labels=labels, data=whole(data, found), **numbers)
    with _judging(again) as judging:
        if along_curve:
            _curve(judging, found, wanted, as_json)
        else:
            judged = judging.answer(found.folder, wanted)
            judging.memory.clear()  # the images of a report are read by themselves
            _single(judged, found, report, as_json)


def _at_rest(run: Run) -> Run:
    """The same run; InputError while it learns."""
    if run.live:
        raise InputError(
            "The run {run} is still learning, so its encoder changes: wait for its end or stop it.", run=run.run_id
        )
    return run


def _judging(again: bool) -> Judging:
    """Made late: what draws its bar takes a moment to load."""
    from byol_core.cli.judging import Judging

    return Judging(again)


def protocol(**values: Any) -> Protocol:
    """The question; InputError in a sentence that names the option."""
    try:
        return Protocol(**values)
    except ValidationError as error:
        raise refusal(error, N_("--{field} should {wanted}, not {value}.")) from None


def whole(data: str, run: Run) -> str:
    """A set as a protocol names it: a path under its whole name, nothing for the run's own set."""
    name = _named(data) if data else ""
    own = not name or transfer.same_set(name, read_config(run.folder).data.source)
    return "" if own else name


def _named(data: str) -> str:
    """The catalog's own name of a set, or a whole path; InputError when it cannot be either."""
    if entry := find(data):
        return entry.name
    try:
        path = paths.typed(data).resolve()
        return str(path) if path.exists() else data
    except (OSError, RuntimeError, ValueError):  # nobody's home, a letter that no path has, or too many
        shown = repr(data if len(data) <= _SHOWN else data[:_SHOWN] + "…")
        raise InputError("There is no set {name}: give a name of the catalog or a path.", name=shown) from None


def _check_report(file: Path | None, along_curve: bool) -> None:
    """Before minutes of work, not after."""
    if file is None:
        return
    if along_curve:
        raise InputError("A report is about one number of labels: leave out --report or --curve.")
    if file.suffix.lower() not in (".html", ".json"):
        endings = Listing((".html", ".json"), "or")
        raise InputError("The file '{file}' should end with {endings}.", file=file.name, endings=endings)


def _single(judged: Judged, run: Run, file: Path | None, as_json: bool) -> None:
    if file is not None:
        _write_report(judged, run, file)
    if as_json:
        print_json({"run_id": run.run_id, "name": run.name, **tables.judged_object(judged)})
    else:
        console().print(tables.scores_table(judged))
        print(tables.footnote(judged))
    if file is not None:
        print(_("The report is in {file}.", file=file), file=sys.stderr)


def _write_report(judged: Judged, run: Run, file: Path) -> None:
    from byol_core.evaluation import html, images
    from byol_core.evaluation import report as reports
    from byol_core.system.files import because, write_atomic

    said = jobs.predictions(run.folder, judged.protocol)
    if said is None:
        raise LabError("The predictions for each image cannot be read; evaluate the run with --again.")
    made = reports.report(judged, said)
    if file.suffix.lower() == ".json":
        text = reports.to_json(made, judged, run.name)
    else:
        try:
            pictures = images.pictures(run.folder, judged, said, [seen.row for seen in made.mistakes])
        except LabError as error:
            pictures = {}
            print(_("The report has no images: {reason}", reason=tell(error)), file=sys.stderr)
        text = html.html(made, judged, run.name, pictures)
    try:
        write_atomic(file, text.encode())
    except OSError as error:
        raise LabError("The file '{file}' cannot be written ({reason}).", file=file, reason=because(error)) from None


def _curve(judging: Judging, run: Run, wanted: Protocol, as_json: bool) -> None:
    """Point after point; one that asks for more labels than there are is told and left out."""
    options = wanted.model_dump(include={"splits", "seed", "data", "k", "temperature"})
    asked, answers, refused = curve.protocols_of_curve(wanted.method, **options), [], []
    for point in asked:
        try:
            answers.append(judging.answer(run.folder, point))
        except InputError as error:
            refused.append(error)
    if not answers:
        raise refused[0]
    for reason in refused:
        print(tell(reason), file=sys.stderr)
    if as_json:
        points = [tables.judged_object(judged) for judged in answers]
        print_json({"run_id": run.run_id, "name": run.name, "points": points})
    else:
        console().print(tables.curve_table(answers))
        print(tell(summary.NOTATION))


@app.command("transfer")
def transfer_(
    runs: Refs,
    to: Annotated[list[str], typer.Option("--to", metavar="SET", help="A set to evaluate on; repeat it for several.")],
    method: Method = "linear",
    labels: Labels = "all",
    splits: Splits = 3,
    seed: Seed = 0,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Evaluate runs on sets that they did not learn from: a row a run, a column a set."""
    store = RunStore()
    found = [_at_rest(run) for run in chosen(store, runs)]
    usual = protocol(method=method, labels=labels, splits=splits, seed=seed)
    sets = list(dict.fromkeys(name for part in to for name in part.split(",") if name))
    if not sets:
        raise InputError("Name at least one set to evaluate on, such as --to cifar10.")
    rows = transfer.cells(
        [run.folder for run in found], [_named(name) for name in sets], usual.method, usual.labels,
        splits=splits, seed=seed,
    )  # fmt: skip
    with _judging(again) as judging:
        answers = _matrix(judging, rows)
    if as_json:
        print_json(tables.matrix_object(found, sets, rows, answers))
    else:
        console().print(tables.matrix_table(found, sets, rows, answers))
        brackets = _("In round brackets: points ahead of the same network untrained.")
        own = _("* is the run's own set, which is no transfer.")
        print(listing([brackets, tell(summary.NOTATION), own], "sentences"))


def _matrix(judging: Judging, rows: Sequence[Sequence[transfer.Cell]]) -> list[list[Judged | None]]:
    """Set after set, since reading one takes longer than reading an encoder; a cell that is refused is told, and None.

    InputError when all are.
    """
    refused: list[InputError] = []

    def answer(cell: transfer.Cell) -> Judged | None:
        try:
            return judging.answer(cell.run_folder, cell.protocol)
        except InputError as error:
            refused.append(error)
            return None

    columns = [[answer(cell) for cell in column] for column in zip(*rows, strict=True)]
    if not any(any(column) for column in columns):
        raise refused[0]
    for reason in {str(error): error for error in refused}.values():
        print(tell(reason), file=sys.stderr)
    return [list(row) for row in zip(*columns, strict=True)]
