"""HTTP/1.1 as uvicorn speaks it, with bounds where it has none: on a request's head.

Its parser collects a request line, headers, a chunk's extensions and trailers in memory before it
tells anybody of them, however long they are and however long they take.
"""

from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 * 1024
"""What may come in of a request without being part of its body, give or take a piece."""
HEAD_SECONDS: Final = 10.0
"""How long a client has for a head, from connecting or from the answer before it."""
LINGER_SECONDS: Final = 0.5
PIECE: Final = 16 * 1024

STATUS: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
PROBLEM: Final = (
    b'{"type":"/problems/head_too_large","title":"%b","status":%d,'
    b'"detail":"The request\'s headers are too large.","code":"head_too_large"}'
) % (STATUS.phrase.encode(), STATUS)
ANSWER: Final = (
    b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
) % (STATUS, STATUS.phrase.encode(), len(PROBLEM), PROBLEM)


class BoundedProtocol(HttpToolsProtocol):
    """One connection; it ends when a head gets too long or takes too long."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._silent = 0  # bytes since the parser told us anything
        self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._patience.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came in, in pieces that are small enough to count by."""
        for start in range(0, len(data), PIECE):
            if self._silent > HEAD_BYTES or self.transport.is_closing():
                return
            piece = data[start : start + PIECE]
            self._silent += len(piece)
            super().data_received(piece)
            if self._silent > HEAD_BYTES:
                self._refuse()

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        self._silent = 0
        self._patience.cancel()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body over."""
        self._silent = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request has ended."""
        self._silent = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next head, unless it is here already."""
        if not self.pipeline:
            self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)
        super().on_response_complete()

    def _refuse(self) -> None:
        if self._patience.cancelled():  # an answer to what came before may be on its way
            self.transport.close()
            return
        self.transport.write(ANSWER)
        # Closing at once would reset the connection, and the answer with it.
        self._patience.cancel()
        self._patience = self.loop.call_later(LINGER_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self.transport.close()
