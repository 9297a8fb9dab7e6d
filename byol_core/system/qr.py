"""An address as a QR code, for phones: in a terminal, and as a picture on a page. Made here, so it works offline."""

from __future__ import annotations

BORDER = 2  # light modules around it; readers need some
# Black on white whatever the terminal's colors are: many phones do not read the reverse.
_INK, _PLAIN = "\x1b[30;107m", "\x1b[0m"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def modules(text: str) -> list[list[bool]]:
    """The rows of the code, its border among them; True is dark."""
    import segno

    return [[bool(module) for module in row] for row in segno.make(text, error="m").matrix_iter(border=BORDER)]


def for_terminal(text: str) -> str:
    """Two rows of the code a line, in half blocks."""
    rows = modules(text)
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    lines = (
        "".join(_HALVES[pair] for pair in zip(*pair, strict=True)) for pair in zip(rows[::2], rows[1::2], strict=True)
    )
    return "\n".join(f"{_INK}{line}{_PLAIN}" for line in lines)


def as_svg(text: str) -> str:
    """A picture of any size, on white in a dark theme as well."""
    import segno

    made: str = segno.make(text, error="m").svg_inline(border=BORDER, dark="#000", light="#fff", scale=8)
    return made
