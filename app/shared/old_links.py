"""Links from before parameters were renamed, and from when an address held labels and not codes, go on working.

The words below are those of the last release that wrote them; they do not follow what the pages say now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from byol_core.config import old_keys

_RENAMED = {"colour": "color", "neighbours": "neighbors"}
_AMOUNT = re.compile(r"(.+?) (?:labels? a class|of the labels)")

# What a parameter held, and the code for it. Two pages shared "show".
_CODES: Mapping[str, Mapping[str, str]] = {
    "show": {
        **{"Curves": "curves", "Health": "health", "System": "system", "Log": "log", "Settings": "settings"},
        **{"Grid": "grid", "Many draws": "draws", "One operation": "operation", "Two presets": "presets"},
    },
    "side": {"Curves": "curves", "Table": "table", "Settings": "settings", "System": "system"},
    "part": {"Result": "result", "Report": "report", "Few labels": "labels", "Transfer": "transfer"},
    "order": {
        **{"Newest first": "newest", "Oldest first": "oldest", "Name": "name"},
        **{"Best kNN first": "knn", "Lowest loss first": "loss", "Longest first": "longest"},
    },
    "state": {
        **{"Waiting": "queued", "Starting": "starting", "Running": "running", "Finished": "finished"},
        **{"Stopped": "stopped", "Failed": "failed", "Interrupted": "interrupted", "Alarm": "alarm"},
    },
    "scale": {"log x": "x", "log y": "y"},
    "vectors": {"Representation": "representation", "Projection": "projection"},
    "space": {"Representation": "representation", "Projection": "projection", "Pixels": "pixels"},
    "pictures": {"Set": "set", "Upload": "upload", "Camera": "camera"},
    "view": {"as the image": "image"},
    "by": {"kNN": "knn", "Linear": "linear", "Linear, SGD": "linear-sgd", "Fine-tuning": "finetune"},
    "labels": {"all labels": "all"},
    "on": {
        **{"EuroSAT, embedded": "eurosat", "EuroSAT, whole": "eurosat-full", "CIFAR-10": "cifar10"},
        **{"CIFAR-100": "cifar100", "STL-10": "stl10", "SVHN": "svhn", "Fashion-MNIST": "fashion-mnist"},
        **{"MNIST": "mnist", "Imagenette": "imagenette", "Flowers102": "flowers102"},
    },
    "operation": {
        **{"Crop": "crop", "Mirror left-right": "flip_horizontal", "Mirror up-down": "flip_vertical"},
        **{"Rotation": "rotation", "Shift": "translation", "Brightness": "brightness", "Contrast": "contrast"},
        **{"Saturation": "saturation", "Hue": "hue", "Grayscale": "grayscale", "Greyscale": "grayscale"},
        **{"Blur": "blur", "Solarize": "solarize", "Solarise": "solarize", "Noise": "noise", "Cutout": "cutout"},
    },
    "color": {
        **{"Class": "class", "Predicted class": "predicted", "Right or wrong": "error", "Cluster": "cluster"},
        **{"Split": "split", "Confidence": "confidence", "Neighbors of its class": "agreement"},
        **{"Neighbours of its class": "agreement", "Distance to the nearest": "nearest"},
        **{"Length of the vector": "length", "Moved since the last evaluation": "moved"},
        **{"Brightness": "brightness", "Nothing": "plain"},
    },
    "curves": {
        **{"Loss": "loss", "kNN (validation)": "knn_accuracy", "Learning rate": "learning_rate", "Tau": "tau"},
        **{"Spread": "std_ratio", "Projection spread": "projection_std_ratio", "Mean cosine": "mean_cosine"},
        **{"Uniformity": "uniformity", "Alignment": "alignment", "RankMe": "rankme"},
        **{"Agreement of views": "cross_view_cosine", "Agreement with the target": "target_cosine"},
        **{"Participation ratio": "participation", "Mean cosine, projection": "projection_mean_cosine"},
        **{"Uniformity, projection": "projection_uniformity", "Alignment, projection": "projection_alignment"},
        **{"RankMe, projection": "projection_rankme", "Participation ratio, projection": "projection_participation"},
        "Agreement of views, projection": "projection_cross_view_cosine",
        "Agreement with the target, projection": "projection_target_cosine",
    },
}


def follow() -> None:
    """Rename what the address of this page still calls by an old name, before anything reads it."""
    for name in list(st.query_params):
        now = _RENAMED.get(name, old_keys.current(name))
        if now != name:
            values = st.query_params.get_all(name)
            del st.query_params[name]
            st.query_params[now] = values
    for name in _CODES:
        if name in st.query_params:
            _translate(name, partial(current, name))


def current(name: str, text: str) -> str:
    """The code for what a parameter held; a text that was no label stays as it is."""
    if name == "labels" and (found := _AMOUNT.fullmatch(text)):
        return found[1]
    return _CODES[name].get(text, text)


def read_as(name: str, known: Mapping[str, str]) -> None:
    """Read labels that only a page knows, such as the names of runs, as the codes for them."""
    _translate(name, lambda text: known.get(text, text))


def _translate(name: str, code: Callable[[str], str]) -> None:
    before: Sequence[str] = st.query_params.get_all(name)
    now = [code(text) for text in before]
    if now != list(before):
        st.query_params[name] = now
