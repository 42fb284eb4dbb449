"""What makes two requests the same: where they go and every byte of their bodies."""

import hashlib
import hmac
from typing import Final

from starlette.requests import Request
from starlette.types import Message, Receive

MULTIPART: Final = b"multipart/"
MARK: Final = b"\0boundary\0"
EPILOGUE: Final = 64 * 1024
"""Bytes that are read of a body when nobody wants more of it."""


class Fingerprint:
    """Digests a request as its body comes in, in any pieces.

    Whoever sends a form again divides it by another boundary: it does not count.
    """

    def __init__(self, secret: bytes, request: Request) -> None:
        content_type = request.headers.get("content-type", "").encode("latin-1")
        self._boundary = _boundary(content_type)
        self._mac = hmac.new(secret, digestmod=hashlib.sha256)
        self._rest = b""
        self.size = 0
        self.streamed = is_multipart(request)
        head = (
            request.method.encode(),
            request.scope["path"].encode(),
            request.scope["query_string"],
            request.headers.get("x-team-id", "").encode(),
            content_type.partition(b";")[0].strip().lower(),
        )
        for each in head:
            self._mac.update(b"%d:%b" % (len(each), each))

    def update(self, data: bytes) -> None:
        """Take the next piece of the body."""
        self.size += len(data)
        if self._boundary is None:
            self._mac.update(data)
            return
        *whole, last = (self._rest + data).split(self._boundary)
        for piece in whole:
            self._mac.update(piece)
            self._mac.update(MARK)
        # The boundary may stand across two pieces.
        kept = max(0, len(last) - len(self._boundary) + 1)
        self._mac.update(last[:kept])
        self._rest = last[kept:]

    def digest(self) -> bytes:
        """Return the digest of what has come in so far, as the whole body."""
        ended = self._mac.copy()
        ended.update(self._rest)
        return ended.digest()


class Body:
    """A request's body on its way to whoever reads it."""

    def __init__(self, receive: Receive, fingerprint: Fingerprint) -> None:
        self._receive = receive
        self._fingerprint = fingerprint
        self._ended = False

    async def receive(self) -> Message:
        """Return the next message, and note what it holds."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._fingerprint.update(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message

    async def drain(self, most: int = EPILOGUE) -> None:
        """Read on to the end, or until so many more bytes have come."""
        limit = self._fingerprint.size + most
        while not self._ended and self._fingerprint.size <= limit:
            await self.receive()


def is_multipart(request: Request) -> bool:
    """Whether a body comes in parts: it may be large, and is not read before it is wanted."""
    content_type = request.headers.get("content-type", "").encode("latin-1")
    return content_type.lower().startswith(MULTIPART)


def _boundary(content_type: bytes) -> bytes | None:
    if not content_type.lower().startswith(MULTIPART):
        return None
    for option in content_type.split(b";")[1:]:
        name, _, value = option.strip().partition(b"=")
        if name.lower() == b"boundary":
            return value.strip(b'"') or None
    return None
