"""What the embedding map tells the browser and what it believes of it: hashes, files, pins, selections."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.embedding_map import files, map_state
from app.widgets.packed import unpack

N = 20


def page(xy):  # its source becomes a script of its own
    import numpy as np

    from app.widgets.embedding_map import Colors, Frames, Sheets, embedding_map

    n, steps = xy.shape[1], tuple(range(len(xy)))
    numbers = np.arange(n)
    embedding_map(
        Frames(steps, tuple(map(str, steps)), (float("nan"),) * len(xy), xy),
        current=steps[-1],
        ids=numbers.astype(np.int32),
        labels=(numbers % 2).astype(np.int16),
        class_names=("a", "b"),
        colors=Colors("Number", "number", numbers.astype(np.float32)),
        near=None,
        sheets=Sheets((b"picture",), n, 5, 8),
        revision="pca",
        label="a map",
        key="map",
    )


def places(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(size=(count, N, 2)).astype(np.float32)


def messages(at: AppTest) -> dict[str, dict[str, Any]]:
    return {node.proto.component_name: unpack(node.proto.bytes) for node in at.get("bidi_component")}


def shown(xy: Any) -> AppTest:
    at = AppTest.from_function(page, args=(xy,), default_timeout=30).run()
    assert not at.exception
    return at


def test_the_first_message_brings_what_the_first_picture_needs() -> None:
    sent = messages(shown(places(2)))
    head, brought = sent["byol_embedding_map"], sent["byol_map_files"]
    digests = [file["digest"] for file in brought["files"]]
    assert digests == [
        head["frames"]["files"][1],
        head["files"]["values"],
        head["files"]["labels"],
        head["files"]["ids"],
    ]
    assert np.allclose(brought["file0"], places(2)[1].ravel())


def test_a_rerun_brings_nothing_again() -> None:
    at = shown(places(2))
    assert messages(at.run())["byol_map_files"]["files"] == []


def test_a_frame_that_is_not_made_has_no_file_and_no_extent() -> None:
    xy = places(2)
    xy[0] = np.nan
    frames = messages(shown(xy))["byol_embedding_map"]["frames"]
    assert frames["files"][0] is None and frames["extents"][0] is None
    left, right, bottom, top = frames["extents"][1]
    assert (left, right) == (xy[1, :, 0].min(), xy[1, :, 0].max())
    assert (bottom, top) == (xy[1, :, 1].min(), xy[1, :, 1].max())
    assert frames["accuracy"] == [None, None]  # JSON knows no NaN


def test_a_new_evaluation_is_one_new_file() -> None:
    before, after = files.frames(places(3)[:2]), files.frames(places(3))
    assert [file.digest for file in after if file][:2] == [file.digest for file in before if file]


def test_an_array_is_hashed_once_as_long_as_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(9, dtype=np.int16)
    first = files.array(values, np.int16)
    monkeypatch.setattr(files, "_digest", lambda content: pytest.fail("hashed again"))
    assert files.array(values, np.int16).digest == first.digest


def test_a_reply_is_a_few_megabytes_and_at_least_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "REPLY", 100)
    wanted = [files.File(str(i), lambda: np.zeros(90, np.uint8)) for i in range(3)]
    assert [file.digest for file in files._within(wanted)] == ["0"]


def bits(*points: int) -> str:
    flags = np.zeros(N, np.uint8)
    flags[list(points)] = 1
    return base64.b64encode(np.packbits(flags, bitorder="little").tobytes()).decode()


def test_the_state_is_what_the_browser_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"map": {"told": {"pinned": 3, "selected": bits(0, 7, 8, 19), "step": 10, "serial": 4}}}
    monkeypatch.setattr("streamlit.session_state", said)
    state = map_state("map", N, (0, 10))
    assert (state.pinned, state.selected, state.step) == (3, (0, 7, 8, 19), 10)


@pytest.mark.parametrize(
    ("pinned", "selected", "step"),
    [(-1, "?", 5), (N, "AAAA" * 9, "10"), ("3", 7, [10]), (3.0, None, None), (True, "é", 1.0)],
)
def test_what_cannot_be_is_left_out(monkeypatch: pytest.MonkeyPatch, pinned: Any, selected: Any, step: Any) -> None:
    told = {"pinned": pinned, "selected": selected, "step": step}
    monkeypatch.setattr("streamlit.session_state", {"map": {"told": told}})
    state = map_state("map", N, (0, 10))
    assert (state.pinned, state.selected, state.step) == (None, (), None)
