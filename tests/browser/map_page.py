"""A page of two linked maps for test_map_widget.py; with ``?lost`` no file comes until ``found`` lies beside it."""

import io
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from app.widgets.embedding_map import Asked, Colors, Frames, Sheets, embedding_map, files, map_state
from app.widgets.embedding_map.status import Status, map_status


class Lost(dict):
    def __contains__(self, digest):
        return Path(__file__).with_name("found").exists() and super().__contains__(digest)


def answer_requests(key, offered, first):
    lost = "lost" in st.query_params
    real(key, Lost(offered) if lost else offered, () if lost else first)


if not hasattr(files, "real"):
    files.real, files.answer_requests = files.answer_requests, answer_requests
real = files.real

N, STEPS, NAMES = 120, (0, 10, 20), ("red", "green", "blue")


def encoded(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True)
    return file.getvalue()


@st.cache_resource
def made():
    random = np.random.default_rng(0)
    labels = (np.arange(N) % 3).astype(np.int16)
    last = random.normal(size=(N, 2)) + 6 * np.array([(0, 0), (1, 0), (0, 1)])[labels]
    xy = np.stack([last * 0.5, np.full((N, 2), np.nan), last]).astype(np.float32)
    pure = (np.eye(3) * 255).astype(np.uint8)
    cells = [pure[labels[i : i + 60]].reshape(6, 1, 10, 1, 3) for i in (0, 60)]
    leaves = [cell.repeat(8, 1).repeat(8, 3).reshape(48, 80, 3) for cell in cells]
    frames = Frames(STEPS, ("epoch 0", "epoch 1", "epoch 2"), (0.25, None, 0.75), xy)
    near = ((np.arange(N)[:, None] + [3, 6]) % N).astype(np.int32)
    numbers = Colors("Brightness", "number", np.linspace(0, 1, N).astype(np.float32))
    asked = Asked(xy[2].mean(0), (0, 1), encoded(leaves[0][:8, :8]), "Mine")
    classes = Colors("Class", "category", labels, NAMES)
    return frames, labels, near, Sheets(tuple(map(encoded, leaves)), 60, 10, 8), classes, numbers, asked


frames, labels, near, sheets, classes, numbers, asked = made()
ids = np.arange(N, dtype=np.int32) * 2


@st.fragment
def page():
    number, ask, trouble = st.toggle("Numbers"), st.toggle("Ask"), st.toggle("Trouble")
    for key, column in zip(("one", "two"), st.columns(2), strict=True):
        with column:
            state, other = map_state(key, N, STEPS), map_state("two" if key == "one" else "one", N, STEPS)
            mirrored = other.pinned if state.pinned is None else None
            embedding_map(
                frames,
                current=STEPS[-1] if state.step is None else state.step,
                ids=ids,
                labels=labels,
                class_names=NAMES,
                colors=numbers if number else classes,
                near=near,
                sheets=sheets,
                pinned_near=() if state.pinned is None else near[state.pinned].tolist(),
                asked=asked if ask else None,
                linked_near=() if mirrored is None else near[mirrored].tolist()[:1],
                link="same",
                failed={10: "All are the same."} if trouble else None,
                again=lambda key=key: st.session_state.update(again=key),
                revision="pca",
                label=f"map {key}",
                key=key,
                height=420,
            )
            chosen = sorted({NAMES[labels[i]] for i in state.selected})
            if trouble:
                st.caption("Something that comes and goes.")
            st.text(f"{key}: pinned {state.pinned}, selected {len(state.selected)} {chosen}, step {state.step}")
    said = {"one": Status("UMAP is being made", 0.25), "two": Status("UMAP failed.", failed=True)}
    map_status(said if trouble else {}, key="status")
    st.text(f"again: {st.session_state.pop('again', 'nobody')}")


page()
