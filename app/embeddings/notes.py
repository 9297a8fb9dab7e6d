"""What has to be known to read a map: what is mapped, how, how true the map is, and how good the representation."""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

from app.embeddings import charts
from app.embeddings.timeline import Shown
from app.shared import formatting
from app.shared.language import N_, _, listing, n_, tell
from app.widgets import live_chart
from byol_core.embeddings import Evaluation, MapSettings, Snapshot
from byol_core.embeddings.snapshot import TEST
from byol_core.evaluation.intervals import Accuracy
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

_WHAT = {
    "representation": N_(
        "Representation after {epochs:g} epochs: the encoder's output for an image, {numbers} numbers for each of "
        "{images} at {size}, compared by angle."
    ),
    "projection": N_(
        "Projection after {epochs:g} epochs: the projector's output, where the loss is computed, {numbers} numbers for "
        "each of {images} at {size}, compared by angle."
    ),
    "pixels": N_(
        "Pixels: the images themselves at 16×16, to see what training added, {numbers} numbers for each of {images} at "
        "{size}, compared by angle."
    ),
}
_BEFORE_TRAINING = {
    "representation": N_(
        "Representation before training: the encoder's output for an image, {numbers} numbers for each of {images} at "
        "{size}, compared by angle."
    ),
    "projection": N_(
        "Projection before training: the projector's output, where the loss is computed, {numbers} numbers for each of "
        "{images} at {size}, compared by angle."
    ),
    "pixels": _WHAT["pixels"],
}
_BASELINES = {"knn_untrained": N_("untrained"), "knn_pixels": N_("raw pixels")}
ACCURACY_HELP = N_(
    "On training images that were held out of training (validation), which are not those on the map. The run's final "
    "figure is measured on the test images instead."
)
TRUST_HELP = N_(
    "Trustworthiness (Venna & Kaski 2001), 0 to 1: whether images that lie next to each other on the map are also near "
    "each other in the full space. Below about 0.9, do not trust single neighbors on the map."
)
KEPT_HELP = N_(
    "Of the 15 nearest images in the full space, the share that is also among the 15 nearest on the map, 0 to 1."
)


def what(snapshot: Snapshot, evaluation: Evaluation, space: str, numbers: int) -> str:
    """Which images and which numbers are mapped."""
    template = (_WHAT if evaluation.step else _BEFORE_TRAINING)[space]
    size = f"{snapshot.image_size}×{snapshot.image_size}"
    epochs = round(evaluation.epoch, 2)
    return _(template, epochs=epochs, numbers=numbers, images=images(snapshot), size=size)


def images(snapshot: Snapshot) -> str:
    """How many images of which split there are."""
    training = int((snapshot.parts != TEST).sum())
    test = len(snapshot) - training
    said = [n_("{n} test image", "{n} test images", test, n=formatting.count(test))]
    if training:
        said.append(n_("{n} training image", "{n} training images", training, n=formatting.count(training)))
    return listing(said)


_HOW = {
    "t-SNE": N_("t-SNE with perplexity {perplexity:.4g}, seed {seed}."),
    "UMAP": N_("UMAP with {neighbors} neighbors, minimum distance {min_dist:g}, seed {seed}."),
    "densMAP": N_("densMAP with {neighbors} neighbors, minimum distance {min_dist:g}, seed {seed}."),
}
_DISTANCES = N_("**Read only which images are neighbors: distances between clusters mean little here.**")
_SIZES = N_(
    "**Read only which images are neighbors: distances between clusters mean little here, and so do the sizes of "
    "clusters.**"
)


def how(shown: Shown, step: int, settings: MapSettings) -> str:
    """How to read this map, with the settings that it was made with."""
    if shown.method == "PCA":
        return _pca(shown, step)
    used = settings.in_effect(shown.film.xy.shape[1])
    warning = _DISTANCES if shown.method == "densMAP" else _SIZES
    lowered = [value for name, value in settings.used().items() if used[name] != value]
    less = [_("This set is too small for the {wanted:g} that were chosen.", wanted=value) for value in lowered]
    return listing([_(_HOW[shown.method], **used), tell(warning), *less], "sentences")


