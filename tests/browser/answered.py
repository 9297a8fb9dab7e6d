"""An answer of the Evaluate page that took nobody's time."""

from __future__ import annotations

import json

import numpy as np

from byol_core.data.embedded import files
from byol_core.evaluation import results
from byol_core.evaluation.protocol import Judged, Protocol, Scores
from byol_core.runs import demo
from byol_core.runs.store import RunStore

KNOWN = Protocol(method="knn", k=7, splits=1)
WHERE = "run=byol-tiny&by=knn&near=7&splits=1"  # in the address of the page


def answer(store: RunStore) -> Protocol:
    """The demo run has an answer: every test image is named rightly but ten rivers, which are called lakes."""
    index = json.loads(files()[1].read_text())
    names, first = index["class_names"], index["n_train"]
    true = np.array(index["labels"][first:], np.int64)
    said = true.copy()
    said[np.flatnonzero(true == names.index("River"))[:10]] = names.index("SeaLake")
    sure = np.full((len(true), len(names)), 0.01, np.float32)
    sure[np.arange(len(true)), said] = 0.91
    facts = {"data": "eurosat", "classes": tuple(names), "labeled": first, "tested": len(true)}
    scores = (Scores(subject="trained", accuracies=(0.99,)), Scores(subject="pixels", accuracies=(0.3,)))
    judged = Judged(protocol=KNOWN, scores=scores, **facts, seconds=1.0, device="cpu", version="1")
    rows = first + np.arange(len(true), dtype=np.int64)
    demo.ensure(store)
    folder = store.get("byol-tiny").folder
    results.keep(folder, results.key(folder, KNOWN), judged, results.Predictions(sure, rows, true))
    return KNOWN
