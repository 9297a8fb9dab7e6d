"""``byol embed``: one map of what a run has learned, made here and written as a table or for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from byol_core.cli.common import Json, Ref, app, console, print_json
from byol_core.cli.language import listing, n_
from byol_core.embeddings.settings import METHODS, MapSettings
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing
from byol_core.runs.store import RunStore

if TYPE_CHECKING:
    from byol_core.embeddings import Evaluation, Snapshot
    from byol_core.embeddings.snapshot import Matrix

_USUAL = MapSettings()
_BY_NAME = {name.lower().replace("-", ""): name for name in METHODS}
_ENDINGS = (".parquet", ".zip")


@app.command()
def embed(
    run: Ref,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="map.parquet, or a .zip for TensorBoard's projector.")
    ],
    space: Annotated[str, typer.Option(help="representation, projection or pixels.")] = "representation",
    method: Annotated[str, typer.Option(help="pca, umap, tsne or densmap; no part of a .zip.")] = "umap",
    evaluation: Annotated[str, typer.Option(metavar="last|STEP", help="Which evaluation, by its step.")] = "last",
    neighbors: Annotated[int, typer.Option(help="For UMAP and densMAP.")] = _USUAL.neighbors,
    min_dist: Annotated[float, typer.Option(help="For UMAP and densMAP, 0 to 0.99.")] = _USUAL.min_dist,
    perplexity: Annotated[float, typer.Option(help="For t-SNE.")] = _USUAL.perplexity,
    seed: Annotated[int, typer.Option(help="From the same start the same seed gives the same map.")] = _USUAL.seed,
    as_json: Json = False,
) -> None:
    """Make a map of a run's images, in this process: a Parquet table with places, or a TensorBoard projector.

    The map that the dashboard shows under these settings is taken where there is one.
    """
    from byol_core.embeddings.snapshot import read_snapshot

    if out.suffix.lower() not in _ENDINGS:
        raise InputError("The file '{file}' should end with {endings}.", file=out.name, endings=Listing(_ENDINGS, "or"))
    settings = MapSettings(_method(method), neighbors, min_dist, perplexity, seed)
    found = RunStore().get(run)
    snapshot = read_snapshot(found.folder / "embeddings")
    chosen = _evaluation(snapshot, evaluation)
    data, about = _made(snapshot, chosen, _space(space), settings, out)
    _write(out, data)
    told = {"run_id": found.run_id, "name": found.name, "step": chosen.step, "space": space, "images": len(snapshot)}
    if as_json:
        print_json({**told, **about, "file": str(out.resolve()), "bytes": len(data)})
    else:
        numbers = listing([f"{key} {_shown(value)}" for key, value in about.items() if key != "method"], "comma")
        print(_sentence(len(snapshot), numbers, {"run": found.run_id, "step": chosen.step, "file": out}))


def _sentence(images: int, numbers: str, about: dict[str, Any]) -> str:
    if not numbers:
        return n_(
            "{n:,} image of run {run} at step {step} is in {file}.",
            "{n:,} images of run {run} at step {step} are in {file}.",
            images,
            **about,
        )
    return n_(
        "{n:,} image of run {run} at step {step} is in {file}, {numbers}.",
        "{n:,} images of run {run} at step {step} are in {file}, {numbers}.",
        images,
        numbers=numbers,
        **about,
    )


def _shown(value: float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value}"


def _method(name: str) -> str:
    plain = name.lower().replace("-", "").replace("_", "")
    if plain not in _BY_NAME:
        known = Listing(_BY_NAME, "comma")
        raise InputError("There is no method '{name}': choose {names}.", name=name[:40], names=known)
    return _BY_NAME[plain]


def _space(name: str) -> str:
    from byol_core.embeddings.snapshot import SPACES

    if name not in SPACES:
        known = Listing(SPACES, "comma")
        raise InputError("There is no space '{name}': choose {names}.", name=name[:40], names=known)
    return name


def _evaluation(snapshot: Snapshot, asked: str) -> Evaluation:
    if not snapshot.evaluations:
        raise LabError("This run has not been evaluated yet, so there is nothing to map.")
    if asked == "last":
        return snapshot.evaluations[-1]
    if not asked.isascii() or not asked.isdigit():
        raise InputError("--evaluation should be last or the step of an evaluation, not '{value}'.", value=asked[:40])
    return snapshot.evaluation(int(asked))


def _made(
    snapshot: Snapshot, evaluation: Evaluation, space: str, settings: MapSettings, out: Path
) -> tuple[bytes, dict[str, Any]]:
    """The file's content, and what is to be said about it."""
    from byol_core.embeddings.export import projector, table
    from byol_core.embeddings.quality import quality

    if out.suffix.lower() == ".zip":
        return projector(snapshot, evaluation, space), {}
    vectors, xy = _map(snapshot, evaluation, space, settings)
    seen = quality(vectors, xy)
    used = settings.in_effect(len(vectors))
    about = {"method": settings.method, **used, "trustworthiness": seen.trust, "knn_preservation": seen.kept}
    known = {key: value for key, value in about.items() if value == value}  # of three images nothing is known
    return table(snapshot, evaluation, space, xy), known


def _map(snapshot: Snapshot, evaluation: Evaluation, space: str, settings: MapSettings) -> tuple[Matrix, Matrix]:
    """The vectors (n, d) and their places (n, 2)."""
    from byol_core.embeddings import read_space, unit
    from byol_core.embeddings.timeline import MOST_AT_ONCE, frame_of, pca_film
    from byol_core.embeddings.umap_tsne import fit

    vectors = unit(read_space(snapshot, evaluation, space))
    if (shown := frame_of(snapshot, evaluation, space, settings)) is not None:
        return vectors, shown.xy
    if settings.method == "PCA":  # turned as the page shows it, of a large set as it would be without the others
        film = pca_film(snapshot, space, only=evaluation.step if len(snapshot) > MOST_AT_ONCE else None)
        return vectors, film.xy[film.steps.index(evaluation.step)]
    from byol_core.cli.progress_bar import TerminalBar

    with TerminalBar(console(stderr=True)) as bar:
        return vectors, fit(vectors, settings, bar.share).xy


def _write(file: Path, data: bytes) -> None:
    from byol_core.system.files import because, write_atomic

    try:
        write_atomic(file, data)
    except OSError as error:
        raise LabError("The file '{file}' cannot be written ({reason}).", file=file, reason=because(error)) from None
