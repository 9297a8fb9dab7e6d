from __future__ import annotations

import pytest

from byol_core.files import write_atomic, write_json


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "file"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert [(found.name, found.read_bytes()) for found in path.parent.iterdir()] == [("file", b"two")]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    write_json(path, {"name": "Grüße"})
    with pytest.raises(TypeError):
        write_atomic(path, "not bytes")  # type: ignore[arg-type]
    assert [found.name for found in tmp_path.iterdir()] == ["file"]
    assert "Grüße" in path.read_text(encoding="utf-8")
