"""``byol data``: read a set of images as a run would, and say what is used of it and what is not."""

from __future__ import annotations

from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Json, app, console, print_json
from byol_core.cli.language import _, tell
from byol_core.config import RunConfig
from byol_core.data import account, account_words


@app.command()
def data(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A name from the catalog, or a path of images.")],
    size: Annotated[int, typer.Option(min=1, help="Side of the images in pixels.")] = RunConfig().data.image_size,
    as_json: Json = False,
) -> None:
    """Read images as a run would, without training: how many are used, in which classes, and what is left out."""
    from byol_core.cli.progress_bar import TerminalBar
    from byol_core.data.catalog import load

    with TerminalBar(console(stderr=True), _("reading the images")) as bar:
        found = load(source, size, progress=lambda text, share: bar.share(share, text))
    if as_json:
        print_json({"source": source, "name": found.name, "image_size": size, **account.as_object(found.account)})
        return
    used, *rest = map(tell, account_words.sentences(found.account))
    print(used)
    if found.account.classes:
        console().print(run_tables.classes_table(found.account))
    print(*rest, sep="\n", end="\n" if rest else "")
