"""What is packed for the browser comes out as it went in."""

import hashlib

import numpy as np
import pytest

from app.widgets.asset import asset, plotly_script
from app.widgets.packed import pack, unpack


@pytest.mark.parametrize("n", [0, 1, 3, 8])
def test_header_and_arrays_come_back(n):
    x, labels = np.arange(n, dtype=np.float32) / 3, np.arange(n, dtype=np.int16) - 1
    found = unpack(pack({"name": "é"}, x=x, labels=labels))
    assert found["name"] == "é"
    np.testing.assert_array_equal(found["x"], x)
    np.testing.assert_array_equal(found["labels"], labels)


def test_every_array_starts_at_a_multiple_of_eight():
    data = pack({"a": "b"}, odd=np.arange(3, dtype=np.uint8), x=np.float32([1.5]))
    assert len(data) % 8 == 0
    assert np.frombuffer(data[-8:-4], np.float32) == 1.5


def test_an_asset_carries_its_file_under_its_hash():
    found = asset(b"abc", "text/plain")
    message = unpack(found.message)
    assert bytes(message["content"]) == b"abc" and message["mime"] == "text/plain"
    assert message["digest"] == found.digest == hashlib.sha256(b"abc").hexdigest()


def test_plotly_comes_from_the_installed_package():
    content = bytes(unpack(plotly_script().message)["content"])
    assert b"plotly.js" in content[:200] and b"window.Plotly" in content[-200:]