def _pca(shown: Shown, step: int) -> str:
    first, second = shown.film.shares[shown.at(step)]
    said = [
        _(
            "PCA: the two directions of largest variance hold {first:.0%} and {second:.0%} of it; no chance is "
            "involved, and large distances mean something.",
            first=first,
            second=second,
        )
        if math.isfinite(first)
        else _(
            "PCA: the two directions of largest variance; no chance is involved, and large distances mean something."
        )
    ]
    if len(shown.film.steps) > 1:
        said.append(_("Each evaluation is rotated to align with the others; no scale is changed."))
    return listing(said, "sentences")


def numbers(evaluation: Evaluation, shown: Shown) -> None:
    """The accuracy at this evaluation, and how true the map is, as three numbers."""
    place = shown.at(evaluation.step)
    with st.container(horizontal=True, gap="medium"):
        if evaluation.knn_accuracy is not None:
            st.metric(
                _("kNN (validation)"),
                formatting.number(evaluation.knn_accuracy),
                _how_sure(evaluation),
                delta_color="off",
                delta_arrow="off",
                help=listing(map(tell, (ACCURACY_HELP, formatting.INTERVAL_HELP)), "sentences"),
                width="content",
            )
        st.metric(_("Trustworthiness"), _share(shown.film.trust[place]), help=tell(TRUST_HELP), width="content")
        st.metric(_("Neighbors kept"), _share(shown.film.kept[place]), help=tell(KEPT_HELP), width="content")


def _how_sure(evaluation: Evaluation) -> str | None:
    """``[0.682, 0.769] of 400``; None where the run did not say how many images it is."""
    if evaluation.knn_accuracy is None or not evaluation.knn_images:
        return None
    return formatting.below(Accuracy(evaluation.knn_accuracy, evaluation.knn_images, evaluation.knn_split))


def _share(value: float) -> str:
    return formatting.number(float(value), 2) if math.isfinite(value) else "–"


def curve(run: Run, store: RunStore, snapshot: Snapshot, evaluation: Evaluation) -> None:
    """The accuracy over all evaluations with a mark at this one, beside its baselines where they are known."""
    values = [one.knn_accuracy for one in snapshot.evaluations]
    if len(values) < 2 or evaluation.knn_accuracy is None:
        return
    levels = baselines(run, store, len(values))
    at = snapshot.evaluations.index(evaluation)
    epochs = [one.epoch for one in snapshot.evaluations]
    figure = charts.accuracy(epochs, values, at, levels, revision=run.run_id)
    alt = _spoken(len(values), evaluation, levels)
    live_chart.live_chart(figure, key=f"map-accuracy-{run.run_id}", alt=alt, toolbar=False)


def _spoken(evaluations: int, evaluation: Evaluation, levels: Mapping[str, float]) -> str:
    """The curve in words, for whoever does not see it."""
    here = {"n": evaluations, "epoch": round(evaluation.epoch, 2), "accuracy": evaluation.knn_accuracy}
    if not levels:
        return _(
            "kNN accuracy on the validation images over {n} evaluations; at epoch {epoch:g} it is {accuracy:.3f}",
            **here,
        )
    return _(
        "kNN accuracy on the validation images over {n} evaluations; at epoch {epoch:g} it is {accuracy:.3f}, {levels}",
        **here,
        levels=listing([f"{name} {value:.3f}" for name, value in levels.items()], "comma"),
    )


def baselines(run: Run, store: RunStore, evaluations: int) -> dict[str, float]:
    """What the accuracy is compared with, on the same validation images."""
    known = _baselines(run.run_id, run.attempt, evaluations, store)
    return {tell(_BASELINES[key]): value for key, value in known.items()}


@st.cache_data(max_entries=64, show_spinner=False)
def _baselines(run_id: str, attempt: int, evaluations: int, _store: RunStore) -> dict[str, float]:
    found = {key: _store.latest(run_id, key) for key in _BASELINES}
    return {key: point[3] for key, point in found.items() if point is not None}
