"""Reading bodies that may be packed, never further than a limit."""

import zlib
from typing import Final

from folkmoot.kit.outbound.errors import AnswerUnusable

EITHER: Final = zlib.MAX_WBITS | 32
"""Formats that zlib tells apart by itself: gzip and zlib."""
PACKED: Final = {"gzip", "x-gzip", "deflate"}


class Bounded:
    """Collects a body piece by piece and refuses what is too much, packed or unpacked."""

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in {"", "identity", *PACKED}:
            raise AnswerUnusable("it is packed in an unknown way")
        self._unpack = zlib.decompressobj(EITHER) if encoding in PACKED else None
        self._limit = limit
        self._arrived = 0
        self._body = bytearray()

    def add(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            AnswerUnusable: That is too much, or not packed as it was said.
        """
        self._arrived += len(piece)
        if self._arrived > self._limit:
            raise _too_large()
        if self._unpack is None:
            self._body += piece
            return
        room = self._limit - len(self._body) + 1
        try:
            self._body += self._unpack.decompress(piece, room)
        except zlib.error:
            raise AnswerUnusable("it is not packed as it says") from None
        if len(self._body) > self._limit:
            raise _too_large()

    def whole(self) -> bytes:
        """Return everything.

        Raises:
            AnswerUnusable: The end is missing.
        """
        if self._unpack is not None and self._arrived and not self._unpack.eof:
            raise AnswerUnusable("its end is missing")
        return bytes(self._body)


def _too_large() -> AnswerUnusable:
    return AnswerUnusable("it is too large")
