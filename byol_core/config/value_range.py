"""How stored values become brightness: the names of the usual ranges, and pairs such as "100,4000"."""

from __future__ import annotations

import math

from byol_core.messages import Listing, Message

AUTO = "auto"  # found from the values
MIN_MAX = "min-max"  # the lowest and the highest value of the set
NAMED: dict[str, tuple[float, float]] = {
    "0-1": (0.0, 1.0),
    "-1-1": (-1.0, 1.0),
    "0-255": (0.0, 255.0),
    "10-bit": (0.0, 1023.0),
    "12-bit": (0.0, 4095.0),
    "14-bit": (0.0, 16383.0),
    "16-bit": (0.0, 65535.0),
}
WANTED = Message(
    "{names}, or the values of black and white such as 100,4000", names=Listing([AUTO, *NAMED, MIN_MAX], "comma")
)


def limits(text: str) -> tuple[float, float] | None:
    """The values that become black and white; None where they are found from the images. ValueError if it is neither.

    >>> limits("12-bit")
    (0.0, 4095.0)
    >>> limits("100, 4000")
    (100.0, 4000.0)
    """
    if text in (AUTO, MIN_MAX):
        return None
    if text in NAMED:
        return NAMED[text]
    low, high = map(float, text.split(","))
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError("the first value should be below the second")
    return low, high
