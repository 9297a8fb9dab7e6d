"""``byol export``: a run's encoder, embeddings, card or script, in the forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from byol_core.cli import help_pages
from byol_core.cli.common import Json, Ref, about, app, print_json
from byol_core.cli.language import _, tell
from byol_core.export import FORMATS, find, write
from byol_core.messages import Listing, Message
from byol_core.runs.store import RunStore
from byol_core.system.formatting import file_size

_FORMATS = help_pages.made(Message("One of: {names}.", names=Listing(FORMATS, "comma")))


@app.command()
def export(
    run: Ref,
    format: Annotated[str, typer.Option("--format", "-f", help=_FORMATS)] = "safetensors",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file; default: RUN-FORMAT with its ending.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take a run away: its encoder for PyTorch, torchvision, timm or ONNX, its embeddings, its card, its script."""
    store = RunStore()
    found, chosen = store.get(run), find(format)
    file = write(store, found, format, out or Path(f"{found.run_id}-{format}{chosen.suffix}"))
    bytes_ = file.stat().st_size
    if as_json:
        written = {"run_id": found.run_id, "name": found.name, "format": format}
        print_json({**written, "file": str(file.resolve()), "bytes": bytes_})
    else:
        values = {"file": file, "size": file_size(bytes_), "title": tell(chosen.title)}
        print(_("Run {run} '{name}' is in {file} ({size}): {title}.", **about(found), **values))
        print(tell(chosen.purpose))
