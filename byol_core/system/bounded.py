"""A file of which no single read is large: what an archive says of itself can ask for any amount."""

from __future__ import annotations

from typing import IO


class BoundedFile:
    """As much of a file as :mod:`zipfile` and :mod:`tarfile` need; ``refusal`` is raised for a read of more bytes."""

    def __init__(self, file: IO[bytes], most: int, refusal: Exception) -> None:
        self.file, self.most, self.refusal = file, most, refusal
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """At most ``most`` bytes, also where all that is left is asked for."""
        if size > self.most:
            raise self.refusal
        return self.file.read(size if size >= 0 else self.most)
