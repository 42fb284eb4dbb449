"""Answers as they are kept: encrypted, so that a secret which is shown once stays shown once.

The key is made from the deployment's secret key and the client's `Idempotency-Key`, which is stored
nowhere. Who has the database, or the secret key too, cannot read an answer without it.
"""

import hashlib
from typing import Final

import msgspec
from starlette.responses import Response

from folkmoot.kit import crypto
from folkmoot.kit.seals import seal, unseal

KEPT_HEADERS: Final = frozenset(
    {"content-type", "location", "etag", "cache-control", "deprecation", "sunset", "link"}
)
REPLAYED: Final = "Idempotency-Replayed"


class Answer(msgspec.Struct, frozen=True):
    """A finished answer, and how long the body was that it answers."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    asked: int

    @classmethod
    def of(cls, response: Response, *, asked: int) -> "Answer":
        """Return what is kept of a response."""
        headers = [(name, value) for name, value in response.headers.items() if _is_kept(name)]
        return cls(response.status_code, headers, bytes(response.body), asked)

    def response(self) -> Response:
        """Return the same answer once more."""
        response = Response(self.body, self.status)
        for name, value in self.headers:
            response.headers[name] = value
        response.headers[REPLAYED] = "true"
        return response


class Safe:
    """Closes and opens answers under one client's key."""

    def __init__(self, secret_key: str, idempotency_key: str, name: bytes) -> None:
        purpose = f"idempotent answer {hashlib.sha256(idempotency_key.encode()).hexdigest()}"
        self._key = crypto.derive(secret_key, purpose)
        self._name = name

    def close(self, answer: Answer) -> bytes:
        """Encrypt an answer."""
        return seal(self._key, msgspec.msgpack.encode(answer), self._name)

    def open(self, closed: bytes) -> Answer:
        """Decrypt an answer."""
        return msgspec.msgpack.decode(unseal(self._key, closed, self._name), type=Answer)


def _is_kept(name: str) -> bool:
    return name.lower() in KEPT_HEADERS
