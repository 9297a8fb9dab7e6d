from __future__ import annotations

import pytest

from byol_core.system.text import storable


@pytest.mark.parametrize(
    ("text", "kept"),
    [("é ✓", "é ✓"), ("bad\udcff.png", "bad\\udcff.png"), ("half \ud83d", "half \\ud83d"), ("a\0b", "ab")],
)
def test_text_that_no_database_takes_is_spelt_out(text, kept):
    assert storable(text) == kept
