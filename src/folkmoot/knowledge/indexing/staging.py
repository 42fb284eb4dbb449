"""Vectors on their way into the index: kept in a file until a document has all of them."""

import tempfile
from collections.abc import Sequence
from typing import IO, Final, Self

from folkmoot.knowledge.indexing.embedding import literal
from folkmoot.llm.port import Vectors
from folkmoot.llm.vectors import halves, whole

SPOOLED: Final = 8 * 1024 * 1024
"""Bytes that stay in memory."""
WIDTH: Final = 2
"""Bytes of a number, as exact as PostgreSQL keeps it."""


class Staged:
    """The vectors of a document's passages by one model, in the order of the passages."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.dimensions = 0
        self._rows: list[int] = []
        self._stored = 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOLED)  # noqa: SIM115 - closed by `close`

    def __len__(self) -> int:
        return len(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def store(self, vectors: Vectors) -> range:
        """Keep vectors; return their numbers."""
        self.dimensions = int(vectors.shape[1])
        self._file.seek(0, 2)
        self._file.write(halves(vectors))
        first, self._stored = self._stored, self._stored + len(vectors)
        return range(first, self._stored)

    def append(self, numbers: Sequence[int]) -> None:
        """Let the next passages have the vectors of these numbers."""
        self._rows += numbers

    def literals(self, start: int, stop: int) -> list[str]:
        """Return the vectors of some passages as PostgreSQL reads them."""
        return [literal(self._read(row), 0) for row in self._rows[start:stop]]

    def close(self) -> None:
        """Forget them."""
        self._file.close()

    def _read(self, row: int) -> Vectors:
        size = WIDTH * self.dimensions
        self._file.seek(row * size)
        return whole(self._file.read(size), self.dimensions)
