"""An address as a QR code, for a terminal and for a page. It is generated here, so it works offline."""

from __future__ import annotations

BORDER = 2  # light modules around the code; readers require a margin
# Always black on white, whatever the colors of the terminal: many phones cannot read an inverted code.
_INK, _PLAIN = "\x1b[30;107m", "\x1b[0m"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def modules(text: str) -> list[list[bool]]:
    """The rows of the code including its margin; True is dark."""
    import segno

    return [[bool(module) for module in row] for row in segno.make(text, error="m").matrix_iter(border=BORDER)]


def for_terminal(text: str) -> str:
    """The code as text: each line shows two rows with half-block characters."""
    rows = modules(text)
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    lines = (
        "".join(_HALVES[pair] for pair in zip(*pair, strict=True)) for pair in zip(rows[::2], rows[1::2], strict=True)
    )
    return "\n".join(f"{_INK}{line}{_PLAIN}" for line in lines)


def as_svg(text: str) -> str:
    """The code as an SVG that scales to any size, on a white background in the dark theme too."""
    import segno

    made: str = segno.make(text, error="m").svg_inline(border=BORDER, dark="#000", light="#fff", scale=8)
    return made
